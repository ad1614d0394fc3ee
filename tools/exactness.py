"""Every shared model against LiteRT's reference kernels, as docs/exactness.md: python tools/exactness.py [--only TEXT].

5 seeded random inputs for each model, and real ones where the shared data fits; every tensor of every run compared.
Models with a state get 50 random inputs, one after the other; the state is never reset.
Then top-1 on the labelled sets, and the vectors that others recorded. Needs ai-edge-litert and ../shared.
"""

import argparse
import csv
import dataclasses
import json
import re
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parent.parent))

import intengine
from intengine.runners import LiteRTRunner, RunnerError
from intengine.samples import Random, draw
from intengine.verification import VerifyResult, verify
from intengine.writer import dump
from tools.shared_data import ROOT, SHARED, labelled, pixels, real_inputs

RANDOM = Random(5, 0)
STREAM = Random(50, 0)
REAL = 3
PAGE = ROOT / "docs" / "exactness.md"


def samples(engine: intengine.Interpreter) -> Iterator[dict[str, np.ndarray]]:
    yield from draw(engine, STREAM if remembers(engine) else RANDOM)
    yield from real_inputs(engine, REAL)


def remembers(engine: intengine.Interpreter) -> bool:
    """Whether a run depends on those before it."""
    nodes = (node for graph in engine.model.subgraphs for node in graph.nodes)
    return bool(engine.variables) or any(node.op == "VAR_HANDLE" for node in nodes)


def with_axis_zero(model: intengine.Model) -> bytes:
    """The model with the quantized dimension of one-dimensional tensors set to 0, the only one that they have."""
    subgraphs = tuple(
        dataclasses.replace(
            graph,
            tensors=tuple(
                dataclasses.replace(t, quantization=dataclasses.replace(t.quantization, axis=0))
                if len(t.shape) == 1
                else t
                for t in graph.tensors
            ),
        )
        for graph in model.subgraphs
    )
    return dump(dataclasses.replace(model, subgraphs=subgraphs))


def with_version_one(model: intengine.Model, op: str) -> bytes:
    """The model with version 1 of one operator: LiteRT's reference resolver lists fewer versions of some."""
    subgraphs = tuple(
        dataclasses.replace(
            graph, nodes=tuple(dataclasses.replace(n, version=1) if n.op == op else n for n in graph.nodes)
        )
        for graph in model.subgraphs
    )
    return dump(dataclasses.replace(model, subgraphs=subgraphs))


def check(path: Path, runner: LiteRTRunner) -> dict[str, Any]:
    """One row of the table."""
    row: dict[str, Any] = {"model": f"{path.parent.name}/{path.stem}", "note": ""}
    try:
        engine = intengine.Interpreter(str(path))
    except intengine.UnsupportedError as error:
        missing = sorted({problem.split(" ")[0] for problem in error.problems})
        return row | {"note": f"not yet: {', '.join(missing)}"}
    try:
        result = verify(str(path), samples(engine), runner=runner)
    except RunnerError as error:
        missing_version = re.search(r"builtin opcode '(\w+)' version '(\d+)'", str(error))
        if "quantized_dimension" in str(error):
            row["note"] = "LiteRT refuses quantized_dimension 3 of its rank-1 tensors; compared with a copy that says 0"
            copy = with_axis_zero(engine.model)
        elif missing_version:
            op, number = missing_version.groups()
            row["note"] = f"BUILTIN_REF has no {op} version {number}; compared with a copy that says version 1"
            copy = with_version_one(engine.model, op)
        else:
            runs = sum(1 for sample in samples(engine) if engine.run(sample))
            how = "its process dies" if error.crashed else str(error)[:80]
            return row | {"note": f"runs here ({runs} inputs); LiteRT: {how}"}
        result = verify(copy, samples(engine), runner=runner)
    return row | summary(result)


def summary(result: VerifyResult) -> dict[str, Any]:
    return {
        "inputs": result.inputs,
        "tensors": len(result.tensors),
        "integer_bytes": result.integer_bytes,
        "integer_differing": result.integer_differing,
        "float_elements": result.float_elements,
        "float_differing": result.float_differing,
        "max_ulp": result.max_ulp,
        "first_difference": str(result.first_difference or ""),
    }


def accuracy(path: Path, runner: LiteRTRunner) -> dict[str, Any] | None:
    """Top-1 here and in LiteRT on the labelled set that fits, and how many output elements differ."""
    try:
        engine = intengine.Interpreter(str(path))
    except intengine.UnsupportedError:
        return None
    found = labelled(engine)
    if found is None:
        return None
    name, images, labels = found
    ((key, spec),) = engine.inputs.items()
    (out,) = engine.outputs.values()
    try:
        runner.load(path.read_bytes())
    except RunnerError:
        return None
    right = np.zeros(2, int)
    differing = 0
    for image, label in zip(images, labels, strict=True):
        x = image.reshape(engine.input_shapes[key])
        (ours,) = engine.run({key: x}).values()
        theirs = runner.run({spec.index: x}, (out.index,))[out.index]
        differing += int((ours != theirs).sum())
        right += [int(ours.argmax() == label), int(theirs.argmax() == label)]
    n = len(labels)
    return {
        "model": path.stem, "set": name, "samples": n, "intengine": right[0] / n, "litert": right[1] / n,
        "differing": differing,
    }  # fmt: skip


def photographs(runner: LiteRTRunner) -> list[str]:
    """Rows: detectors on all photographs, and key points of movenet on one with a reference."""
    lines = ["| model | photographs | output elements | differing | note |", "|---|---:|---:|---:|---|"]
    images = [path for path in sorted((SHARED / "data" / "images").iterdir()) if "mask" not in path.name]
    for path in sorted((SHARED / "models" / "detection").glob("ssd*.tflite")):
        compared = _on_images(path, images, runner)
        note = "the same boxes, classes, scores and counts" if not compared[1] else ""
        lines.append(f"| {path.stem} | {len(images)} | {compared[0]:,} | {compared[1]} | {note} |")
    path = SHARED / "models" / "pose" / "movenet_lightning_int8.tflite"
    squat = [image for image in images if image.name == "squat.bmp"]
    compared = _on_images(path, squat, runner)
    with (SHARED / "data" / "movenet_squat_reference.csv").open() as file:
        wanted = np.array([[float(row[f"keypoint_{axis}"]) for axis in "yx"] for row in csv.DictReader(file)])
    engine = intengine.Interpreter(str(path))
    (found,) = engine.run(_image(engine, squat[0])).values()
    off = float(np.abs(found.reshape(-1, 3)[:, :2] - wanted).max())
    note = f"key points within {off:.3f} of the image's size of the reference, LiteRT's the same"
    lines.append(f"| {path.stem} | {len(squat)} | {compared[0]:,} | {compared[1]} | {note} |")
    return lines


def _image(engine: intengine.Interpreter, path: Path) -> dict[str, np.ndarray]:
    from PIL import Image

    ((name, spec),) = engine.inputs.items()
    shape = engine.input_shapes[name]
    with Image.open(path) as image:
        return {
            name: pixels(np.asarray(image.convert("RGB").resize((shape[2], shape[1])))[np.newaxis], spec, raw=False)
        }


def _on_images(path: Path, images: list[Path], runner: LiteRTRunner) -> tuple[int, int]:
    """(output elements, those that differ from LiteRT's)."""
    engine = intengine.Interpreter(str(path))
    runner.load(path.read_bytes())
    (spec,) = engine.inputs.values()
    counts = np.zeros(2, int)
    for image in images:
        inputs = _image(engine, image)
        (x,) = inputs.values()
        theirs = runner.run({spec.index: x}, tuple(out.index for out in engine.outputs.values()))
        for ours, out in zip(engine.run(inputs).values(), engine.outputs.values(), strict=True):
            counts += [ours.size, int((ours != theirs[out.index]).sum())]
    return int(counts[0]), int(counts[1])


def vectors() -> dict[str, tuple[int, int]]:
    """Set of recorded vectors -> (elements compared, differing)."""
    counts = {"tflm_seanet": np.zeros(2, int), "vela kws_micronet_m": np.zeros(2, int)}
    for path in sorted((SHARED / "vectors" / "tflm_seanet").glob("*.tflite")):
        engine = intengine.Interpreter(str(path))
        with np.load(path.with_suffix(".npz")) as data:
            inputs = {}
            for i, (name, shape) in enumerate(engine.input_shapes.items()):
                (key,) = (k for k in data if k.startswith(f"input{i}_"))
                inputs[name] = data[key].reshape(shape)
            (golden,) = (data[k] for k in data if k.startswith("golden"))
        (out,) = engine.run(inputs).values()
        counts["tflm_seanet"] += [golden.size, int((out.reshape(-1) != golden).sum())]
    engine = intengine.Interpreter(str(SHARED / "models" / "audio" / "kws_micronet_m_int8.tflite"))
    where = SHARED / "vectors" / "vela"
    (out,) = engine.run(np.load(where / "example_models_kws_micronet_m_ifm0.npy")).values()
    golden = np.load(where / "example_models_kws_micronet_m_ofm0.npy")
    counts["vela kws_micronet_m"] += [golden.size, int((out.reshape(-1) != golden.reshape(-1)).sum())]
    return {name: (int(a), int(b)) for name, (a, b) in counts.items()}


def line(row: dict[str, Any]) -> str:
    """A row of the table."""
    if "inputs" not in row:
        return f"| {row['model']} | | | | | | | | {row['note']} |"
    return (
        f"| {row['model']} | {row['inputs']} | {row['tensors']} | {row['integer_bytes']:,} | "
        f"{row['integer_differing']:,} | {row['float_elements']:,} | {row['float_differing']:,} | "
        f"{row['max_ulp']} | {row['note']} |"
    )


def total(lines: list[str]) -> str:
    """The last row: what the rows that have numbers add up to."""
    sums = np.zeros(4, int)
    for text in lines:
        cells = [cell.strip().replace(",", "") for cell in text.split("|")]
        if len(cells) > 8 and cells[2].isdecimal():
            sums += [int(cells[i]) for i in (4, 5, 6, 7)]
    return f"| **all** | | | **{sums[0]:,}** | **{sums[1]:,}** | **{sums[2]:,}** | **{sums[3]:,}** | | |"


def updated(text: str, rows: list[dict[str, Any]]) -> str:
    """The page with these models' rows and the total made anew."""
    new = {row["model"]: line(row) for row in rows}
    lines = [new.get(old.split("|")[1].strip(), old) if old.startswith("| ") else old for old in text.splitlines()]
    at = next(i for i, old in enumerate(lines) if old.startswith("| **all**"))
    lines[at] = total(lines[:at])
    return "\n".join(lines) + "\n"


def page(
    rows: list[dict[str, Any]],
    tops: list[dict[str, Any]],
    recorded: dict[str, tuple[int, int]],
    shown: list[str],
    version: str,
) -> str:
    lines = [
        "# Exactness",
        "",
        f"Made by `python tools/exactness.py` with ai-edge-litert {version}, OpResolverType.BUILTIN_REF, profile",
        "`litert-reference`. Each model: 5 seeded random inputs (50 successive ones where there is a state), and up to",
        "3 real ones where the data fits; every tensor that a node computes is compared in every run. Integers must be",
        "equal; floats are counted in units in the last place (ulp), and 0 means equal bit for bit.",
        "",
        "| model | inputs | tensors | integer bytes | differing | floats | differing | max ulp | note |",
        "|---|---:|---:|---:|---:|---:|---:|---:|---|",
    ]
    lines += [line(row) for row in rows]
    lines += [
        total(lines),
        "",
        "## Top-1 on labelled data",
        "",
        "| model | data | samples | intengine | LiteRT | differing output elements |",
        "|---|---|---:|---:|---:|---:|",
    ]
    for top in tops:
        lines.append(
            f"| {top['model']} | {top['set']} | {top['samples']} | {top['intengine']:.3f} | {top['litert']:.3f} | "
            f"{top['differing']} |"
        )
    lines += ["", "## Photographs", "", *shown]
    lines += ["", "## Vectors that others recorded", "", "| set | elements compared | differing |", "|---|---:|---:|"]
    lines += [f"| {name} | {count:,} | {differing:,} |" for name, (count, differing) in recorded.items()]
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="", help="models whose path contains this; only their rows change")
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    paths = [path for path in sorted((SHARED / "models").rglob("*.tflite")) if args.only in str(path)]
    rows, tops = [], []
    for path in paths:
        started = time.perf_counter()
        # A process for each: what LiteRT writes beyond an end in one model must not be found in the next.
        with LiteRTRunner("reference") as runner:
            rows.append(check(path, runner))
        print(f"{time.perf_counter() - started:7.1f} s", rows[-1], flush=True)
    with LiteRTRunner("reference") as runner:
        for path in paths if not args.only else []:
            top = accuracy(path, runner)
            if top is not None:
                tops.append(top)
                print(top, flush=True)
        recorded = vectors() if not args.only else {}
        shown = photographs(runner) if not args.only else []
        print(recorded)
        version = runner.version()
    if args.json:
        args.json.write_text(json.dumps({"rows": rows, "accuracy": tops, "vectors": recorded}, indent=1) + "\n")
    if args.only:
        PAGE.write_text(updated(PAGE.read_text(), rows))
    else:
        PAGE.write_text(page(rows, tops, recorded, shown, version))
    if any(row.get("first_difference") for row in rows):
        sys.exit(1)


if __name__ == "__main__":
    main()

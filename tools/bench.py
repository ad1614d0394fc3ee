"""Time models side by side: python tools/bench.py MODEL... [--against reference,optimized,xnnpack] [--json out].

One process, one thread, runs interleaved, medians with quartiles. Every model's outputs are first compared with
LiteRT's reference kernels; a model that differs is reported and not timed. Needs ai-edge-litert.
"""

import argparse
import json
import multiprocessing
import os
import platform
import statistics
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import Any

import numpy as np

import intengine

RESOLVERS = {
    "reference": "BUILTIN_REF",
    "optimized": "BUILTIN_WITHOUT_DEFAULT_DELEGATES",
    "xnnpack": "BUILTIN",
}


def random_inputs(engine: intengine.Interpreter, seed: int) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    out = {}
    for name, spec in engine.inputs.items():
        dtype, shape = spec.type.dtype, engine.input_shapes[name]
        if dtype.kind == "f":
            out[name] = rng.standard_normal(shape).astype(dtype)
        else:
            info = np.iinfo(dtype)
            out[name] = rng.integers(info.min, info.max, shape, dtype=dtype, endpoint=True)
    return out


def litert(path: Path, resolver: str, engine: intengine.Interpreter, inputs: dict[str, np.ndarray]) -> Any:
    from ai_edge_litert.interpreter import Interpreter, OpResolverType

    kind = getattr(OpResolverType, RESOLVERS[resolver])
    other = Interpreter(model_path=str(path), experimental_op_resolver_type=kind, num_threads=1)
    other.allocate_tensors()
    for name, spec in engine.inputs.items():
        other.set_tensor(spec.index, inputs[name])
    return other


def time_ms(function: Any) -> float:
    start = time.perf_counter()
    function()
    return (time.perf_counter() - start) * 1e3


def bench(path: Path, against: list[str], seconds: float) -> dict[str, Any]:
    engine = intengine.Interpreter(str(path))
    inputs = random_inputs(engine, 0)
    row: dict[str, Any] = {"model": path.name}
    reference = litert(path, "reference", engine, inputs)
    reference.invoke()
    ours = engine.run(inputs)
    row["equal"] = True
    for name, spec in engine.outputs.items():
        theirs = reference.get_tensor(spec.index)
        same = ours[name].shape == theirs.shape and (
            np.array_equal(ours[name], theirs)
            if theirs.dtype.kind != "f"
            else np.allclose(ours[name], theirs, rtol=1e-5, atol=1e-6)
        )
        row["equal"] = row["equal"] and bool(same)
    if not row["equal"]:
        return row
    others = {name: litert(path, name, engine, inputs) for name in against}
    engine.run(inputs)
    runners = {"intengine": lambda: engine.run(inputs)} | {n: other.invoke for n, other in others.items()}
    times: dict[str, list[float]] = {name: [] for name in runners}
    end = time.perf_counter() + seconds
    while time.perf_counter() < end or len(times["intengine"]) < 3:
        for name, function in runners.items():
            times[name].append(time_ms(function))
    for name, values in times.items():
        row[name] = statistics.median(values)
        quartiles = statistics.quantiles(values, n=4)
        row[f"{name} spread"] = quartiles[2] - quartiles[0]
    row["runs"] = len(times["intengine"])
    return row


def cpu() -> str:
    """The processor's name, where the system tells it."""
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()


def page(rows: list[dict[str, Any]], against: list[str]) -> str:
    """The results as Markdown."""
    heads = "".join(f" LiteRT {name}, ms | ratio |" for name in against)
    lines = [
        "# Speed",
        "",
        "Made by `python tools/bench.py ../shared/models/*/*.tflite --page docs/speed.md`: one thread pinned to one",
        f"core, runs interleaved in one process, medians; outputs compared before. {cpu()}.",
        "A ratio above 1 means that intengine is faster. Models with operators that do not run yet are left out, and",
        "those that LiteRT refuses.",
        "",
        f"| model | intengine, ms |{heads}",
        "|---|---:|" + "---:|---:|" * len(against),
    ]
    for row in rows:
        cells = "".join(f" {row[name]:.3f} | {row[name] / row['intengine']:.2f} |" for name in against)
        lines.append(f"| {row['model']} | {row['intengine']:.3f} |{cells}")
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("models", nargs="+", type=Path)
    parser.add_argument("--against", default="reference")
    parser.add_argument("--seconds", type=float, default=2.0, help="per model")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--page", type=Path, help="write a Markdown page, as docs/speed.md")
    args = parser.parse_args()
    against = args.against.split(",")
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    rows = []
    print(f"{'model':44s} {'intengine ms':>14s} " + " ".join(f"{n + ' ms':>14s} {'ratio':>7s}" for n in against))
    for path in args.models:
        try:
            # A process for each model, because some make LiteRT abort.
            with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as child:
                row = child.submit(bench, path, against, args.seconds).result()
        except BrokenProcessPool:
            print(f"{path.name:44s} not run: LiteRT aborts")
            continue
        except (intengine.IntEngineError, ValueError, RuntimeError) as error:
            print(f"{path.name:44s} not run: {type(error).__name__}: {str(error).splitlines()[0][:90]}")
            continue
        rows.append(row)
        if not row["equal"]:
            print(f"{path.name:44s} DIFFERS from LiteRT's reference kernels; not timed")
            continue
        cells = " ".join(f"{row[n]:14.3f} {row[n] / row['intengine']:7.2f}" for n in against)
        print(f"{path.name:44s} {row['intengine']:14.3f} {cells}", flush=True)
    if args.json:
        meta = {"machine": cpu(), "python": platform.python_version()}
        args.json.write_text(json.dumps({"about": meta, "rows": rows}, indent=1) + "\n")
    if args.page:
        args.page.write_text(page(rows, against))
    if any(not row["equal"] for row in rows):
        sys.exit(1)


if __name__ == "__main__":
    main()

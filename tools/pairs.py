"""Real pairs of a float and a quantized model: python tools/pairs.py [--only TEXT] [--save F.json] [--page F.md].

For each pair of `PAIRS`: how much of the graphs is aligned, the three worst layers with their causes, and how well the
shares of the attribution add up. Then what-if: the layer that adds most to the output's error, by what the comparison
says, runs in float32, and the SQNR of the outputs is compared with what was predicted. Needs ../shared.
"""

import argparse
import json
import math
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent))

import numpy as np
from numpy.typing import NDArray

import intengine
from intengine import Interpreter, Model
from intengine.accuracy import Comparison, compare
from intengine.accuracy._kinds import MOVERS
from intengine.accuracy.dataset import read_dataset
from intengine.accuracy.experiment import Experiment
from intengine.accuracy.graphs import Graph
from intengine.accuracy.records import OWN_SOURCES, Layer, Source
from intengine.accuracy.suggestions import suggest
from intengine.plain import plain
from tools.plant_faults import calm
from tools.shared_data import SHARED, labelled, real_inputs

#: Parts of every layer's error add up to it within this.
BOUND = 1e-9


@dataclass(frozen=True)
class Pair:
    """Two models of one network.

    Attributes:
        real, quantized: paths under ../shared/models. data: "labelled", "photographs", "pixels" (photographs as real
            numbers 0..255), "spectra" (magnitudes of noise of changing loudness, states 0) or "random" (around the
            middle of the inputs' ranges).
        samples: how many are compared. tile: height and width to run a fully convolutional network on.
        tries: whether to ask what float32 would bring; not for models of different training, whose weights do not mix.
    """

    real: str
    quantized: str
    data: str
    samples: int
    tries: bool = False
    tile: int = 0


_LARGE, _MOBILE = "classification/resnet_large_cifar10", "classification/mobilenet_v1_0.25_224"
PAIRS = (
    Pair("classification/resnet8_cifar10_float", "classification/resnet8_cifar10_int8", "labelled", 250, True),
    Pair(f"{_LARGE}_float", f"{_LARGE}_int8", "labelled", 250, True),
    Pair("classification/vww_96_float", "classification/vww_96_int8", "labelled", 300, True),
    Pair("audio/kws_dscnn_dynamic", "audio/kws_dscnn_int8", "labelled", 500, True),
    Pair(f"{_MOBILE}_float", f"{_MOBILE}_uint8", "photographs", 9),
    Pair("gan/edsr_f32b5_float", "gan/edsr_f32b5_ptq_int8", "pixels", 4, tile=96),
    Pair("audio/ad01_float", "audio/ad01_int8", "random", 32, True),
    Pair("audio/dtln_1_float", "audio/dtln_1_int8", "spectra", 32, True),
    Pair("audio/dtln_1_float", "audio/dtln_1_int16x8", "spectra", 32, True),
    Pair("detection/yolox_nano_320dw_fp16", "detection/yolox_nano_320dw_int8", "pixels", 3, True),
    Pair("detection/yolox_nano_320dw_fp16", "detection/yolox_nano_320dw_int16x8", "pixels", 3, True),
)  # fmt: skip


def measure(pair: Pair) -> dict[str, Any]:
    """All figures of one pair as JSON data."""
    real, quantized = (_model(path, pair.tile) for path in (pair.real, pair.quantized))
    engine = Interpreter(quantized)
    data, labels = _data(engine, pair)
    found = compare(real, quantized, data, samples=pair.samples, labels=labels, attributed=pair.samples)
    split = [layer.attribution for layer in found.layers if layer.attribution is not None]
    row: dict[str, Any] = {
        "float": pair.real,
        "quantized": pair.quantized,
        "data": pair.data,
        "samples": found.samples,
        "split_samples": max((one.samples for one in split), default=0),
        "nodes": found.alignment.compute_nodes,
        "matched": found.alignment.matched_nodes,
        "unmatched": [f"{one.node} {one.op}: {one.reason}" for one in found.alignment.unmatched],
        "layers": len(found.layers),
        "split": len(split),
        "residual": max((one.residual for one in split), default=0.0),
        "outputs": plain(found.outputs),
        "agreement": plain(found.agreement) if found.agreement else None,
        "worst": [
            {
                "node": layer.node,
                "op": layer.op,
                "local_db": plain(layer.local.sqnr_db) if layer.local else None,
                "propagated_db": plain(layer.propagated.sqnr_db),
                "causes": [[cause.id, cause.text] for cause in layer.causes[:2]],
                "advice": layer.causes[0].advice if layer.causes else "",
                "note": layer.note,
            }
            for layer in found.worst(3)
        ],
    }
    if pair.tries:
        row["what_if"] = _what_if(_to_scores(real), _to_scores(quantized), data, labels, pair)
    return row


def output_shares(found: Comparison, graph: Graph) -> dict[int, float]:
    """Node -> the share of the output's error that it adds itself, by what the comparison says.

    Walks back from the first output while there is one way only, over which all error comes. Of a layer's propagated
    error, the energy of its own parts is its own; the rest comes with its inputs, and is split up further there.
    """
    layers = {layer.tensor: layer for layer in found.layers}
    shares: dict[int, float] = {}
    tensor, left = graph.plan.subgraph.outputs[0], 1.0
    while (node := graph.producer.get(tensor)) is not None and tensor in layers:
        own = left * _own(layers[tensor])
        shares[node.index] = own
        left -= own
        inputs = [i for i in node.inputs if i >= 0 and i not in graph.plan.constants]
        if len(inputs) != 1:
            break
        tensor = inputs[0]
    return shares


def _own(layer: Layer, sources: Sequence[Source] = OWN_SOURCES) -> float:
    """The share of its propagated error that a layer adds itself, by these sources."""
    if layer.attribution is None or not np.isfinite(layer.propagated.sqnr_db):
        return 0.0
    all_own = min(1.0, 10.0 ** ((layer.propagated.sqnr_db - layer.attribution.own_sqnr_db) / 10.0))
    parts = [sum(layer.attribution.share(source) for source in some) for some in (sources, OWN_SOURCES)]
    return all_own * (parts[0] / parts[1] if parts[1] else 0.0)


def _to_scores(model: Model) -> Model:
    """Without a last SOFTMAX, which makes errors of its inputs as great or small as it likes."""
    graph = model.main
    last = graph.nodes[-1]
    if last.op != "SOFTMAX" or graph.outputs != last.outputs:
        return model
    cut = replace(graph, nodes=graph.nodes[:-1], outputs=last.inputs[:1])
    return replace(model, subgraphs=(cut, *model.subgraphs[1:]), signatures=())


def _what_if(real: Model, quantized: Model, data: Any, labels: Any, pair: Pair) -> dict[str, Any] | None:
    """The layer that adds most to the output's error and its readers in float32: what was predicted, and what came."""
    engine = Interpreter(quantized)
    found = compare(real, quantized, data, samples=pair.samples, attributed=pair.samples)
    experiment = Experiment(quantized, read_dataset(engine, data, limit=pair.samples, labels=labels), reference=real)
    graph = Graph(engine.plan)
    shares = output_shares(found, graph)
    first = max((node for node in shares if node in experiment.candidates), key=shares.__getitem__, default=None)
    if first is None:
        return None
    readers = _readers(graph, first)
    movers = {node for node in readers if graph.plan.subgraph.nodes[node].op in MOVERS}
    nodes = tuple(sorted({first, *readers} & {*experiment.candidates, *movers}))
    # A reader's output stays quantized, unless it is the model's; its weights do not.
    gone = shares[first]
    for node in readers & shares.keys():
        layer = found.layer(node)
        is_last = graph.plan.subgraph.nodes[node].outputs[0] in graph.plan.subgraph.outputs
        part = _own(layer, _WEIGHTS) / _own(layer) if _own(layer) and not is_last else float(is_last)
        gone += shares[node] * part
    before, after, whole = experiment.score(()), experiment.score(nodes), experiment.score(experiment.candidates)
    output = next(iter(engine.outputs))
    causes = found.layer(first).causes
    return {
        "layer": f"{first} {experiment.graph.nodes[first].op}",
        "cause": causes[0].id if causes else "",
        "remedy": suggest(experiment, [first], found)[0].remedy,
        "share": shares[first],
        "nodes": [f"{node} {experiment.graph.nodes[node].op}" for node in nodes],
        "before_db": plain(before.outputs[output]),
        "predicted_db": plain(before.outputs[output] - 10.0 * math.log10(max(1.0 - gone, 1e-9))),
        "after_db": plain(after.outputs[output]),
        "all_float_db": plain(whole.outputs[output]),
        "accuracy": [before.accuracy, after.accuracy, whole.accuracy],
        "agreement": [before.agreement, after.agreement, whole.agreement],
    }


#: Sources that go with float32 weights.
_WEIGHTS = (Source.OPERATOR, Source.WEIGHTS, Source.BIAS)


def _readers(graph: Graph, node: int) -> set[int]:
    """Nodes that compute on a node's output, and those between that only move data."""
    found: set[int] = set()
    for reader in graph.onward(graph.plan.subgraph.nodes[node].outputs[0]):
        found |= {reader.index} | (_readers(graph, reader.index) if reader.op in MOVERS else set())
    return found


def _model(path: str, tile: int) -> Model:
    model = intengine.load(SHARED / "models" / f"{path}.tflite")
    return _tiled(model, tile) if tile else model


def _tiled(model: Model, tile: int) -> Model:
    """The same network on smaller pictures: a fully convolutional one does to each tile what it does to the whole."""
    engine = Interpreter(model)
    engine.resize({name: (1, tile, tile, shape[3]) for name, shape in engine.input_shapes.items()})
    shapes = engine.plan.shapes
    tensors = tuple(
        replace(spec, shape=shapes[spec.index], shape_signature=())
        if spec.raw is None and spec.index in shapes
        else spec
        for spec in model.main.tensors
    )
    return replace(model, subgraphs=(replace(model.main, tensors=tensors), *model.subgraphs[1:]))


def _data(engine: Interpreter, pair: Pair) -> tuple[dict[str, NDArray[Any]], NDArray[Any] | None]:
    """(arrays by input name, labels)."""
    if pair.data == "labelled":
        found = labelled(engine)
        assert found is not None
        (name,) = engine.inputs
        inputs = found[1].reshape(-1, *engine.input_shapes[name][1:])
        return {name: inputs[: pair.samples]}, found[2][: pair.samples]
    if pair.data == "pixels":
        (name,) = engine.inputs
        return {name: _pictures(engine.input_shapes[name][1:3], pair)}, None
    if pair.data == "spectra":
        return {name: _spectra(shape, pair.samples) for name, shape in engine.input_shapes.items()}, None
    some = list(real_inputs(engine, pair.samples)) if pair.data == "photographs" else calm(engine, pair.samples)
    return {name: np.concatenate([one[name] for one in some]) for name in engine.inputs}, None


def _spectra(shape: tuple[int, ...], count: int) -> NDArray[np.float32]:
    """float32[count, *shape]: magnitudes of 512 samples of noise for an input of 257 bins, else zeros."""
    if shape[-1] != 257:
        return np.zeros((count, *shape), np.float32)
    rng = np.random.default_rng(1)
    waves = rng.normal(0.0, 1.0, (count, 512)) * rng.uniform(0.01, 0.3, (count, 1))
    return np.abs(np.fft.rfft(waves)).astype(np.float32).reshape(count, *shape)


def _pictures(size: tuple[int, ...], pair: Pair) -> NDArray[np.float32]:
    """float32[N, H, W, 3], 0..255: whole photographs, or tiles from their middle."""
    from PIL import Image

    made = []
    for path in [p for p in sorted((SHARED / "data" / "images").iterdir()) if "mask" not in p.name][: pair.samples]:
        with Image.open(path) as image:
            rgb = image.convert("RGB")
            if pair.tile:
                left, top = ((whole - part) // 2 for whole, part in zip(rgb.size, size[::-1], strict=True))
                rgb = rgb.crop((left, top, left + size[1], top + size[0]))
            else:
                rgb = rgb.resize((size[1], size[0]))
            made.append(np.asarray(rgb, np.float32))
    return np.stack(made)


# -- the page -------------------------------------------------------------------------------------------------------


def page(rows: Sequence[Mapping[str, Any]], cost: Mapping[str, Any] | None) -> str:
    """docs/pairs.md."""
    residual = max(row["residual"] for row in rows)
    lines = [
        "# Real pairs",
        "",
        "Made by `python tools/pairs.py` from the models under ../shared: what `intengine compare` says of models that",
        "others trained and quantized. All figures are in docs/pairs.json.",
        "",
        "Shares of the attribution add up to 1 in every layer of every pair: the greatest |1 - sum| is",
        f"{residual:.1e} (bound {BOUND:g}).",
        "",
        "| float | quantized | data | operators aligned | layers split | greatest residual | output SQNR dB |",
        "|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        outputs = ", ".join(_db(value) for value in row["outputs"].values())
        lines.append(
            f"| {_short(row['float'])} | {_short(row['quantized'])} | {row['samples']} {row['data']} | "
            f"{row['matched']} of {row['nodes']} ({row['matched'] / row['nodes']:.0%}) | {row['split']} of "
            f"{row['layers']} | {row['residual']:.0e} | {outputs} |"
        )
    lines += ["", *_unmatched(rows), *_worst(rows), *_tried(rows)]
    return "\n".join([*lines, *(_cost(cost) if cost else [])]) + "\n"


def _unmatched(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    some = [(row, text) for row in rows for text in row["unmatched"]]
    if not some:
        return []
    return ["Not aligned:", "", *(f"- {_short(row['quantized'])}, {text}" for row, text in some), ""]


def _worst(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    lines = ["## The worst three layers of each", ""]
    for row in rows:
        lines += [f"**{_short(row['quantized'])}** against {_short(row['float'])}:", ""]
        for at, layer in enumerate(row["worst"], 1):
            why = " ".join(f"`{id}`: {text}" for id, text in layer["causes"]) or layer["note"]
            local = f", local {_db(layer['local_db'])} dB" if layer["local_db"] is not None else ""
            lines.append(
                f"{at}. node {layer['node']} {layer['op']}{local}, propagated {_db(layer['propagated_db'])} dB. {why} "
                f"{layer['advice']}"
            )
        lines.append("")
    return lines


def _tried(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    lines = [
        "## What if the layer that adds most were float32?",
        "",
        "Of a layer's propagated error, the energy of the local error's own parts is what the layer adds; followed",
        "back from the output, this is the share of the output's error that each layer adds. The one that adds most",
        "runs in float32, together with what reads it (else its output would stay quantized). Predicted, before",
        "anything is tried: the SQNR of the outputs without these shares. A last SOFTMAX is left out, since it makes",
        "errors as great or small as it likes: SQNR is that of the scores before it. Pairs of different training are",
        "left out: their weights do not mix. Following back ends where branches join, so that in dtln only the last",
        "few layers can be chosen, and in yolox none.",
        "",
        "| model | layer | its cause | share | in float32 | SQNR before | predicted | measured | gain dB |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    some = [row for row in rows if row.get("what_if")]
    for row in some:
        tried = row["what_if"]
        gain = float(tried["after_db"]) - float(tried["before_db"])
        lines.append(
            f"| {_short(row['quantized'])} | {tried['layer']} | {tried['cause']} | {tried['share']:.0%} | "
            f"{', '.join(tried['nodes'])} | {_db(tried['before_db'])} | {_db(tried['predicted_db'])} | "
            f"{_db(tried['after_db'])} | {gain:+.2f} |"
        )
    return [*lines, "", *_verdict(some)]


def _verdict(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """What the table shows, counted."""
    gains = [(row, float(row["what_if"]["after_db"]) - float(row["what_if"]["before_db"])) for row in rows]
    good = [_short(row["quantized"]) for row, gain in gains if gain >= 1.0]
    known = [row for row in rows if row["what_if"]["accuracy"][0] is not None]
    near = [_short(row["quantized"]) for row in rows if _off(row["what_if"]) <= 2.0]
    steps = {_short(row["quantized"]): _change(row["what_if"]["accuracy"]) for row in known}
    said = "; ".join(f"{name} {change}" for name, change in steps.items())
    return [
        f"The SQNR of the outputs rises by 1 dB or more in {len(good)} of {len(rows)}: {', '.join(good)}.",
        "",
        f"Within 2 dB of the prediction: {', '.join(near)}.",
        "It supposes that errors are independent and that what follows passes them on alike. Repairing one layer",
        "brings nothing where several lose everything, each for itself: in dtln_1_int8 three layers use less than",
        "1% of their range. `intengine bisect` finds such sets. Activations that saturate, a float side that",
        "quantizes while running (kws), and inputs that are not the network's own (ad01, dtln) count too.",
        "",
        f"Labelled accuracy: {said}.",
        "One sample is 0.2 to 0.4 points, so that a change by one or two is chance: where quantization has cost no",
        "accuracy, there is none to win back, whatever the SQNR.",
        "",
    ]


def _off(tried: Mapping[str, Any]) -> float:
    """How far a measured SQNR is from the predicted one, in dB."""
    return abs(float(tried["after_db"]) - float(tried["predicted_db"]))


def _change(accuracy: Sequence[float]) -> str:
    gain = 100.0 * (accuracy[1] - accuracy[0])
    most = 100.0 * (accuracy[2] - accuracy[0])
    return f"{gain:+.1f} points (all float32: {most:+.1f})"


def _cost(cost: Mapping[str, Any]) -> list[str]:
    lines = [
        "## Time and memory",
        "",
        f"`intengine compare --ref dequant` of {cost['model']}, all {cost['layers']} layers, made by",
        "`python tools/compare_cost.py` on 2 cores in one thread, nothing compiled while the clock ran. Where others",
        "use the cores as well (see the load average), wall time is longer than on quiet ones; CPU time is less so.",
        "The images, which the caller holds, are 0.15 MB each of the peak.",
        "",
        "| images | split by source | wall s | CPU s | peak memory MB | load average |",
        "|---|---|---|---|---|---|",
    ]
    rows = [
        f"| {run['images']} | {run['attributed']} | {run['wall_s']:.1f} | {run['cpu_s']:.1f} | "
        f"{run['peak_mb']:.0f} | {run['load']:.1f} |"
        for run in cost["runs"]
    ]
    return [*lines, *rows, ""]


def _short(path: str) -> str:
    return path.split("/")[-1]


def _db(value: float | str) -> str:
    return value if isinstance(value, str) else f"{value:.2f}"


def main() -> int:
    """Measures the pairs; 0 if every layer's parts add up and two what-ifs bring a decibel."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="", help="pairs whose quantized model's path has this text")
    parser.add_argument("--save", type=Path, help="put the figures into this JSON file, beside those of other pairs")
    parser.add_argument("--page", type=Path, help="run nothing; write this page from the JSON file of --save")
    args = parser.parse_args()
    saved = json.loads(args.save.read_text()) if args.save and args.save.exists() else {}
    rows = saved.setdefault("pairs", {})
    if args.page:
        order = [rows[pair.quantized] for pair in PAIRS if pair.quantized in rows]
        args.page.write_text(page(order, saved.get("cost")))
        return 0
    for pair in PAIRS:
        if args.only in pair.quantized:
            row = rows[pair.quantized] = measure(pair)
            print(json.dumps({name: row[name] for name in ("quantized", "matched", "nodes", "residual", "outputs")}))
            print(json.dumps(row.get("what_if")), flush=True)
            if args.save:
                args.save.write_text(json.dumps(saved, indent=1) + "\n")
    gains = [float(t["after_db"]) - float(t["before_db"]) for t in (row.get("what_if") for row in rows.values()) if t]
    adds_up = all(row["residual"] <= BOUND for row in rows.values())
    return 0 if adds_up and sum(gain >= 1.0 for gain in gains) >= 2 else 1


if __name__ == "__main__":
    sys.exit(main())

"""`intengine inspect`: what is inside a model."""

from pathlib import Path
from typing import Any

import click

from intengine.cli.base import Command
from intengine.cli.console import Printer, print_json, size
from intengine.errors import InputError
from intengine.reader import load
from intengine.report import summarize

_SHORTER = {"fused_activation_function": "activation"}


@click.command(cls=Command)
@click.argument("model", type=click.Path(path_type=Path))
@click.option("--tensors", is_flag=True, help="List every tensor with its quantization too.")
@click.option("--nodes", metavar="A-B", help="Only these nodes and their tensors, as in 12 or 3-9.")
@click.option("--json", "as_json", is_flag=True, help="Print everything as JSON.")
def inspect(model: Path, tensors: bool, nodes: str | None, as_json: bool) -> None:
    """Show what MODEL contains, even if it cannot run here.

    A node's tensors are written index:type[shape], inputs before the arrow. Elsewhere a tensor is written
    type[shape]*scale+zero_point. ? is a size that may vary.

    \b
    Examples:
      intengine inspect model.tflite
      intengine inspect model.tflite --tensors
      intengine inspect model.tflite --nodes 3-9 --tensors
      intengine inspect model.tflite --json | jq .macs
    """
    wanted = _range(nodes)
    data = summarize(load(model))
    if wanted is not None:
        _keep(data, wanted)
    if as_json:
        print_json(data)
        return
    out = Printer()
    if wanted is None:
        _head(out, data)
    for graph in data["subgraphs"]:
        _nodes(out, graph, alone=len(data["subgraphs"]) == 1, ends=wanted is None)
        if tensors:
            _tensors(out, graph)
    if wanted is None:
        _metadata(out, data)
    if not tensors:
        out.line("--tensors lists the tensors, --json has everything.")


def _range(text: str | None) -> range | None:
    if text is None:
        return None
    first, dash, last = text.partition("-")
    if not first.isdecimal() or (dash and not last.isdecimal()):
        raise InputError(f"Nodes are written as one number or two with a dash, as in 12 or 3-9; got {text!r}.")
    return range(int(first), int(last if dash else first) + 1)


def _keep(data: dict[str, Any], wanted: range) -> None:
    """Leave only these nodes, the tensors they touch, and the subgraphs that have some."""
    for graph in data["subgraphs"]:
        graph["nodes"] = [node for node in graph["nodes"] if node["index"] in wanted]
        touched = {i for node in graph["nodes"] for i in (*node["inputs"], *node["outputs"])}
        graph["tensors"] = [tensor for tensor in graph["tensors"] if tensor["index"] in touched]
    data["subgraphs"] = [graph for graph in data["subgraphs"] if graph["nodes"]]
    if not data["subgraphs"]:
        raise InputError(
            f"Nodes must be some that the model has; it has none from {wanted.start} to {wanted.stop - 1}."
        )


def _head(out: Printer, data: dict[str, Any]) -> None:
    out.line(f"{data['source']}: {size(data['bytes'])}, {size(data['constant_bytes'])} of them constants")
    if data["description"]:
        out.line(f"Description: {data['description']}")
    out.line(f"Matrix operators: {data['scheme']}; {data['macs'] / 1e6:,.3f} million multiply-accumulates")
    out.line(f"Operators: {', '.join(f'{op} {count}' for op, count in data['operators'].items())}")
    absent = data["unsupported_operators"]
    out.line(f"Not supported here: {', '.join(absent)}" if absent else "All operators are known here.")
    for signature in data["signatures"]:
        out.line(f"Signature {signature['key']!r}, subgraph {signature['subgraph']}:")
        for what in ("inputs", "outputs"):
            for name, tensor in signature[what].items():
                out.line(f"  {what[:-1]:6} {name}: {tensor['text']}")
    out.line()


def _nodes(out: Printer, graph: dict[str, Any], *, alone: bool, ends: bool) -> None:
    if not alone:
        out.line(f"Subgraph {graph['index']} {graph['name']!r}")
    for what in ("inputs", "outputs") if ends else ():
        for i in graph[what]:
            tensor = graph["tensors"][i]
            out.line(f"{what[:-1].capitalize():6} tensor {i} {tensor['name']!r}: {tensor['text']}")
    types = {tensor["index"]: _type(tensor) for tensor in graph["tensors"]}
    rows = [
        (
            str(node["index"]),
            f"{node['op']} v{node['version']}" + ("" if node["known"] else " (not supported)"),
            f"{_operands(node['inputs'], types)} -> {_operands(node['outputs'], types)}",
            " ".join(f"{_SHORTER.get(name, name)}={value}" for name, value in node["key_options"].items()),
            node["macs"] or None,
        )
        for node in graph["nodes"]
    ]
    columns = ["node", "operator", "inputs -> outputs", "options", "MACs"]
    out.table(columns, rows, right=["node", "MACs"], fold=["operator", "options"])
    out.line()


def _type(tensor: dict[str, Any]) -> str:
    return str(tensor["text"]).split("*")[0]


def _operands(indices: list[int], types: dict[int, str]) -> str:
    return " ".join(f"{i}:{types[i]}" if i >= 0 else "-" for i in indices)


def _tensors(out: Printer, graph: dict[str, Any]) -> None:
    rows = [
        (
            str(tensor["index"]),
            _type(tensor),
            _quantization(tensor["quantization"]),
            _kind(tensor),
            tensor["bytes"],
            tensor["name"],
        )
        for tensor in graph["tensors"]
    ]
    columns = ["tensor", "type", "quantization", "kind", "bytes", "name"]
    out.table(columns, rows, right=["tensor", "bytes"], fold=["name"])
    out.line()


def _quantization(quantization: dict[str, Any] | None) -> str:
    if quantization is None:
        return ""
    scales, zero_points = quantization["scale"], quantization["zero_point"]
    parts = []
    if len(scales) == 1:
        parts.append(f"scale {_number(scales[0])}")
    elif scales:
        known = [scale for scale in scales if isinstance(scale, float)]
        span = f" {_number(min(known))} to {_number(max(known))}" if known else ""
        parts.append(f"{len(scales)} scales{span}, axis {quantization['axis']}")
    if len(set(zero_points)) == 1:
        parts.append(f"zero point {zero_points[0]}")
    elif zero_points:
        parts.append(f"{len(zero_points)} zero points {min(zero_points)} to {max(zero_points)}")
    if quantization["details"]:
        parts.append(quantization["details"])
    return ", ".join(parts)


def _number(value: Any) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def _kind(tensor: dict[str, Any]) -> str:
    return ", ".join(kind for kind in ("constant", "variable", "sparse") if tensor[kind])


def _metadata(out: Printer, data: dict[str, Any]) -> None:
    for name, entry in data["metadata"].items():
        text = f": {entry['text']}" if entry["text"] else ""
        out.line(f"Metadata {name!r}, {entry['bytes']} bytes{text}")
    if data["associated_files"]:
        out.line(f"Files packed with it: {', '.join(data['associated_files'])}")

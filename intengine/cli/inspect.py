"""`intengine inspect`: what is inside a model."""

from pathlib import Path
from typing import Any

import click
from rich.console import Console

from intengine.cli.base import Command
from intengine.cli.console import console, print_json, size, table
from intengine.reader import load
from intengine.report import summarize


@click.command(cls=Command)
@click.argument("model", type=click.Path(path_type=Path))
@click.option("--tensors", is_flag=True, help="List every tensor with its quantization too.")
@click.option("--json", "as_json", is_flag=True, help="Print everything as JSON.")
def inspect(model: Path, tensors: bool, as_json: bool) -> None:
    """Show what MODEL contains, even if it cannot run here.

    A tensor is written type[shape]*scale+zero_point.

    \b
    Examples:
      intengine inspect model.tflite
      intengine inspect model.tflite --tensors
      intengine inspect model.tflite --json | jq .macs
    """
    data = summarize(load(model))
    if as_json:
        print_json(data)
        return
    out = console()
    _head(out, data)
    for graph in data["subgraphs"]:
        _nodes(out, graph, alone=len(data["subgraphs"]) == 1)
        if tensors:
            _tensors(out, graph)
    _metadata(out, data)
    if not tensors:
        out.print("--tensors lists the tensors, --json has everything.")


def _head(out: Console, data: dict[str, Any]) -> None:
    out.print(f"{data['source']}: {size(data['bytes'])}, {size(data['constant_bytes'])} of them constants")
    if data["description"]:
        out.print(f"Description: {data['description']}")
    out.print(f"Matrix operators: {data['scheme']}; {data['macs'] / 1e6:,.3f} million multiply-accumulates")
    out.print(f"Operators: {', '.join(f'{op} {count}' for op, count in data['operators'].items())}")
    absent = data["unsupported_operators"]
    out.print(f"Not supported here: {', '.join(absent)}" if absent else "All operators are known here.")
    for signature in data["signatures"]:
        out.print(f"Signature {signature['key']!r}, subgraph {signature['subgraph']}:")
        for what in ("inputs", "outputs"):
            for name, tensor in signature[what].items():
                out.print(f"  {what[:-1]:6} {name}: {tensor['text']}")
    out.print()


def _nodes(out: Console, graph: dict[str, Any], *, alone: bool) -> None:
    title = "" if alone else f"Subgraph {graph['index']} {graph['name']!r}"
    if title:
        out.print(title)
    for what in ("inputs", "outputs"):
        for i in graph[what]:
            tensor = graph["tensors"][i]
            out.print(f"{what[:-1].capitalize():6} tensor {i} {tensor['name']!r}: {tensor['text']}")
    rows = [
        (
            node["index"],
            f"{node['op']} v{node['version']}" + ("" if node["known"] else " (not supported)"),
            ", ".join(node["input_types"]),
            ", ".join(node["output_types"]),
            ", ".join(f"{name}={value}" for name, value in node["key_options"].items()),
            node["macs"] or None,
        )
        for node in graph["nodes"]
    ]
    out.print(table("", ["node", "operator", "inputs", "outputs", "options", "MACs"], rows, right=["node", "MACs"]))
    out.print()


def _tensors(out: Console, graph: dict[str, Any]) -> None:
    rows = [
        (tensor["index"], tensor["name"], tensor["text"], _kind(tensor), tensor["bytes"]) for tensor in graph["tensors"]
    ]
    out.print(table("", ["tensor", "name", "type", "kind", "bytes"], rows, right=["tensor", "bytes"]))
    out.print()


def _kind(tensor: dict[str, Any]) -> str:
    return ", ".join(kind for kind in ("constant", "variable", "sparse") if tensor[kind])


def _metadata(out: Console, data: dict[str, Any]) -> None:
    for name, entry in data["metadata"].items():
        text = f": {entry['text']}" if entry["text"] else ""
        out.print(f"Metadata {name!r}, {entry['bytes']} bytes{text}")
    if data["associated_files"]:
        out.print(f"Files packed with it: {', '.join(data['associated_files'])}")

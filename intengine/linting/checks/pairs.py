"""Rescaling that undoes itself."""

from collections.abc import Iterator

import numpy as np

from intengine.linting._records import Finding, Severity
from intengine.linting._registry import Rule, rule
from intengine.linting._view import QUANTIZED, GraphView, scale_of
from intengine.model import Node, TensorSpec


def _alike(a: TensorSpec, b: TensorSpec) -> bool:
    one, other = a.quantization, b.quantization
    return (
        a.type is b.type and np.array_equal(one.scale, other.scale) and np.array_equal(one.zero_point, other.zero_point)
    )


def _feeding(view: GraphView, node: Node) -> tuple[Node | None, TensorSpec | None]:
    """The node that computes input 0, and that tensor."""
    source = view.tensor(node, 0)
    return (None, None) if source is None else (view.producers.get(source.index), source)


@rule("Q401", Severity.WARNING)
def dequantize_quantize(view: GraphView, rule: Rule) -> Iterator[Finding]:
    """No QUANTIZE follows a DEQUANTIZE directly.

    The two are one rescaling between integers, and nothing at all where both tensors have one quantization. They come
    from models that were quantized in parts; a converter that sees the whole leaves them out.
    """
    for node in view.graph.nodes:
        before, _ = _feeding(view, node)
        if node.op != "QUANTIZE" or before is None or before.op != "DEQUANTIZE":
            continue
        source, out = view.tensor(before, 0), view.out(node)
        if source is not None and out is not None:
            what = "undo each other" if _alike(source, out) else "are one rescaling"
            yield view.found(rule, f"DEQUANTIZE (node {before.index}) and QUANTIZE {what}.", node, out)


@rule("Q402", Severity.WARNING)
def quantize_dequantize(view: GraphView, rule: Rule) -> Iterator[Finding]:
    """No DEQUANTIZE follows a QUANTIZE directly.

    Real numbers lose precision there and nothing is gained: what reads them computes with real numbers. A model may
    have kept the fake quantization of its training.
    """
    for node in view.graph.nodes:
        before, source = _feeding(view, node)
        if node.op != "DEQUANTIZE" or before is None or before.op != "QUANTIZE" or source is None:
            continue
        first = view.tensor(before, 0)
        if first is not None and first.type not in QUANTIZED:
            yield view.found(
                rule, f"QUANTIZE (node {before.index}) and DEQUANTIZE only round.", node, source, severity=Severity.INFO
            )


@rule("Q403", Severity.WARNING)
def requantize_twice(view: GraphView, rule: Rule) -> Iterator[Finding]:
    """No QUANTIZE between integers follows another, and none keeps the quantization.

    Each rounds once more; one rescaling from the first to the last does with one rounding, and one between equal
    quantizations does nothing. A change between int8 and uint8 at one scale is not meant.
    """
    for node in view.graph.nodes:
        source, out = view.tensor(node, 0), view.out(node)
        if node.op != "QUANTIZE" or source is None or out is None or source.type not in QUANTIZED:
            continue
        if _alike(source, out) and scale_of(source) is not None:
            yield view.found(rule, "A QUANTIZE between tensors of one quantization does nothing.", node, out)
            continue
        before, _ = _feeding(view, node)
        first = None if before is None or before.op != "QUANTIZE" else view.tensor(before, 0)
        if before is not None and first is not None and first.type in QUANTIZED:
            yield view.found(rule, f"QUANTIZE (node {before.index}) and QUANTIZE are one rescaling.", node, out)

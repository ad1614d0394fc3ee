"""Zero points."""

from collections.abc import Iterator

from intengine.linting._records import Finding, Severity
from intengine.linting._registry import Rule, rule
from intengine.linting._view import NARROW, GraphView
from intengine.model import TensorType
from intengine.quantization import INTEGER_RANGE


@rule("Q101", Severity.ERROR)
def int16_zero_points(view: GraphView, rule: Rule) -> Iterator[Finding]:
    """int16 activations have zero point 0.

    The 16x8 scheme is symmetric: kernels take no zero point of int16 tensors off, and runtimes refuse one.
    Quantize again with symmetric int16 ranges. (tflite-micro's SOFTMAX from int8 to int16 is an exception: Q131.)
    """
    for spec in view.graph.tensors:
        points = spec.quantization.zero_point
        maker = view.producers.get(spec.index)
        if spec.type is not TensorType.INT16 or not spec.quantization or not points.any():
            continue
        if maker is None or maker.op != "SOFTMAX":
            yield view.found(rule, f"int16 needs zero point 0; it has {int(points[points != 0][0])}.", tensor=spec)


@rule("Q102", Severity.ERROR)
def weight_zero_points(view: GraphView, rule: Rule) -> Iterator[Finding]:
    """Signed weights have zero point 0.

    Kernels for signed weights take them as symmetric: what is stored is multiplied as it is. Only FULLY_CONNECTED with
    one scale for all weights heeds another zero point, in LiteRT but not in every runtime; there it is a warning.
    """
    for layer in view.layers:
        points = layer.weights.quantization.zero_point
        if layer.weights.type not in NARROW or not points.any():
            continue
        heeded = layer.node.op == "FULLY_CONNECTED" and points.size == 1
        kind, found = layer.weights.type.name.lower(), int(points[points != 0][0])
        yield view.found(
            rule, f"{kind} weights need zero point 0; they have {found}.", layer.node, layer.weights,
            severity=Severity.WARNING if heeded else None,
        )  # fmt: skip


@rule("Q103", Severity.ERROR)
def zero_points_in_range(view: GraphView, rule: Rule) -> Iterator[Finding]:
    """Zero points lie in the range of their type.

    Real 0 must have an integer, as padding and ReLU need it exactly.
    """
    for spec in view.graph.tensors:
        points = spec.quantization.zero_point
        if not spec.quantization or spec.type not in INTEGER_RANGE or not points.size:
            continue
        lo, hi = INTEGER_RANGE[spec.type]
        bad = points[(points < lo) | (points > hi)]
        if bad.size:
            yield view.found(
                rule, f"A zero point of {spec.type.name.lower()} is in {lo}..{hi}; this is {int(bad[0])}.", tensor=spec
            )

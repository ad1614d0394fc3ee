"""Scales that an operator fixes: by its function, or by its input."""

from collections.abc import Iterator

from intengine.linting._records import Finding, Severity
from intengine.linting._registry import Rule, rule
from intengine.linting._view import QUANTIZED, GraphView, scale_of, zero_point_of
from intengine.model import TensorSpec, TensorType

#: Operator -> type -> (scale, zero point) of the output.
FIXED: dict[str, dict[TensorType, tuple[float, int]]] = {
    "SOFTMAX": {
        TensorType.INT8: (1 / 256, -128), TensorType.UINT8: (1 / 256, 0), TensorType.INT16: (1 / 32768, 0),
    },
    "LOGISTIC": {
        TensorType.INT8: (1 / 256, -128), TensorType.UINT8: (1 / 256, 0), TensorType.INT16: (1 / 32768, 0),
    },
    "TANH": {TensorType.INT8: (1 / 128, 0), TensorType.UINT8: (1 / 128, 128), TensorType.INT16: (1 / 32768, 0)},
    "L2_NORMALIZATION": {TensorType.INT8: (1 / 128, 0), TensorType.UINT8: (1 / 128, 128)},
    "LOG_SOFTMAX": {TensorType.INT8: (16 / 256, 127), TensorType.UINT8: (16 / 256, 255)},
}  # fmt: skip
#: Operators that copy stored integers -> places of the inputs that they copy; () for all.
COPYING: dict[str, tuple[int, ...]] = {
    "AVERAGE_POOL_2D": (0,), "MAX_POOL_2D": (0,), "RESHAPE": (0,), "SQUEEZE": (0,), "EXPAND_DIMS": (0,),
    "TRANSPOSE": (0,), "PAD": (0,), "PADV2": (0, 2), "MIRROR_PAD": (0,), "SLICE": (0,), "STRIDED_SLICE": (0,),
    "GATHER": (0,), "GATHER_ND": (0,), "SPACE_TO_DEPTH": (0,), "DEPTH_TO_SPACE": (0,), "SPACE_TO_BATCH_ND": (0,),
    "BATCH_TO_SPACE_ND": (0,), "SPLIT": (1,), "SPLIT_V": (0,), "UNPACK": (0,), "TILE": (0,), "REVERSE_V2": (0,),
    "RESIZE_BILINEAR": (0,), "RESIZE_NEAREST_NEIGHBOR": (0,), "BROADCAST_TO": (0,), "MAXIMUM": (0, 1),
    "MINIMUM": (0, 1), "PACK": (), "CONCATENATION": (), "SELECT": (1, 2), "SELECT_V2": (1, 2), "TOPK_V2": (0,),
}  # fmt: skip
#: SOFTMAX from int8 to int16, as tflite-micro has it.
WIDENING_SOFTMAX = (1 / 65536, -32768)
_TOLERANCE = 1e-5
#: Runtimes take int16 scales that are so near: 1 / 65535 is written too.
_NEAR_INT16 = 1e-3


@rule("Q131", Severity.ERROR)
def fixed_outputs(view: GraphView, rule: Rule) -> Iterator[Finding]:
    """SOFTMAX, LOGISTIC, TANH, L2_NORMALIZATION and LOG_SOFTMAX have the output scale of their function.

    Their outputs have a known range, for which kernels have one scale and zero point built in. Runtimes refuse another,
    or compute with the built-in one and the next operator reads something else.
    """
    for node in view.graph.nodes:
        out = view.out(node)
        if node.op not in FIXED or out is None or not out.quantization or out.type not in FIXED[node.op]:
            continue
        source = view.tensor(node, 0)
        narrow = source is not None and source.type is TensorType.INT8
        widens = narrow and node.op == "SOFTMAX" and out.type is TensorType.INT16
        scale, point = WIDENING_SOFTMAX if widens else FIXED[node.op][out.type]
        found = scale_of(out), zero_point_of(out)
        near = _NEAR_INT16 if out.type is TensorType.INT16 else _TOLERANCE
        if found[0] is None or abs(found[0] / scale - 1) > near or found[1] != point:
            yield view.found(
                rule, f"{node.op} of {out.type.name.lower()} has scale {scale:g} and zero point {point}; "
                f"the file has {found[0]} and {found[1]}.", node, out,
            )  # fmt: skip


@rule("Q132", Severity.ERROR)
def same_scale(view: GraphView, rule: Rule) -> Iterator[Finding]:
    """Operators that only move, compare or average integers have one scale for input and output.

    RESHAPE, TRANSPOSE, pools, PAD, CONCATENATION, RESIZE and the like pass stored integers on; another scale or zero
    point behind them gives the same integers another meaning. uint8 CONCATENATION is an exception: it rescales. Give
    both tensors one quantization, or put a QUANTIZE between. Scales that differ by less than half a step over the whole
    range are a warning.
    """
    for node in view.graph.nodes:
        if node.op not in COPYING:
            continue
        places = COPYING[node.op] or tuple(range(len(node.inputs)))
        outs = [view.out(node, i) for i in range(len(node.outputs))]
        for i in places:
            source = view.tensor(node, i)
            for out in outs:
                if source is None or out is None or source.type is not out.type or not _counts(source, out):
                    continue
                if node.op == "CONCATENATION" and out.type is TensorType.UINT8:
                    continue
                off = _steps_off(source, out)
                if off > 0:
                    yield view.found(
                        rule, f"{node.op} passes integers on: input {i} has scale {scale_of(source):.6g} and zero "
                        f"point {zero_point_of(source)}, the output {scale_of(out):.6g} and {zero_point_of(out)}: "
                        f"up to {off:.3g} steps off.", node, out, severity=Severity.WARNING if off < 0.5 else None,
                        steps=off,
                    )  # fmt: skip


def _counts(*specs: TensorSpec) -> bool:
    return all(spec.type in QUANTIZED and scale_of(spec) is not None for spec in specs)


def _steps_off(source: TensorSpec, out: TensorSpec) -> float:
    """The greatest difference of meaning over all stored integers, in steps of the output; 0 within rounding."""
    a, b = scale_of(source) or 0.0, scale_of(out) or 0.0
    if a <= 0 or b <= 0:
        return 0.0
    if abs(a / b - 1) <= _TOLERANCE and zero_point_of(source) == zero_point_of(out):
        return 0.0
    info = (-128, 127) if source.type is TensorType.INT8 else (0, 255)
    if source.type is TensorType.INT16:
        info = (-32768, 32767)
    return max(abs((q - zero_point_of(source)) * a / b - (q - zero_point_of(out))) for q in info)

"""TFLite_Detection_PostProcess: boxes and class scores of a single-shot detector -> the best detections."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from intengine_kernels.detection import best_scores, dequantize_rows, detect_fast, detect_regular
from numpy.typing import NDArray

from intengine.errors import InputError
from intengine.model import TensorType
from intengine.ops._context import NodeContext
from intengine.ops._flexbuffer import integer, options, real
from intengine.ops._operand import Operand
from intengine.ops._registry import Operator, register
from intengine.shapes import Shape
from intengine.step import CACHE_LINE, PLAIN_WORK, Call, Finding, Ref, Scratch

#: The optimized dequantization takes this many at a time.
_BLOCK = 8
_NEEDED = (
    "max_detections", "max_classes_per_detection", "num_classes", "nms_score_threshold", "nms_iou_threshold",
    "y_scale", "x_scale", "h_scale", "w_scale",
)  # fmt: skip


@dataclass(frozen=True)
class Settings:
    """Options: `most` detections of `per_box` classes; `per_class` of each class with regular suppression."""

    most: int
    per_box: int
    per_class: int
    classes: int
    regular: bool
    least_score: float
    overlap: float
    scales: tuple[float, ...]

    @classmethod
    def of(cls, ctx: NodeContext) -> "Settings":
        given = options(ctx.node.custom_options)
        missing = [name for name in _NEEDED if name not in given]
        ctx.require(not missing, f"needs the options {', '.join(_NEEDED)}", f"none for {missing}")
        found = cls(
            integer(given, "max_detections"), integer(given, "max_classes_per_detection"),
            integer(given, "detections_per_class", 100), integer(given, "num_classes"),
            bool(integer(given, "use_regular_nms")), real(given, "nms_score_threshold"),
            real(given, "nms_iou_threshold"), tuple(real(given, f"{axis}_scale") for axis in "yxhw"),
        )  # fmt: skip
        counts = (found.most, found.per_box, found.per_class, found.classes)
        ctx.require(all(0 < n < 2**20 for n in counts), "needs positive counts", counts)
        ctx.require(0 < found.overlap <= 1, "needs an nms_iou_threshold in 0..1", found.overlap)
        ctx.require(all(found.scales), "needs scales other than 0", found.scales)
        return found


def infer(ctx: NodeContext) -> Sequence[Shape]:
    settings = Settings.of(ctx)
    boxes, scores, anchors = ctx.input(0), ctx.input(1), ctx.input(2)
    ctx.require(boxes.rank == 3 and boxes.shape[0] == 1 and boxes.shape[2] >= 4, "needs boxes [1, n, 4]", boxes.shape)
    count = boxes.shape[1]
    ctx.require(
        scores.rank == 3 and scores.shape[:2] == (1, count), f"needs scores [1, {count}, classes]", scores.shape
    )
    more = scores.shape[2] - settings.classes
    ctx.require(0 <= more <= 1, "needs a score for each class, and at most one for the background", scores.shape)
    ctx.require(anchors.rank == 2 and anchors.shape[0] == count, f"needs {count} anchors", anchors.shape)
    ctx.require(anchors.shape[1] >= 4, "needs anchors of four numbers", anchors.shape)
    rows = settings.most * settings.per_box
    return [(1, rows, 4), (1, rows), (1, rows), (1,)]


def _refuse(_: NDArray[np.int64]) -> None:
    raise InputError("TFLite_Detection_PostProcess needs boxes that end behind their start; its input has others.")


def _real(operand: Operand, calls: list[Call], *, in_blocks: bool = False) -> Ref | Scratch:
    """The last two axes as float32; the optimized dequantization takes whole blocks otherwise than the rest."""
    shape = operand.shape[-2:]
    if operand.type is TensorType.FLOAT32:
        return operand.ref(shape)
    real = Scratch(np.dtype(np.float32), shape)
    whole = operand.size - operand.size % _BLOCK if in_blocks else 0
    calls.append(
        Call(dequantize_rows, (operand.ref(shape), operand.scale, np.float32(operand.zero_point), whole, real))
    )
    return real


def prepare(ctx: NodeContext) -> Sequence[Call]:
    """Rows behind the last detection are 0, where LiteRT leaves some of them as they were.

    Source: tflite/kernels/detection_postprocess.cc
    """
    operands = [ctx.input(i) for i in range(3)]
    kinds = (TensorType.FLOAT32, TensorType.UINT8)
    if any(operand.type not in kinds for operand in operands) or operands[0].type is not operands[1].type:
        ctx.unsupported()
    if any(out.type is not TensorType.FLOAT32 for out in ctx.outputs):
        ctx.unsupported()
    settings = Settings.of(ctx)
    calls: list[Call] = []
    inputs = [_real(operand, calls, in_blocks=i == 1) for i, operand in enumerate(operands)]
    count, rows = operands[0].shape[1], ctx.output(1).size
    outs = (ctx.output(0).ref((rows, 4)), ctx.output(1).ref((rows,)), ctx.output(2).ref((rows,)), ctx.output(3).ref())
    scales = np.array(settings.scales, np.float32)
    integers, reals = np.dtype(np.int64), np.dtype(np.float32)
    best = Scratch(reals, (count,))
    if settings.regular:
        kernel: Callable[..., None] = detect_regular
        several: tuple[int, ...] = (settings.classes, min(settings.per_class, settings.most))
        places = settings.most
    else:
        kernel, several = detect_fast, (settings.classes,)
        places = min(settings.per_box, settings.classes)
        first = operands[1].shape[2] - settings.classes
        calls.append(Call(best_scores, (inputs[1], first, 0, count, best), PLAIN_WORK * operands[1].size, CACHE_LINE))
    scratch = (
        best, Scratch(integers, (count,)), Scratch(np.dtype(np.bool_), (count,)),
        Scratch(reals, (max(count, 1), 4)), Scratch(integers, (settings.most,)), Scratch(integers, (places,)),
    )  # fmt: skip
    limits = (np.float32(settings.least_score), np.float32(settings.overlap))
    calls.append(Call(kernel, (*inputs, scales, *several, *limits, *scratch, Finding(_refuse), *outs)))
    return calls


_KINDS = ("float32 x float32 x float32", "uint8 x uint8 x uint8")
register(Operator("TFLite_Detection_PostProcess", infer, prepare, (3, 3), tuple(f"{k} -> float32 ..." for k in _KINDS)))

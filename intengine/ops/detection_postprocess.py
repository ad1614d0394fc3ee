"""TFLite_Detection_PostProcess: boxes and class scores of a single-shot detector -> the best detections."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from intengine_kernels.detection import decode_boxes, suppress
from numpy.typing import NDArray

from intengine.errors import InputError
from intengine.model import TensorType
from intengine.ops._context import NodeContext, Operand
from intengine.ops._flexbuffer import integer, options, real
from intengine.ops._heap import partial_sort
from intengine.ops._registry import Operator, register
from intengine.shapes import Shape
from intengine.step import Call

F32 = NDArray[np.float32]
#: The optimized dequantization takes this many at a time.
_BLOCK = 8
_NEEDED = (
    "max_detections", "max_classes_per_detection", "num_classes", "nms_score_threshold", "nms_iou_threshold",
    "y_scale", "x_scale", "h_scale", "w_scale",
)  # fmt: skip
_decode: Callable[..., None] = decode_boxes
_suppress: Callable[..., int] = suppress


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


def _scaling(operand: Operand) -> tuple[float, int]:
    """(scale, zero point); scale 0 for float32."""
    return (0.0, 0) if operand.type is TensorType.FLOAT32 else (float(operand.scale), operand.zero_point)


def _dequantize(x: NDArray[Any], scale: float, zero_point: int) -> F32:
    if not scale:
        return np.ascontiguousarray(x, np.float32)
    return (x.astype(np.float32) - np.float32(zero_point)) * np.float32(scale)


def _dequantize_scores(x: NDArray[Any], scale: float, zero_point: int) -> F32:
    """In whole blocks q * scale + (-zero_point * scale), behind them (q - zero_point) * scale."""
    plain = _dequantize(x, scale, zero_point)
    if scale:
        s, whole = np.float32(scale), x.size - x.size % _BLOCK
        body = x.reshape(-1)[:whole].astype(np.float32) * s + np.float32(np.float32(-zero_point) * s)
        plain.reshape(-1)[:whole] = body
    return plain


def _taken(boxes: F32, scores: F32, least: float, threshold: float, most: int) -> NDArray[np.int64]:
    """Places of the boxes that remain, best first; of equal scores the first."""
    above = np.flatnonzero(scores >= np.float32(least))
    order = above[np.argsort(-scores[above], kind="stable")]
    chosen = np.empty(min(most, order.size), np.int64)
    count = _suppress(boxes, order, threshold, np.empty(order.size, bool), chosen)
    return chosen[:count]


def _best_classes(scores: F32, count: int) -> list[int]:
    """Classes by falling score, the first of equals first when one is asked for, and in the order of a heap's else."""
    if count == 1:
        return [int(scores.argmax())]
    return partial_sort(scores.tolist(), count)


def _fast(boxes: F32, scores: F32, settings: Settings) -> list[tuple[int, int, float]]:
    """(box, class, score): suppression by the best class of each box, then several classes of a box."""
    kept = _taken(boxes, scores.max(axis=1), settings.least_score, settings.overlap, settings.most)
    per_box = min(settings.per_box, settings.classes)
    return [(int(box), c, float(scores[box, c])) for box in kept for c in _best_classes(scores[box], per_box)]


def _regular(boxes: F32, scores: F32, settings: Settings) -> list[tuple[int, int, float]]:
    """(box, class, score): suppression in each class, the best of all classes."""
    found: list[tuple[int, int, float]] = []
    for c in range(settings.classes):
        column = np.ascontiguousarray(scores[:, c])
        most = min(settings.per_class, settings.most)
        kept = _taken(boxes, column, settings.least_score, settings.overlap, most)
        found += [(int(box), c, float(column[box])) for box in kept]
        found = sorted(found, key=lambda item: -item[2])[: settings.most]
    return found


def _detect(
    codes: NDArray[Any], scores: NDArray[Any], anchors: NDArray[Any], real: tuple[tuple[float, int], ...],
    settings: Settings, boxes_out: F32, classes_out: F32, scores_out: F32, count_out: F32,
) -> None:  # fmt: skip
    boxes = np.empty((codes.shape[0], 4), np.float32)
    scales = np.array(settings.scales, np.float32)
    with np.errstate(all="ignore"):
        _decode(_dequantize(codes, *real[0]), _dequantize(anchors, *real[2]), scales, boxes)
    if (boxes[:, :2] > boxes[:, 2:]).any():
        raise InputError("TFLite_Detection_PostProcess needs boxes that end behind their start; its input has others.")
    real_scores = np.ascontiguousarray(_dequantize_scores(scores, *real[1])[:, scores.shape[1] - settings.classes :])
    found = (_regular if settings.regular else _fast)(boxes, real_scores, settings)
    for out in (boxes_out, classes_out, scores_out):
        out[...] = 0
    for row, (box, c, score) in enumerate(found):
        boxes_out[row], classes_out[row], scores_out[row] = boxes[box], c, score
    per_box = 1 if settings.regular else min(settings.per_box, settings.classes)
    count_out[0] = len(found) // per_box


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
    inputs = (operand.ref(operand.shape[-2:]) for operand in operands)
    rows = ctx.output(1).size
    outs = (ctx.output(0).ref((rows, 4)), ctx.output(1).ref((rows,)), ctx.output(2).ref((rows,)), ctx.output(3).ref())
    return [Call(_detect, (*inputs, tuple(map(_scaling, operands)), Settings.of(ctx), *outs))]


_KINDS = ("float32 x float32 x float32", "uint8 x uint8 x uint8")
register(Operator("TFLite_Detection_PostProcess", infer, prepare, (3, 3), tuple(f"{k} -> float32 ..." for k in _KINDS)))

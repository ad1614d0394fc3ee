"""NON_MAX_SUPPRESSION_V4 and V5: boxes by falling score, each that does not overlap one taken before."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from intengine.errors import InputError
from intengine.model import TensorType
from intengine.ops._context import NodeContext
from intengine.ops._heap import Heap
from intengine.ops._registry import Operator, register
from intengine.shapes import Shape
from intengine.step import Call

F32 = NDArray[np.float32]
#: What outputs hold is bounded by the boxes; a larger count of outputs is refused.
MOST = 2**24


def infer(ctx: NodeContext) -> Sequence[Shape]:
    boxes, scores, most = ctx.input(0), ctx.input(1), ctx.input(2)
    ctx.require(boxes.rank == 2 and boxes.shape[1] == 4, "needs boxes [n, 4]", boxes.shape)
    ctx.require(scores.shape == boxes.shape[:1], "needs a score for each box", scores.shape)
    ctx.require(all(ctx.input(i).size == 1 for i in range(2, len(ctx.inputs))), "needs single parameters", "others")
    (count,) = most.ints()
    ctx.require(0 <= count <= MOST, f"needs a max_output_size in 0..{MOST}", count)
    return [(count,), ()] if ctx.node.op.endswith("V4") else [(count,), (count,), ()]


def _overlap(a: list[np.float32], b: list[np.float32]) -> np.float32:
    """Intersection over union, float32; corners come in any order."""
    none = np.float32(0)
    (y0, x0, y1, x1), (v0, u0, v1, u1) = (
        (min(c[0], c[2]), min(c[1], c[3]), max(c[0], c[2]), max(c[1], c[3])) for c in (a, b)
    )
    first, second = (y1 - y0) * (x1 - x0), (v1 - v0) * (u1 - u0)
    if first <= 0 or second <= 0:
        return none
    shared = max(min(y1, v1) - max(y0, v0), none) * max(min(x1, u1) - max(x0, u0), none)
    return np.float32(shared / (first + second - shared))


def _choose(
    boxes: F32, scores: F32, most: int, overlap: np.float32, least: np.float32, sigma: np.float32
) -> list[tuple[int, np.float32]]:
    """(box, score) in the order of choice; with sigma, overlapped boxes lose score before they are judged again."""
    decay = np.float32(-0.5) / sigma if sigma > 0 else np.float32(0)
    corners = [list(box) for box in boxes]
    # (score, box, how many chosen boxes it was compared with)
    queue = Heap[tuple[np.float32, int, int]](lambda a, b: bool(a[0] < b[0]))
    for box, score in enumerate(scores):
        if score > least:
            queue.push((score, box, 0))
    most = min(most, len(queue))
    chosen: list[tuple[int, np.float32]] = []
    while len(queue) and len(chosen) < most:
        original, box, compared = queue.pop()
        score, is_out = original, False
        for other, _ in reversed(chosen[compared:]):
            shared = _overlap(corners[box], corners[other])
            if sigma > 0:
                score = np.float32(score * np.float32(math.exp(np.float32(decay * shared * shared))))
            if shared >= overlap:
                is_out = True
                break
            if score <= least:
                break
        if is_out:
            continue
        if score == original:
            chosen.append((box, score))
        if score > least:
            # A chosen box comes back too, and is then suppressed by itself; on the way it moves its equals.
            queue.push((score, box, len(chosen) - (score == original)))
    return chosen


def _suppress(
    boxes: F32, scores: F32, parameters: tuple[NDArray[Any], ...], places: NDArray[np.int32], kept: F32 | None,
    count: NDArray[np.int32],
) -> None:  # fmt: skip
    overlap, least, *rest = (np.float32(p.reshape(-1)[0]) for p in parameters)
    sigma = rest[0] if rest else np.float32(0)
    if not 0 <= sigma < np.inf:
        raise InputError(f"Soft suppression needs a sigma of 0 or more; its input has {sigma}.")
    with np.errstate(all="ignore"):
        chosen = _choose(boxes, scores, places.size, overlap, least, sigma)
    places[...] = 0
    places[: len(chosen)] = [box for box, _ in chosen]
    if kept is not None:
        kept[...] = 0
        kept[: len(chosen)] = [score for _, score in chosen]
    count[...] = len(chosen)


def prepare(ctx: NodeContext) -> Sequence[Call]:
    """Places behind the last chosen box are 0.

    Source: tflite/kernels/non_max_suppression.cc
    """
    is_soft = ctx.node.op.endswith("V5")
    real = [ctx.input(i) for i in (0, 1, 3, 4, *((5,) if is_soft else ()))] + list(ctx.outputs[1:2] if is_soft else ())
    if any(operand.type is not TensorType.FLOAT32 for operand in real):
        ctx.unsupported()
    places, count = ctx.output(0), ctx.output(len(ctx.outputs) - 1)
    if not ctx.input(2).type is places.type is count.type is TensorType.INT32:
        ctx.unsupported()
    parameters = tuple(ctx.input(i).ref() for i in range(3, len(ctx.inputs)))
    kept = ctx.output(1).ref() if is_soft else None
    return [Call(_suppress, (ctx.input(0).ref(), ctx.input(1).ref(), parameters, places.ref(), kept, count.ref()))]


_INPUTS = "float32 x float32 x int32 x float32 x float32"
register(Operator("NON_MAX_SUPPRESSION_V4", infer, prepare, (5, 5), (f"{_INPUTS} -> int32, int32",)))
register(Operator("NON_MAX_SUPPRESSION_V5", infer, prepare, (6, 6), (f"{_INPUTS} x float32 -> int32, float32, int32",)))

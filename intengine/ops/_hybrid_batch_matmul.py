"""BATCH_MATMUL of float32 and int8, each row of the left side quantized by itself.

Source: tflite/kernels/batch_matmul.cc, tflite/kernels/internal/reference/batch_matmul.h
"""

import math
from typing import Any

import numpy as np
from intengine_kernels.batch_matmul_hybrid import batch_matmul_hybrid
from intengine_kernels.fused_matrix import batch_matmul_dynamic
from intengine_kernels.hybrid_quantize import LANES
from numpy.typing import NDArray

from intengine.ops._context import NodeContext
from intengine.shapes import Shape
from intengine.step import Call, Ref, Scratch

#: A kernel's operand: where it lies, or a constant.
Place = Ref | Scratch | NDArray[Any]


def hybrid_call(ctx: NodeContext, left: Place, right: Place, from_a: Any, from_b: Any, target: Ref) -> Call:
    """float32 x int8 -> float32, each row of the left side quantized on the fly.

    LiteRT finds the scales of a left batch, and the sums of a right one, at the *sum* of its batch indices, which
    is its place only where one of them is not 0; a last right batch axis of 1 is first merged into the rows of the
    left side. So do we, but for sums that LiteRT never computes. It also keeps the sums of the first invocation,
    where the right side may change; here they are always those of this one.
    """
    a, b, out = ctx.input(0), ctx.input(1), ctx.output()
    rows, columns = out.shape[-2:]
    filter_scale = b.quantization.scale
    ctx.require(filter_scale.size in (1, columns), f"needs 1 or {columns} scales", filter_scale.size)
    ctx.require(bool(np.isfinite(filter_scale).all()), "needs finite scales", filter_scale)
    if ctx.numerics.hybrid.is_dynamic:
        scales = np.array(np.broadcast_to(filter_scale, columns))
        work = (Scratch(np.dtype(np.float32), (2, LANES)), Scratch(np.dtype(np.int8), left.shape[2:]))
        return Call(batch_matmul_dynamic, (left, right, from_a, from_b, scales, *work, target))
    batches = out.shape[:-2]
    merged = not ctx.options["adj_x"] and min(a.rank, b.rank) > 2 and b.shape[-3] == 1
    scale_row = _sum_of_indices(a.shape[:-2], batches, rows, merged=merged)
    sum_row = _sum_of_indices(b.shape[:-2], batches, columns, merged=merged)
    computed = math.prod((1, 1, *b.shape[: -3 if merged else -2])[-2:]) * columns
    sum_row = np.where(sum_row < computed, sum_row, from_b * columns)
    float32, int32 = np.dtype(np.float32), np.dtype(np.int32)
    return Call(
        batch_matmul_hybrid,
        (
            left, right, from_a, from_b, scale_row, sum_row, np.array(np.broadcast_to(filter_scale, columns)),
            bool(ctx.options["asymmetric_quantize_inputs"]), Scratch(float32, (2, LANES)),
            Scratch(np.dtype(np.int16), (8,)), Scratch(float32, (left.shape[0] * rows,)),
            Scratch(int32, (left.shape[0] * rows,)), Scratch(int32, (right.shape[0] * columns,)),
            Scratch(np.dtype(np.int8), left.shape), target,
        ),
    )  # fmt: skip


def _sum_of_indices(own: Shape, batches: Shape, rows: int, *, merged: bool) -> NDArray[np.int64]:
    """int64[batches], rows times the sum of the batch indices along the axes that are not broadcast.

    If `merged`, the last axis counts rows.
    """
    padded = (1,) * (len(batches) - len(own)) + own
    at = np.zeros(batches, np.int64)
    for axis, size in enumerate(padded):
        index = np.arange(batches[axis]).reshape([-1 if i == axis else 1 for i in range(len(batches))])
        if size > 1:
            inner = padded[-1] if merged and axis < len(padded) - 1 else 1
            at += index * rows * inner
    return at.reshape(-1)

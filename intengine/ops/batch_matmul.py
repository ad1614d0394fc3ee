"""BATCH_MATMUL: [..., M, K] x [..., K, N] -> [..., M, N], with either operand transposed, batches broadcast."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from intengine_kernels.batch_matmul import batch_matmul_float, batch_matmul_requantize
from intengine_kernels.batch_matmul_hybrid import batch_matmul_hybrid, batch_matmul_int32
from intengine_kernels.fused_matrix import batch_matmul_dynamic, batch_matmul_fused
from intengine_kernels.hybrid_quantize import LANES
from numpy.typing import NDArray

from intengine.model import TensorType
from intengine.numerics import ConvScales
from intengine.ops._context import NodeContext, Operand
from intengine.ops._registry import Operator, register
from intengine.shapes import Shape, broadcast, broadcast_strides
from intengine.step import Call, Ref, Scratch

#: A kernel's operand: where it lies, or a constant.
_Place = Ref | Scratch | NDArray[Any]


def _swapped(shape: Shape, adjoint: bool) -> Shape:
    return (*shape[:-2], shape[-1], shape[-2]) if adjoint else shape


def infer(ctx: NodeContext) -> Sequence[Shape]:
    a, b = ctx.input(0), ctx.input(1)
    ctx.require(min(a.rank, b.rank) >= 2 and max(a.rank, b.rank) <= 5, "needs 2 to 5 axes", (a.shape, b.shape))
    left, right = _swapped(a.shape, ctx.options["adj_x"]), _swapped(b.shape, ctx.options["adj_y"])
    ctx.require(left[-1] == right[-2], "needs equal inner sizes", (left, right))
    return [(*broadcast(left[:-2], right[:-2]), left[-2], right[-1])]


def _operand(operand: Operand, adjoint: bool, batches: Shape, *, columns: bool) -> tuple[list[Call], _Place, Any]:
    """(calls that copy it if needed, the operand as [batches, rows, K], first batch of each output batch).

    The kernel wants K last for both; what lies otherwise is copied first.
    """
    shape = operand.shape
    own = math.prod(shape[:-2])
    rows, depth = (shape[-1], shape[-2]) if adjoint != columns else (shape[-2], shape[-1])
    first = np.zeros(batches, np.int64)
    strides = broadcast_strides(shape[:-2], batches)
    for axis, stride in enumerate(strides):
        index = [1] * len(batches)
        index[axis] = -1
        first += (np.arange(batches[axis]) * stride).reshape(index)
    if adjoint == columns:
        return [], operand.ref((own, rows, depth)), first.reshape(-1)
    if operand.value is not None:
        turned = operand.value.reshape(own, depth, rows).transpose(0, 2, 1)
        return [], np.ascontiguousarray(turned), first.reshape(-1)
    target = Scratch(operand.dtype, (own, rows, depth))
    view = operand.strided((own, rows, depth), (rows * depth, 1, rows))
    return [Call(np.copyto, (target, view))], target, first.reshape(-1)


def prepare(ctx: NodeContext) -> Sequence[Call]:
    """Source: tflite/kernels/batch_matmul.cc, tflite/kernels/internal/reference/batch_matmul.h"""
    a, b, out = ctx.input(0), ctx.input(1), ctx.output()
    batches = out.shape[:-2]
    before_a, left, from_a = _operand(a, bool(ctx.options["adj_x"]), batches, columns=False)
    before_b, right, from_b = _operand(b, bool(ctx.options["adj_y"]), batches, columns=True)
    count = math.prod(batches)
    target = out.ref((count, *out.shape[-2:]))
    copies = [*before_a, *before_b]
    if a.type is b.type is out.type is TensorType.FLOAT32:
        kernel = batch_matmul_fused if ctx.numerics.float_is_fused else batch_matmul_float
        return [*copies, Call(kernel, (left, right, from_a, from_b, target))]
    if a.type is out.type is TensorType.FLOAT32 and b.type is TensorType.INT8:
        return [*copies, _hybrid(ctx, left, right, from_a, from_b, target)]
    int8 = a.type is b.type is TensorType.INT8 and out.type in (TensorType.INT8, TensorType.INT32)
    int16 = a.type is out.type is TensorType.INT16 and b.type in (TensorType.INT16, TensorType.INT8)
    if not int8 and not int16:
        ctx.unsupported()
    zero_points = (a.zero_point, b.zero_point)
    if out.type is TensorType.INT32:
        # The integers as stored: LiteRT leaves the zero points in.
        return [*copies, Call(batch_matmul_int32, (left, right, from_a, from_b, target))]
    if int16 and (any(zero_points) or out.zero_point):
        ctx.require(False, "needs zero points 0 for int16", zero_points)
    columns = out.shape[-1]
    scales = ConvScales(a.scale, b.quantization.scale[:1], out.scale, a.type, int16, columns)
    b.scale  # noqa: B018 - checks that there is one positive scale
    parameters = (*zero_points, *ctx.numerics.batch_matmul(scales).args, out.zero_point, *out.range)
    acc = Scratch(np.dtype(np.int64 if int16 else np.int32), (columns,))
    return [*copies, Call(batch_matmul_requantize, (left, right, from_a, from_b, *parameters, acc, target))]


def _hybrid(ctx: NodeContext, left: _Place, right: _Place, from_a: Any, from_b: Any, target: Ref) -> Call:
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


register(
    Operator(
        "BATCH_MATMUL",
        infer,
        prepare,
        inputs=(2, 2),
        signatures=("int8 x int8 -> int8|int32", "int16 x int16|int8 -> int16", "float32 x float32|int8 -> float32"),
    )
)

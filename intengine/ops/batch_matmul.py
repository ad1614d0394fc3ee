"""BATCH_MATMUL: [..., M, K] x [..., K, N] -> [..., M, N], with either operand transposed, batches broadcast."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from intengine_kernels.batch_matmul import batch_matmul_float, batch_matmul_requantize
from intengine_kernels.batch_matmul_hybrid import batch_matmul_int32
from intengine_kernels.fused_matrix import batch_matmul_fused

from intengine.model import TensorType
from intengine.numerics import ConvScales
from intengine.ops._context import NodeContext
from intengine.ops._hybrid_batch_matmul import Place, hybrid_call
from intengine.ops._operand import Operand
from intengine.ops._registry import Operator, register
from intengine.shapes import Shape, broadcast, broadcast_strides
from intengine.step import Call, Scratch


def _swapped(shape: Shape, adjoint: bool) -> Shape:
    return (*shape[:-2], shape[-1], shape[-2]) if adjoint else shape


def infer(ctx: NodeContext) -> Sequence[Shape]:
    a, b = ctx.input(0), ctx.input(1)
    ctx.require(min(a.rank, b.rank) >= 2 and max(a.rank, b.rank) <= 5, "needs 2 to 5 axes", (a.shape, b.shape))
    left, right = _swapped(a.shape, ctx.options["adj_x"]), _swapped(b.shape, ctx.options["adj_y"])
    ctx.require(left[-1] == right[-2], "needs equal inner sizes", (left, right))
    return [(*broadcast(left[:-2], right[:-2]), left[-2], right[-1])]


def _operand(operand: Operand, adjoint: bool, batches: Shape, *, columns: bool) -> tuple[list[Call], Place, Any]:
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
        return [*copies, hybrid_call(ctx, left, right, from_a, from_b, target)]
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


register(
    Operator(
        "BATCH_MATMUL",
        infer,
        prepare,
        inputs=(2, 2),
        signatures=("int8 x int8 -> int8|int32", "int16 x int16|int8 -> int16", "float32 x float32|int8 -> float32"),
    )
)

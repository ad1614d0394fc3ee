"""Hybrid: float32 activations quantized on the fly, integer weights, float32 results.

Source: tflite/kernels/fully_connected.cc
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from intengine_kernels.hybrid import gemm_hybrid
from intengine_kernels.hybrid_quantize import ASYMMETRIC, DYNAMIC, LANES, SYMMETRIC
from intengine_kernels.hybrid_sparse import gemm_hybrid_sparse
from intengine_kernels.isa import COLUMNS, ROW_BLOCK, TILE_ROWS
from intengine_kernels.isa.hybrid_lanes import FUSED, SCALES_FIRST
from numpy.typing import NDArray

from intengine.model import TensorType
from intengine.ops._context import NodeContext
from intengine.ops._float_matrix import float_bias
from intengine.ops._hybrid_weights import lane_sums, misread, row_sums, scales_of, weights_of, with_negatives
from intengine.ops._operand import Operand
from intengine.ops._packed import Packed
from intengine.ops._packing import pack_for
from intengine.ops._rule import pad_last
from intengine.quantization import real_bounds
from intengine.step import Call, Reach, Ref, Scratch


def padded(packed: Packed, values: NDArray[Any]) -> NDArray[Any]:
    """[N] parameters with each group's channels padded as the packed weights are."""
    groups, panels = packed.weights.shape[:2]
    return pad_last(values.reshape(groups, -1), panels * COLUMNS).reshape(-1)


def scratch(packed: Packed, size: int) -> tuple[Any, ...]:
    """(lanes, scales, zero_points, q, none, panel, acc), in the order in which kernels take them."""
    depth = packed.weights.shape[2] * packed.weights.shape[4]
    return (
        Scratch(np.dtype(np.float32), (2, LANES)),
        Scratch(np.dtype(np.float32), (ROW_BLOCK,)),
        Scratch(np.dtype(np.int32), (ROW_BLOCK,)),
        Scratch(np.dtype(np.int8), (size,)),
        np.zeros(ROW_BLOCK, np.int32),
        Scratch(packed.panel, (ROW_BLOCK * depth,)),
        Scratch(np.dtype(np.int32), (ROW_BLOCK * COLUMNS,)),
    )


def fully_connected(ctx: NodeContext) -> Sequence[Call]:
    source, weights, out = ctx.input(0), ctx.input(1), ctx.output()
    if weights.spec.sparsity is not None and ctx.options["asymmetric_quantize_inputs"]:
        return [_sparse(ctx)]
    channels, depth = weights.shape
    lo, hi = real_bounds(ctx.options["fused_activation_function"])
    rows = source.size // depth
    bias = float_bias(ctx, ctx.optional(2), channels)
    x, y = source.ref((rows, depth)), out.ref((rows, channels))
    return [product(ctx, x, weights, bias, y, asymmetric=ctx.options["asymmetric_quantize_inputs"], lo=lo, hi=hi)]


def product(
    ctx: NodeContext,
    x: Ref | Scratch,
    weights: Operand,
    bias: NDArray[np.float32],
    out: Ref | Scratch,
    *,
    asymmetric: bool,
    lo: float = -np.inf,
    hi: float = np.inf,
) -> Call:
    """out[M, N] = clamp(x[M, K] @ weights[N, K].T + bias), each row of x quantized by itself."""
    values = weights_of(ctx, weights, (TensorType.INT8, TensorType.UINT8, TensorType.INT4, TensorType.INT2))
    scales = scales_of(weights, weights.shape[0], 0)
    return product_of_rows(ctx, x, values, scales, bias, out, asymmetric=asymmetric, lo=lo, hi=hi)


def product_of_rows(
    ctx: NodeContext,
    x: Ref | Scratch,
    values: NDArray[np.int8],
    scales: NDArray[np.float32],
    bias: NDArray[np.float32],
    out: Ref | Scratch,
    *,
    asymmetric: bool,
    lo: float,
    hi: float,
) -> Call:
    channels, depth = values.shape
    rows = x.shape[0]
    weight_rows, copies, sums = values, 0, row_sums(values)
    kind, order = DYNAMIC, FUSED
    if not ctx.numerics.hybrid.is_dynamic:
        weight_rows, copies = with_negatives(values)
        kind, order = ASYMMETRIC if asymmetric else SYMMETRIC, SCALES_FIRST
        sums = lane_sums(values)
    packed = pack_for(np.dtype(np.int8), 0, weight_rows[np.newaxis], 0, np.zeros(channels, np.int64), wide=False)
    return Call(
        gemm_hybrid,
        (
            packed.isa, x, packed.flip, copies, packed.weights, packed.bias,
            padded(packed, sums), padded(packed, scales), padded(packed, bias), kind, order, lo, hi, 0, rows,
            *scratch(packed, depth), out,
        ),
        rows * values.size,
        TILE_ROWS,
        reach=Reach.rows(rows, depth, channels),
    )  # fmt: skip


def _sparse(ctx: NodeContext) -> Call:
    source, weights, out = ctx.input(0), ctx.input(1), ctx.output()
    values = weights_of(ctx, weights, (TensorType.INT8, TensorType.UINT8, TensorType.INT4, TensorType.INT2))
    channels, depth = weights.shape
    lo, hi = real_bounds(ctx.options["fused_activation_function"])
    rows = source.size // depth
    return Call(
        gemm_hybrid_sparse,
        (
            source.ref((rows, depth)), np.array(values), misread(values).astype(np.int8),
            row_sums(values), scales_of(weights, channels, 0), weights.quantization.per_channel,
            float_bias(ctx, ctx.optional(2), channels), lo, hi, Scratch(np.dtype(np.float32), (2, LANES)),
            Scratch(np.dtype(np.int8), (depth,)), out.ref((rows, channels)),
        ),
    )  # fmt: skip

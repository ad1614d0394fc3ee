"""Weights of dynamic-range products, as kernels take them."""

import numpy as np
from numpy.typing import NDArray

from intengine.model import TensorType
from intengine.ops._context import NodeContext
from intengine.ops._operand import Operand

#: Columns that x86 builds multiply at once.
_SSE_BLOCK = 16


def weights_of(ctx: NodeContext, weights: Operand, types: tuple[TensorType, ...]) -> NDArray[np.int8]:
    """The symmetric weights as int8.

    Raises:
        UnsupportedOpError: for other types. InvalidModelError: for a zero point.
    """
    if weights.type not in types:
        ctx.unsupported()
    zero_points = weights.quantization.zero_point
    if zero_points.size and zero_points.any():
        weights.refuse("is a hybrid filter and needs zero point 0", str(int(zero_points[zero_points != 0][0])))
    # Old converters called int8 weights uint8.
    return weights.known().view(np.int8)


def scales_of(weights: Operand, channels: int, axis: int) -> NDArray[np.float32]:
    return np.array(np.broadcast_to(weights.channel_scales(channels, axis), channels))


def row_sums(rows: NDArray[np.int8]) -> NDArray[np.int32]:
    return np.ascontiguousarray(rows.reshape(rows.shape[0], -1).sum(axis=1, dtype=np.int32))


def lane_sums(rows: NDArray[np.int8]) -> NDArray[np.int32]:
    """Row sums [N] of [N, K] as x86 builds add them up: in int16 lanes, which can wrap where K is above 2064.

    Lane j takes columns 2 * j and 2 * j + 1 of each 16, and column j of 8 more; the last columns are added in int32.

    Source: tflite/kernels/internal/optimized/sse_tensor_utils.cc
    """
    depth = rows.shape[1]
    whole, most = depth // 16 * 16, depth // 8 * 8
    lanes = rows[:, :whole].reshape(rows.shape[0], whole // 16, 8, 2).sum(axis=(1, 3), dtype=np.int16)
    if whole < most:
        lanes += rows[:, whole:most]
    return lanes.sum(axis=1, dtype=np.int32) + rows[:, most:].sum(axis=1, dtype=np.int32)


def misread(rows: NDArray[np.int8]) -> NDArray[np.bool_]:
    """Whose product with a negative activation x86 builds get wrong: -128 in the whole blocks of the last axis.

    Source: tflite/kernels/internal/optimized/sse_tensor_utils.cc
    """
    wrong = rows == -128
    wrong[..., rows.shape[-1] // _SSE_BLOCK * _SSE_BLOCK :] = False
    return wrong


def with_negatives(rows: NDArray[np.int8]) -> tuple[NDArray[np.int8], int]:
    """[..., K] weights as x86 builds multiply them, with the number of copies of min(q, 0) that they need.

    What is missing there, 256 * min(q, 0), is given as 127 + 127 + 2; see `intengine_kernels.hybrid.gemm_hybrid`.
    """
    wrong = misread(rows).astype(np.int8)
    if not wrong.any():
        return rows, 0
    return np.concatenate([rows, wrong * np.int8(127), wrong * np.int8(127), wrong * np.int8(2)], axis=-1), 3

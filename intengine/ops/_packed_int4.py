"""FULLY_CONNECTED of float32 with int4 weights as LiteRT's optimized kernel packs them.

Source: tflite/kernels/fully_connected.cc, tflite/kernels/internal/optimized/4bit/sse_fully_connected.cc
"""

import numpy as np
from intengine_kernels.hybrid_int4 import OFFSET, gemm_hybrid_int4
from intengine_kernels.isa import COLUMNS, ROW_BLOCK
from numpy.typing import NDArray

from intengine.model import TensorType
from intengine.numerics import PackedInt4
from intengine.ops._context import NodeContext
from intengine.ops._float_matrix import float_bias
from intengine.ops._operand import Operand
from intengine.ops._packing import pack_for
from intengine.ops._rule import pad_last
from intengine.quantization import real_bounds
from intengine.step import Call, Scratch

#: Least rows and columns of the weights, a block of the packing.
_ROWS, _COLUMNS = 4, 32
_LEAST = -8


def is_packed(ctx: NodeContext, weights: Operand) -> bool:
    """Whether the profile packs these weights: a whole block of int4 at least, an even number in each row."""
    channels, depth = weights.shape
    return (
        ctx.numerics.packed_int4 is PackedInt4.NIBBLES
        and weights.type is TensorType.INT4
        and weights.spec.sparsity is None
        and channels >= _ROWS
        and depth >= _COLUMNS
        and depth % 2 == 0
    )


def packed_nibbles(weights: NDArray[np.int8]) -> NDArray[np.int8]:
    """[N, K] of w + 7 as the packed nibbles hold them.

    A byte joins elements j and j + 16 of a block of 32 columns. -8 becomes a byte of ones, not a nibble: it is read as
    15, and so is the other element of its byte if -8 is the second. In whole blocks, which are shifted as 16-bit
    words, -8 as element j also turns element j + 18 into 15 where j % 4 is below 2.
    """
    channels, depth = weights.shape
    blocks = -(-depth // _COLUMNS)
    columns = np.arange(blocks * _COLUMNS).reshape(1, blocks, 2, _COLUMNS // 4, 2)
    is_least = np.zeros((channels, blocks * _COLUMNS), np.bool_)
    is_least[:, :depth] = weights == _LEAST
    # Axes: channel, block, half of a block, byte of a half, nibble of a byte of the file.
    least = is_least.reshape(channels, *columns.shape[1:])
    ones = least.copy()
    ones[:, :, 0] |= least[:, :, 1]
    whole = (columns[:, :, 0, 1::2] // _COLUMNS + 1) * _COLUMNS <= depth
    ones[:, :, 1, 1::2] |= least[:, :, 0, 0::2] & whole
    values = weights + np.int8(OFFSET)
    values[ones.reshape(channels, -1)[:, :depth]] = 15
    return values


def fully_connected(ctx: NodeContext) -> Call:
    source, weights, out = ctx.input(0), ctx.input(1), ctx.output()
    channels, depth = weights.shape
    rows = source.size // depth
    nibbles = packed_nibbles(weights.known().view(np.int8))
    packed = pack_for(np.dtype(np.int8), 0, nibbles[np.newaxis], 0, np.zeros(channels, np.int64), wide=False)
    scales = np.broadcast_to(weights.channel_scales(channels, 0), channels)
    bias = ctx.optional(2)
    offset = np.full(channels, -0.0, np.float32) if bias is None else float_bias(ctx, bias, channels)
    width = packed.weights.shape[1] * COLUMNS
    return Call(
        gemm_hybrid_int4,
        (
            packed.isa, source.ref((rows, depth)), packed.flip, packed.weights, packed.bias,
            pad_last(scales, width), pad_last(offset, width),
            *real_bounds(ctx.options["fused_activation_function"]), 0, rows,
            Scratch(np.dtype(np.float32), (ROW_BLOCK,)), Scratch(np.dtype(np.int32), (ROW_BLOCK,)),
            Scratch(np.dtype(np.int8), (depth,)), np.zeros(ROW_BLOCK, np.int32),
            Scratch(packed.panel, (ROW_BLOCK, packed.steps * packed.weights.shape[4])), packed.work.acc,
            out.ref((rows, channels)),
        ),
    )  # fmt: skip

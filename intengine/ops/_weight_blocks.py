"""FULLY_CONNECTED with weights in blocks: sparse int8 in blocks of 1 x 16, int4 with a scale for each block.

Source: tflite/kernels/fully_connected.cc
"""

from collections.abc import Sequence

import numpy as np
from intengine_kernels.gemm_blocks import BLOCK, HALF, gemm_blocks
from intengine_kernels.hybrid_blockwise import gemm_hybrid_blockwise
from intengine_kernels.hybrid_quantize import LANES
from numpy.typing import NDArray

from intengine.model import BlockwiseQuantization, TensorType
from intengine.numerics import Requantizer
from intengine.ops._context import NodeContext
from intengine.ops._float_matrix import float_bias
from intengine.step import Call, Scratch


def is_wrapping(ctx: NodeContext) -> bool:
    """Whether a sparse int8 filter has blocks of 1 x 16 in which sums of LiteRT can wrap; see `gemm_blocks`."""
    weights = ctx.input(1)
    if weights.shape[1] % BLOCK:
        return False
    halves = weights.known().reshape(-1, BLOCK) == -128
    return bool((halves[:, :HALF] & halves[:, HALF:]).any())


def wrapping_call(ctx: NodeContext, bias: NDArray[np.int64], requantizer: Requantizer) -> Call:
    """int8 inputs with a sparse filter, sums as LiteRT has them."""
    source, weights, out = ctx.input(0), ctx.input(1), ctx.output()
    channels, depth = weights.shape
    lo, hi = ctx.activation_range(out)
    rows = source.size // depth
    values = weights.known()
    return Call(
        gemm_blocks,
        (
            source.ref((rows, depth)), source.zero_point, np.array(values), values.sum(axis=1, dtype=np.int32),
            bias.astype(np.int32), *requantizer.args, out.zero_point, lo, hi,
            Scratch(np.dtype(np.int32), (channels,)), out.ref((rows, channels)),
        ),
    )  # fmt: skip


def blockwise(ctx: NodeContext, details: BlockwiseQuantization) -> Sequence[Call]:
    """float32 inputs, int4 weights in blocks along the inner axis; the scales are a float16 tensor of the graph.

    LiteRT has this in its optimized kernels only, which always quantize inputs with a zero point and leave the fused
    activation out; its reference kernels take the scale to be 0.
    """
    source, weights, out = ctx.input(0), ctx.input(1), ctx.output()
    if weights.type is not TensorType.INT4:
        ctx.unsupported()
    channels, depth = weights.shape
    scales = ctx.tensor(details.scales)
    ctx.require(scales.type is TensorType.FLOAT16, "needs float16 scales of blocks", scales.type.name)
    ctx.require(details.block_size > 0, "needs a block size of at least 1", details.block_size)
    blocks = depth // details.block_size
    ctx.require(scales.size == channels * blocks, f"needs {channels * blocks} scales of blocks", scales.size)
    rows = source.size // depth
    return [
        Call(
            gemm_hybrid_blockwise,
            (
                source.ref((rows, depth)), np.array(weights.known()), details.block_size,
                scales.known().astype(np.float32).reshape(channels, blocks),
                float_bias(ctx, ctx.optional(2), channels), Scratch(np.dtype(np.float32), (2, LANES)),
                Scratch(np.dtype(np.int8), (depth,)), out.ref((rows, channels)),
            ),
        )
    ]  # fmt: skip

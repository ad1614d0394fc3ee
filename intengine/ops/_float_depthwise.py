"""float32 depthwise convolutions: sequential sums over the taps, whose order and beginning are the profile's.

Source: tflite/kernels/internal/reference/depthwiseconv_float.h; XNNPACK/src/operators/convolution-nhwc.c
"""

from collections.abc import Sequence

import numpy as np
from intengine_kernels.float_depthwise import depthwise_conv_float, depthwise_conv_float_multiplied
from intengine_kernels.isa.vectors import LANES
from numpy.typing import NDArray

from intengine.numerics import DepthwiseFloat
from intengine.ops._context import NodeContext
from intengine.ops._float_matrix import ends, float_bias, float_range, grouped_conv
from intengine.ops._window import Window
from intengine.step import FLOAT_WORK, Call, Scratch

#: Taps of XNNPACK's greatest depthwise kernel.
_MOST_TAPS = 25


def depthwise_conv(ctx: NodeContext, window: Window) -> Sequence[Call]:
    source, weights, out = ctx.input(0), ctx.input(1), ctx.output()
    channels, depth = weights.shape[3], source.shape[3]
    lo, hi = float_range(ctx.options["fused_activation_function"])
    bias = float_bias(ctx, ctx.optional(2), channels)
    values = weights.known()[0]
    order = ctx.numerics.depthwise_float
    is_fused = order is DepthwiseFloat.FUSED
    if is_fused and channels > depth:
        # XNNPACK makes a convolution with groups of it, whose taps come by row, column.
        rows = values.transpose(2, 0, 1).reshape(depth, channels // depth, window.kh * window.kw)
        return [grouped_conv(ctx, window, rows, bias, lo, hi)]
    start, end = ends(ctx, bias)
    if order is DepthwiseFloat.BIAS_FIRST:
        start, end = end, np.full_like(end, -0.0)
    after = (*window.geometry, lo, hi, 0, out.shape[0] * out.shape[1])
    taps = window.kh * window.kw
    work = FLOAT_WORK * out.size * taps
    # Of more taps than its depthwise kernels have, XNNPACK makes a convolution with groups, too.
    by_column = is_fused and taps <= _MOST_TAPS
    if channels > depth:
        plain = (start[:channels].copy(), end[:channels].copy())
        acc = Scratch(np.dtype(np.float32), (channels,))
        args = (source.ref(), np.array(values), *plain, *after, acc, out.ref())
        return [Call(depthwise_conv_float_multiplied, args, work=work, reach=window.reach(source.shape, out.shape[3]))]
    return [
        Call(
            depthwise_conv_float,
            (
                is_fused, by_column, source.ref(), np.pad(values.reshape(-1), (0, LANES)),
                start, end, window.kh, window.kw, *after, Scratch(np.dtype(np.int64), (out.shape[2],)),
                *(Scratch(np.dtype(np.int64), (taps,)) for _ in range(2)), out.ref(),
            ),
            work=work,
            pads=not is_fused and _skips_as_well(values, start),
            reach=window.reach(source.shape, out.shape[3]),
        )
    ]  # fmt: skip


def _skips_as_well(weights: NDArray[np.float32], start: NDArray[np.float32]) -> bool:
    """Whether leaving out taps of 0 changes no bit: 0 * w is a zero, which changes nothing but a sum of -0.0.

    A sum of rounded products that does not begin as -0.0 never becomes that; a fused one can, by underflow.
    """
    return bool(np.isfinite(weights).all() and not (np.signbit(start) & (start == 0)).any())

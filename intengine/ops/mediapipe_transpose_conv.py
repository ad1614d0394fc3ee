"""MediaPipe's Convolution2DTransposeBias, on float32 [B, H, W, C].

LiteRT's own kernels lack it; its XNNPACK delegate runs it where strides are those of plain upsampling, and there the
results are the same. Elsewhere they are those of MediaPipe's kernel.

Sources: mediapipe/util/tflite/operations/transpose_conv_bias.cc; tflite/delegates/xnnpack/xnnpack_delegate.cc
"""

from collections.abc import Sequence

import numpy as np

from intengine.ops._context import NodeContext
from intengine.ops._float_matrix import float_bias
from intengine.ops._mediapipe import VALID, check, struct
from intengine.ops._registry import Operator, register
from intengine.ops._transpose_conv import float_call
from intengine.shapes import Shape, window_output, window_padding
from intengine.step import Call


def _transposed(ctx: NodeContext, axis: int, declared: int) -> tuple[int, int]:
    """(size, padding) of the output along one axis.

    What the file declares decides, where it is a size that the padding allows; otherwise it is the least one.
    """
    padding, stride_w, stride_h = struct(ctx, 3)
    stride, size, window = (stride_h, stride_w)[axis - 1], ctx.input(0).shape[axis], ctx.input(1).shape[axis]
    ctx.require(size > 0 and window > 0, "needs inputs and filters that are not empty", (size, window))
    least = stride * (size - 1) + window
    if padding == VALID:
        return least + ((declared - window) % stride if declared > 0 else 0), 0
    if declared <= 0 or window_output(declared, window, stride, 1, True) != size:
        declared = least - max(0, window - (size - 1) % stride - 1)
    ctx.require(declared > 0, "needs an output that is not empty", declared)
    return declared, window_padding(declared, window, stride, 1, size)


def infer(ctx: NodeContext) -> Sequence[Shape]:
    check(ctx, 2)
    source, weights, declared = ctx.input(0), ctx.input(1), ctx.output().spec.shape
    ctx.require(
        weights.shape[3] == source.shape[3], "needs the filter's input channels to be the input's",
        f"{weights.shape[3]} and {source.shape[3]}",
    )  # fmt: skip
    sizes = declared if len(declared) == 4 else (0, 0, 0, 0)
    return [(source.shape[0], *(_transposed(ctx, axis, sizes[axis])[0] for axis in (1, 2)), weights.shape[0])]


def prepare(ctx: NodeContext) -> Sequence[Call]:
    """Each output begins with its bias and adds its products in the order of the image."""
    source, weights, out = ctx.input(0), ctx.input(1), ctx.output()
    _, stride_w, stride_h = struct(ctx, 3)
    pads = [_transposed(ctx, axis, out.shape[axis])[1] for axis in (1, 2)]
    geometry = (stride_h, stride_w, pads[0], pads[1])
    bias = float_bias(ctx, ctx.optional(2), weights.shape[0])
    return [float_call(source, weights, bias, np.zeros_like(bias), geometry, (-np.inf, np.inf), out)]


_F = "float32"
_KINDS = f"{_F} x {_F} x {_F} -> {_F}"
register(Operator("Convolution2DTransposeBias", infer, prepare, (2, 3), (_KINDS,)))

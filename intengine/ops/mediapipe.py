"""MediaPipe's custom operators: Convolution2DTransposeBias, MaxPoolingWithArgmax2D and MaxUnpooling2D, float32.

Their options are the bytes of LiteRT's own structures: little-endian int32, padding 1 (SAME) or 2 (VALID) first. LiteRT
runs them in its XNNPACK delegate alone.
"""

import struct
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from intengine.errors import InputError
from intengine.model import TensorType
from intengine.ops._context import NodeContext
from intengine.ops._float_matrix import float_bias
from intengine.ops._registry import Operator, register
from intengine.ops.transpose_conv import float_call
from intengine.shapes import Shape, window_output, window_padding
from intengine.step import Call

_SAME, _VALID = 1, 2
_MOST = 2**16


def _numbers(ctx: NodeContext, count: int) -> tuple[int, ...]:
    """The first int32 of the options, padding first; the others must be positive."""
    raw = bytes(ctx.node.custom_options)
    ctx.require(len(raw) >= 4 * count, f"needs options of {4 * count} bytes", len(raw))
    found = struct.unpack_from(f"<{count}i", raw)
    ctx.require(found[0] in (_SAME, _VALID), "needs padding SAME (1) or VALID (2)", found[0])
    ctx.require(all(0 < n <= _MOST for n in found[1:]), "needs positive sizes and strides", found[1:])
    return found


def _only_floats(ctx: NodeContext) -> None:
    operands = [operand for operand in (*ctx.inputs, *ctx.outputs) if operand is not None]
    if any(operand.type is not TensorType.FLOAT32 for operand in operands):
        ctx.unsupported()
    source = ctx.input(0)
    ctx.require(source.rank == 4, "needs a 4-D input", source.shape)


def infer_transpose(ctx: NodeContext) -> Sequence[Shape]:
    padding, stride_w, stride_h = _numbers(ctx, 3)
    source, weights = ctx.input(0), ctx.input(1)
    fits = source.rank == weights.rank == 4 and weights.shape[3] == source.shape[3] and min(weights.shape) > 0
    ctx.require(fits, "needs a filter [n, kh, kw, channels of the input]", (source.shape, weights.shape))
    sides = zip(source.shape[1:3], (stride_h, stride_w), weights.shape[1:3], strict=True)
    sizes = [n * step if padding == _SAME else max((n - 1) * step + k, 0) for n, step, k in sides]
    return [(source.shape[0], *sizes, weights.shape[0])]


def prepare_transpose(ctx: NodeContext) -> Sequence[Call]:
    """TRANSPOSE_CONV whose output size follows from the input's: times the stride, or all that the filter reaches.

    Source: mediapipe/util/tflite/operations/transpose_conv_bias.cc
    """
    _only_floats(ctx)
    _, stride_w, stride_h = _numbers(ctx, 3)
    source, weights, out = ctx.input(0), ctx.input(1), ctx.output()
    sides = zip(out.shape[1:3], weights.shape[1:3], (stride_h, stride_w), source.shape[1:3], strict=True)
    pads = [window_padding(size, k, step, 1, n) for size, k, step, n in sides]
    bias = float_bias(ctx, ctx.optional(2), weights.shape[0])
    most = float(np.finfo(np.float32).max)
    return [float_call(source, weights, bias, (stride_h, stride_w, pads[0], pads[1]), (-most, most), out)]


def _pool_sizes(ctx: NodeContext) -> tuple[int, ...]:
    """(padding, stride_h, stride_w, kh, kw)."""
    padding, stride_w, stride_h, kw, kh = _numbers(ctx, 5)
    return padding, stride_h, stride_w, kh, kw


def infer_pool(ctx: NodeContext) -> Sequence[Shape]:
    padding, stride_h, stride_w, kh, kw = _pool_sizes(ctx)
    shape = ctx.input(0).shape
    ctx.require(len(shape) == 4, "needs a 4-D input", shape)
    sides = zip(shape[1:3], (kh, kw), (stride_h, stride_w), strict=True)
    sizes = [window_output(n, k, step, 1, padding == _SAME) for n, k, step in sides]
    return [(shape[0], *sizes, shape[3])] * 2


def _pool(x: NDArray[np.float32], sizes: tuple[int, ...], out: NDArray[np.float32], places: NDArray[np.uint32]) -> None:
    _, stride_h, stride_w, kh, kw = sizes
    pad_h = window_padding(x.shape[1], kh, stride_h, 1, out.shape[1])
    pad_w = window_padding(x.shape[2], kw, stride_w, 1, out.shape[2])
    out[...] = -np.inf
    places[...] = 0
    for y in range(out.shape[1]):
        for column in range(out.shape[2]):
            for at in range(kh * kw):
                row, left = y * stride_h - pad_h + at % kh, column * stride_w - pad_w + at // kh
                if 0 <= row < x.shape[1] and 0 <= left < x.shape[2]:
                    better = x[:, row, left] > out[:, y, column]
                    np.copyto(out[:, y, column], x[:, row, left], where=better)
                    np.copyto(places[:, y, column], np.uint32(at), where=better)


def prepare_pool(ctx: NodeContext) -> Sequence[Call]:
    """The greatest of each window, and its place ky + kh * kx in the window, of equals the least.

    The places are uint32 in a tensor that says float32, as LiteRT's delegate writes them.

    Source: mediapipe/util/tflite/operations/max_pool_argmax.cc, XNNPACK src/subgraph/argmax-pooling-2d.c
    """
    _only_floats(ctx)
    places = ctx.output(1).ref(dtype=np.uint32)
    return [Call(_pool, (ctx.input(0).ref(), _pool_sizes(ctx), ctx.output(0).ref(), places))]


def infer_unpool(ctx: NodeContext) -> Sequence[Shape]:
    padding, stride_h, stride_w, kh, kw = _pool_sizes(ctx)
    source = ctx.input(0)
    ctx.require(source.rank == 4 and source.shape == ctx.input(1).shape, "needs 4-D values and places alike", "others")
    sides = zip(source.shape[1:3], (stride_h, stride_w), (kh, kw), strict=True)
    sizes = [n * step if padding == _SAME else max((n - 1) * step + k, 0) for n, step, k in sides]
    return [(source.shape[0], *sizes, source.shape[3])]


def _unpool(
    x: NDArray[np.float32], given: NDArray[np.float32], sizes: tuple[int, ...], out: NDArray[np.float32]
) -> None:
    _, stride_h, stride_w, kh, kw = sizes
    bits = given.view(np.uint32)
    with np.errstate(invalid="ignore"):
        places = np.where(bits < 2**23, bits, given).astype(np.int64)
    if places.size and not 0 <= int(places.min()) <= int(places.max()) < kh * kw:
        raise InputError(f"MaxUnpooling2D needs places in 0..{kh * kw - 1}; its input has others.")
    pad_h = window_padding(out.shape[1], kh, stride_h, 1, x.shape[1])
    pad_w = window_padding(out.shape[2], kw, stride_w, 1, x.shape[2])
    b, row, column, c = np.unravel_index(np.arange(x.size).reshape(x.shape), x.shape)
    rows = row * stride_h - pad_h + places % kh
    columns = column * stride_w - pad_w + places // kh
    inside = (rows >= 0) & (rows < out.shape[1]) & (columns >= 0) & (columns < out.shape[2])
    out[...] = 0
    out[b[inside], rows[inside], columns[inside], c[inside]] = x[inside]


def prepare_unpool(ctx: NodeContext) -> Sequence[Call]:
    """Zeros, and each value at its place in its window.

    Places are uint32 in a float32 tensor, as MaxPoolingWithArgmax2D writes them, or floats, as MediaPipe's own kernel
    does; the bits of one are never those of the other, but for 0, which is the same place.

    Source: mediapipe/util/tflite/operations/max_unpooling.cc
    """
    _only_floats(ctx)
    return [Call(_unpool, (ctx.input(0).ref(), ctx.input(1).ref(), _pool_sizes(ctx), ctx.output().ref()))]


_F = "float32"
register(
    Operator("Convolution2DTransposeBias", infer_transpose, prepare_transpose, (2, 3), (f"{_F} x {_F} x {_F} -> {_F}",))
)
register(Operator("MaxPoolingWithArgmax2D", infer_pool, prepare_pool, (1, 1), (f"{_F} -> {_F}, {_F}",)))
register(Operator("MaxUnpooling2D", infer_unpool, prepare_unpool, (2, 2), (f"{_F} x {_F} -> {_F}",)))

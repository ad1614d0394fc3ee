"""MediaPipe's MaxPoolingWithArgmax2D and MaxUnpooling2D, on float32 [B, H, W, C].

LiteRT's own kernels lack them; its XNNPACK delegate runs them where strides are those of plain upsampling, and there
the results are the same. Elsewhere they are those of MediaPipe's kernels.

Sources: mediapipe/util/tflite/operations/max_pool_argmax.cc, max_unpooling.cc;
tflite/delegates/xnnpack/xnnpack_delegate.cc
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from intengine.ops._context import NodeContext
from intengine.ops._float_matrix import float_range
from intengine.ops._mediapipe import SAME, check, struct
from intengine.ops._registry import Operator, register
from intengine.shapes import Shape, window_output, window_padding
from intengine.step import Call

F32 = NDArray[np.float32]
#: Indices below this are bits of unsigned integers; as floats they are less than 1e-40.
_MOST_TAPS = 2**16


@dataclass(frozen=True)
class Pool:
    """Windows kh x kw with their strides."""

    padding: int
    stride_w: int
    stride_h: int
    kw: int
    kh: int

    @classmethod
    def of(cls, ctx: NodeContext) -> "Pool":
        found = cls(*struct(ctx, 5))
        ctx.require(found.kh * found.kw <= _MOST_TAPS, f"needs windows of at most {_MOST_TAPS}", (found.kh, found.kw))
        return found


def _infer_pool(ctx: NodeContext) -> Sequence[Shape]:
    check(ctx, 1)
    pool, (batches, height, width, channels) = Pool.of(ctx), ctx.input(0).shape
    same = pool.padding == SAME
    out_h = window_output(height, pool.kh, pool.stride_h, 1, same)
    out_w = window_output(width, pool.kw, pool.stride_w, 1, same)
    ctx.require(len(ctx.outputs) == 2, "needs two outputs", len(ctx.outputs))
    return [(batches, out_h, out_w, channels)] * 2


def _places(out: int, stride: int, tap: int, pad: int, size: int) -> NDArray[np.int64]:
    """Rows of the image under one row of the windows; those outside are the nearest ones inside."""
    return np.clip(np.arange(out) * stride + tap - pad, 0, size - 1)


def _max_pool(x: F32, pool: Pool, pads: tuple[int, int], lo: float, hi: float, out: F32, places: F32) -> None:
    _, out_h, out_w, _ = out.shape
    best = places.view(np.uint32)
    best[...] = 0
    for kx in range(pool.kw):
        columns = x[:, :, _places(out_w, pool.stride_w, kx, pads[1], x.shape[2])]
        for ky in range(pool.kh):
            here = columns[:, _places(out_h, pool.stride_h, ky, pads[0], x.shape[1])]
            if kx == ky == 0:
                out[...] = here
                continue
            greater = here > out
            np.copyto(out, here, where=greater)
            best[greater] = kx * pool.kh + ky
    np.clip(out, np.float32(lo), np.float32(hi), out=out)


def _prepare_pool(ctx: NodeContext) -> Sequence[Call]:
    """The greatest element of each window and its place there, of equals the first in the order of columns.

    A place is column * kh + row, written as the bits of an unsigned integer into a float32 tensor, as XNNPACK does.
    Windows reach over the edge to the nearest elements inside.
    """
    source, out, places = ctx.input(0), ctx.output(), ctx.output(1)
    if out.size == 0:
        return []
    pool = Pool.of(ctx)
    pads = (
        window_padding(source.shape[1], pool.kh, pool.stride_h, 1, out.shape[1]),
        window_padding(source.shape[2], pool.kw, pool.stride_w, 1, out.shape[2]),
    )
    activation = int.from_bytes(bytes(ctx.node.custom_options)[20:24], "little")
    lo, hi = float_range(activation) if activation else (-np.inf, np.inf)
    return [Call(_max_pool, (source.ref(), pool, pads, lo, hi, out.ref(), places.ref()))]


def _infer_unpool(ctx: NodeContext) -> Sequence[Shape]:
    check(ctx, 2)
    pool, source = Pool.of(ctx), ctx.input(0)
    ctx.require(ctx.input(1).shape == source.shape, "needs a place for each value", list(ctx.input(1).shape))
    batches, height, width, channels = source.shape
    return [(batches, height * pool.kh, width * pool.kw, channels)]


def _max_unpool(x: F32, places: F32, pool: Pool, out: F32) -> None:
    bits = places.view(np.uint32)
    as_bits = bits < _MOST_TAPS
    with np.errstate(invalid="ignore"):
        number = np.where(np.abs(places) < _MOST_TAPS, places, -1).astype(np.int64)
    column = np.where(as_bits, bits // pool.kh, number % pool.kw)
    row = np.where(as_bits, bits % pool.kh, number // pool.kw)
    batch, in_y, in_x, channel = np.ogrid[tuple(slice(n) for n in x.shape)]
    pads = (
        window_padding(out.shape[1], pool.kh, pool.stride_h, 1, x.shape[1]),
        window_padding(out.shape[2], pool.kw, pool.stride_w, 1, x.shape[2]),
    )
    y, z = in_y * pool.stride_h - pads[0] + row, in_x * pool.stride_w - pads[1] + column
    inside = (number >= 0) & (y >= 0) & (y < out.shape[1]) & (z >= 0) & (z < out.shape[2])
    batch, channel = np.broadcast_to(batch, x.shape), np.broadcast_to(channel, x.shape)
    out[...] = 0
    out[batch[inside], y[inside], z[inside], channel[inside]] = x[inside]


def _prepare_unpool(ctx: NodeContext) -> Sequence[Call]:
    """Each value back to its place in its window, zeros elsewhere; places outside the output are left out.

    Places are those of MaxPoolingWithArgmax2D, or row * kw + column and a fraction, as MediaPipe's kernels write them.
    """
    if ctx.output().size == 0:
        return []
    return [Call(_max_unpool, (ctx.input(0).ref(), ctx.input(1).ref(), Pool.of(ctx), ctx.output().ref()))]


_F = "float32"
for _name, _infer, _prepare, _counts, _kinds in (
    ("MaxPoolingWithArgmax2D", _infer_pool, _prepare_pool, (1, 1), f"{_F} -> {_F}, {_F}"),
    ("MaxUnpooling2D", _infer_unpool, _prepare_unpool, (2, 2), f"{_F} x {_F} -> {_F}"),
):
    register(Operator(_name, _infer, _prepare, _counts, (_kinds,)))

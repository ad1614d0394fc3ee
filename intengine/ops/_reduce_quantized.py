"""MEAN and SUM of quantized tensors.

Source: tflite/kernels/reduce.cc, tflite/kernels/internal/reference/reduce.h
"""

from collections.abc import Sequence

import numpy as np
from intengine_kernels.reduce import reduce_image, reduce_requantize, reduce_scaled

from intengine.model import TensorType
from intengine.numerics import Averaging, Summing
from intengine.ops._context import NodeContext
from intengine.ops._reduce import Walk, fill
from intengine.ops._table import EIGHT_BIT
from intengine.quantization import quantize_multiplier
from intengine.step import Call, Ref, Scratch


def quantized_calls(ctx: NodeContext, walk: Walk, mean: bool) -> Sequence[Call]:
    """MEAN if `mean`, else SUM, as the profile has it."""
    source, out = ctx.input(0), ctx.output()
    if source.type is TensorType.INT16:
        points = (source.zero_point, out.zero_point)
        ctx.require(points == (0, 0), "needs zero points of 0 for int16", points)
    slot = ctx.numerics.averaging if mean else ctx.numerics.summing
    if slot in (Averaging.FLOAT_EVEN, Summing.FLOAT_EVEN):
        return _scaled(ctx, walk, np.float32(1) / np.float32(walk.count) if mean else np.float32(1), even=True)
    if slot is Summing.FLOAT:
        return _scaled(ctx, walk, np.float32(1), even=False)
    if slot is Averaging.IMAGE_BLOCKS and is_image(ctx):
        return _image(ctx, walk)
    real = float(source.scale) / float(out.scale)
    multiplier, shift = quantize_multiplier(real)
    once = ctx.multiplier(real)[1] - shift
    if mean:
        bits = min(walk.count.bit_length() - 1, 32, 31 + shift)
        multiplier, shift = (multiplier << bits) // walk.count, shift - bits
    elif ctx.numerics.sum_reads_bytes:
        return _sum_of_bytes(ctx, walk, multiplier, shift)
    acc = Scratch(np.dtype(np.int32), (out.size,))
    parameters = (source.zero_point * walk.count, multiplier, shift + once, out.zero_point, *out.range, acc)
    before = (source.ref((source.size,)), walk.shape, walk.strides)
    return [Call(reduce_requantize, (*before, *parameters, out.ref((out.size,))))]


def _scaled(ctx: NodeContext, walk: Walk, factor: np.float32, *, even: bool) -> Sequence[Call]:
    """The sum times (s_in / s_out) * factor in float32, less the zero points' part; all rounded as it comes.

    Source: tflite/kernels/internal/optimized/reduce.h, XNNPACK src/operators/reduce-nd.c
    """
    source, out = ctx.input(0), ctx.output()
    f32 = np.float32
    scale = f32(f32(source.scale / out.scale) * factor)
    points = f32(f32(walk.count * source.zero_point) * scale)
    if even:
        bias, zero_point = f32(f32(out.zero_point) - points), 0
    else:
        bias, zero_point = f32(f32(f32(-source.zero_point) * scale) * f32(walk.count)), out.zero_point
    acc = Scratch(np.dtype(np.int32), (out.size,))
    parameters = (scale, bias, even, zero_point, *out.range, acc)
    before = (source.ref((source.size,)), walk.shape, walk.strides)
    return [Call(reduce_scaled, (*before, *parameters, out.ref((out.size,))))]


def is_image(ctx: NodeContext) -> bool:
    """Whether height and width of 8-bit [B, H, W, C] are reduced to 1."""
    source = ctx.input(0)
    reduced = source.rank == 4 and sorted(axis % 4 for axis in ctx.input(1).ints()) == [1, 2]
    return reduced and bool(ctx.options["keep_dims"]) and source.type in EIGHT_BIT


def _image(ctx: NodeContext, walk: Walk) -> Sequence[Call]:
    """Source: tflite/kernels/internal/optimized/integer_ops/mean.h"""
    source, out = ctx.input(0), ctx.output()
    f32 = np.float32
    points = f32(f32(f32(source.zero_point) * source.scale) / out.scale)
    bias = out.zero_point - int(f32(points + (f32(0.5) if points > 0 else f32(-0.5))))
    multiplier, shift = quantize_multiplier(float(f32(source.scale / f32(f32(walk.count) * out.scale))))
    acc = Scratch(np.dtype(np.int32), (out.size,))
    parameters = (multiplier, shift, bias, max(out.shape[3], 1), 16, *out.range, acc)
    before = (source.ref((source.size,)), walk.shape, walk.strides)
    return [Call(reduce_image, (*before, *parameters, out.ref((out.size,))))]


def _sum_of_bytes(ctx: NodeContext, walk: Walk, multiplier: int, shift: int) -> Sequence[Call]:
    """SUM of quantized tensors as LiteRT's reference kernels have it: element i is byte i of the input, unsigned.

    Zero points keep their signed values, the result is clamped to 0..255 and stored as byte o of the output. Of an
    int16 output that leaves the upper half of the buffer unwritten (LiteRT: whatever was there; here: zeros).

    Source: tflite/kernels/reduce.cc
    """
    source, out = ctx.input(0), ctx.output()
    byte = np.dtype(np.uint8)
    x, y = (Ref(operand.index, byte, (operand.size,), (1,)) for operand in (source, out))
    acc = Scratch(np.dtype(np.int32), (out.size,))
    parameters = (source.zero_point * walk.count, multiplier, shift, out.zero_point, 0, 255, acc)
    call = Call(reduce_requantize, (x, walk.shape, walk.strides, *parameters, y))
    return [*fill(ctx, 0), call] if source.type is TensorType.INT16 else [call]

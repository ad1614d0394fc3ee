"""HARD_SWISH: x * relu6(x + 3) / 6."""

from collections.abc import Sequence

import numpy as np
from intengine_kernels.elementwise import hard_swish_float
from intengine_kernels.xnnpack_float import HARD_SWISH

from intengine.fixedpoint import Ints, rdp, saturate, srdhm, wrap
from intengine.model import TensorType
from intengine.numerics import FloatElements
from intengine.ops._context import NodeContext
from intengine.ops._elementwise import flushed_calls, is_flushed
from intengine.ops._registry import Operator, register
from intengine.ops._table import EIGHT_BIT, same_shape, table_calls
from intengine.quantization import quantize_multiplier
from intengine.step import Call


def _cut(multiplier: int) -> int:
    """A 31-bit multiplier rounded to 15 bits."""
    return 32767 if multiplier >= 2**31 - 1 - 2**15 else (multiplier + 2**15) >> 16


def prepare(ctx: NodeContext) -> Sequence[Call]:
    """int16 arithmetic at 2**7 times the input's resolution, with multipliers cut to 15 bits.

    Source: tflite/kernels/internal/reference/hard_swish.h
    """
    source, out = ctx.input(0), ctx.output()
    if source.type is TensorType.FLOAT32 and out.type is TensorType.FLOAT32:
        if is_flushed(ctx):
            return flushed_calls(ctx, HARD_SWISH)
        sixth = ctx.numerics.float_elements is FloatElements.SIXTH
        return [Call(hard_swish_float, (source.ref((source.size,)), sixth, out.ref((out.size,))))]
    if source.type not in EIGHT_BIT or out.type is not source.type:
        ctx.unsupported()
    fine = np.float32(source.scale * np.float32(2.0**-7))
    out_multiplier, out_shift = quantize_multiplier(float(fine / out.scale))
    relu_multiplier, relu_shift = quantize_multiplier(float(fine / np.float32(3 / 32768)))
    ctx.require(out_shift <= 0, "needs an output scale of at least the input's / 128", float(out.scale))
    out_multiplier, relu_multiplier = _cut(out_multiplier), _cut(relu_multiplier)

    def formula(values: Ints) -> Ints:
        high = wrap((values - source.zero_point) << 7, 16)
        scaled = srdhm(high, out_multiplier, 16)
        relu = high
        if relu_shift > 0:
            relu = saturate(relu << (relu_shift - 1), 16)
        relu = srdhm(relu, relu_multiplier, 16)
        if relu_shift > 0:
            relu = saturate(relu << 1, 16)
        elif relu_shift < 0:
            relu = rdp(relu, -relu_shift)
        relu = (relu + 32768) >> 1
        product = np.sign(relu * scaled) * ((np.abs(relu * scaled)) >> 15)
        return wrap(rdp(saturate(product, 16), -out_shift) + out.zero_point, 16)

    return table_calls(ctx, formula)


register(
    Operator(
        "HARD_SWISH",
        same_shape,
        prepare,
        inputs=(1, 1),
        signatures=("int8 -> int8", "uint8 -> uint8", "float32 -> float32"),
    )
)

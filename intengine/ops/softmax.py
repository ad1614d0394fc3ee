"""SOFTMAX along the last axis."""

import math
from collections.abc import Sequence

import numpy as np
from intengine_kernels.libm.exp import exp, expf
from intengine_kernels.softmax import softmax_fixed, softmax_float, softmax_int16, softmax_table
from numpy.typing import NDArray

from intengine.fixedpoint import exp_negative, mbqm
from intengine.model import TensorType
from intengine.numerics import Exponentials, Softmax16
from intengine.ops._context import NodeContext
from intengine.ops._operand import Operand
from intengine.ops._registry import Operator, register
from intengine.ops._table import EIGHT_BIT, product_ratio, same_shape
from intengine.ops._table16 import moved, table16
from intengine.quantization import quantize_multiplier
from intengine.step import ELEMENT_WORK, FUNCTION_WORK, Call, Scratch

#: Integer bits of the scaled logits.
_INTEGER_BITS = 5


def _softmax_float16(x: NDArray[np.float16], beta: np.float32, out: NDArray[np.float16]) -> None:
    """In float32, the sum in order; the exponentials are rounded to float16 before they are divided by it."""
    wide = x.astype(np.float32)
    with np.errstate(all="ignore"):
        most = np.fmax.reduce(wide, axis=-1, keepdims=True, initial=np.finfo(np.float32).min)
        exp = expf((wide - most) * beta)
        total = np.add.accumulate(exp, axis=-1)[:, -1:]
        out[...] = exp.astype(np.float16).astype(np.float32) / total


def prepare(ctx: NodeContext) -> Sequence[Call]:
    """Source: tflite/kernels/activations.cc, tflite/kernels/internal/reference/softmax.h"""
    source, out = ctx.input(0), ctx.output()
    ctx.require(source.rank >= 1, "needs at least one axis", list(source.shape))
    if source.size == 0:
        return []
    beta = np.float32(ctx.options["beta"])
    depth = source.shape[-1]
    shape = (source.size // depth, depth)
    before, after = source.ref(shape), out.ref(shape)
    if source.type is out.type is TensorType.FLOAT32:
        return [Call(softmax_float, (before, float(beta), after), FUNCTION_WORK * out.size)]
    if source.type is out.type is TensorType.FLOAT16:
        return [Call(_softmax_float16, (before, beta, after))]
    if source.type in EIGHT_BIT and out.type in (source.type, TensorType.INT16):
        bits = 16 if out.type is TensorType.INT16 else 8
        if out.type is source.type:
            _check_output(ctx)
        if ctx.numerics.exponentials is Exponentials.FLOAT_TABLE:
            parameters = (out.scale, out.zero_point, out.type is TensorType.UINT8, *out.range)
            table = float_exponentials(source, beta)
            return [Call(softmax_table, (before, table, *parameters, after), ELEMENT_WORK * out.size)]
        row = Scratch(np.dtype(np.int32), (depth,))
        fixed, *_ = exponentials(ctx, beta)
        return [Call(softmax_fixed, (before, fixed, bits, *out.range, row, after), ELEMENT_WORK * out.size)]
    if source.type is out.type is TensorType.INT16:
        _check_output(ctx)
        ctx.require(source.zero_point == 0, "needs a zero point of 0 for int16", source.zero_point)
        product = product_ratio(ctx, source.scale, beta, np.float32(1))
        multiplier, shift = ctx.multiplier(product / (10.0 / 65535.0))
        exps, inverse = _tables(ctx)
        parameters16 = (multiplier, shift, exps, inverse, Scratch(np.dtype(np.int64), (depth,)))
        return [Call(softmax_int16, (before, *parameters16, after), ELEMENT_WORK * out.size)]
    ctx.unsupported()


def _check_output(ctx: NodeContext) -> None:
    """The output's quantization is fixed by its type; LiteRT does not look at it for 8-bit inputs of int16 outputs."""
    out = ctx.output()
    scale = 1 / 32768 if out.type is TensorType.INT16 else 1 / 256
    zero_point = -128 if out.type is TensorType.INT8 else 0
    near = abs(float(out.scale) - scale) <= 0.001 * scale
    ctx.require(near, f"needs an output scale of {scale}", float(out.scale))
    ctx.require(out.zero_point == zero_point, f"needs an output zero point of {zero_point}", out.zero_point)


def exponentials(ctx: NodeContext, beta: np.float32) -> tuple[NDArray[np.int32], int, int, int]:
    """exp(-beta * s_in * distance) of 8-bit logits for each distance from the maximum.

    Returns:
        int32[256] in Q0.31, -1 where the distance is too far to count; the multiplier and shift to Q5.26; and the
        least (most negative) difference that counts.

    Source: tflite/kernels/internal/quantization_util.cc
    """
    real = min(float(beta) * float(ctx.input(0).scale) * 2.0 ** (31 - _INTEGER_BITS), 2.0**31 - 1.0)
    ctx.require(real > 1.0, "needs a greater input scale", float(ctx.input(0).scale))
    multiplier, shift = quantize_multiplier(real)
    least = -math.floor((2**_INTEGER_BITS - 1) * 2.0 ** (31 - _INTEGER_BITS) / 2.0**shift)
    distance = -np.arange(256, dtype=np.int64)
    exp = exp_negative(mbqm(np.maximum(distance, least), multiplier, shift), _INTEGER_BITS)
    return np.where(distance >= least, exp, -1).astype(np.int32), multiplier, shift, least


def float_exponentials(source: Operand, beta: np.float32) -> NDArray[np.float32]:
    """float32[256]: exp(-beta * s_in * distance), for each distance of 8-bit logits from the maximum.

    Source: tflite/kernels/internal/optimized/optimized_ops.h
    """
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        exponents = np.float32(-source.scale * beta) * np.arange(256, dtype=np.float32)
        return expf(exponents.astype(np.float32))


def _tables(ctx: NodeContext) -> tuple[NDArray[np.int16], NDArray[np.int16]]:
    """exp(x) for x in -10..0 and 1 / (1 + x) for x in 0..1, both in 1 / 32768."""
    if ctx.numerics.softmax16 is Softmax16.FLOAT32_TABLES:
        f32 = np.float32
        exps = moved(expf, f32(-10), f32(0), f32(32768), f32)
        return exps, moved(lambda x: f32(1) / (f32(1) + x), f32(0), f32(1), f32(32768), f32)
    exps = table16(exp, 10.0 / 65535.0, 32767, 2.0 / 65535.0, 0)
    return exps, table16(lambda x: 1.0 / (1.0 + x), 1.0 / 65535.0, -32768, 2.0 / 65535.0, 0)


register(
    Operator(
        "SOFTMAX",
        same_shape,
        prepare,
        inputs=(1, 1),
        signatures=(
            "int8 -> int8|int16",
            "uint8 -> uint8|int16",
            "int16 -> int16",
            "float32 -> float32",
            "float16 -> float16",
        ),
    )
)

"""MUL: elementwise with broadcasting."""

from collections.abc import Sequence

import numpy as np
from intengine_kernels import binary
from numpy.typing import NDArray

from intengine.fixedpoint import rdp, srdhm
from intengine.model import TensorType
from intengine.ops._broadcast import Walk, broadcast_shape, flat, plain_arithmetic
from intengine.ops._context import NodeContext
from intengine.ops._registry import Operator, register
from intengine.ops._table import EIGHT_BIT, QUANTIZED
from intengine.quantization import NONE, activation_range, quantize_multiplier
from intengine.step import Call

_PLAIN = (TensorType.FLOAT32, TensorType.FLOAT16, TensorType.INT32, TensorType.UINT32, TensorType.INT64)


def _complex(a: NDArray[np.complex64], b: NDArray[np.complex64], out: NDArray[np.complex64]) -> None:
    """Each product, sum and difference rounded to float32; NaN where an infinity meets a zero or another infinity."""
    with np.errstate(all="ignore"):
        out.real = a.real * b.real - a.imag * b.imag
        out.imag = a.real * b.imag + a.imag * b.real


def _fractions(
    a: NDArray[np.int16], b: NDArray[np.int16], zero_point: int, lo: int, hi: int, out: NDArray[np.integer]
) -> None:
    """out = zero_point + clamp(rdp(srdhm(a, b), 8)), with the high half of the product of two Q0.15 numbers."""
    product = rdp(srdhm(a.astype(np.int64), b.astype(np.int64), 16), 8)
    out[...] = np.maximum(np.minimum(product, hi - zero_point), lo - zero_point) + zero_point


def prepare(ctx: NodeContext) -> Sequence[Call]:
    """The multiplier is formed in float32; int16 factors of an 8-bit product count as fractions, whatever their scales.

    Source: tflite/kernels/mul.cc
    """
    a, b, out = ctx.input(0), ctx.input(1), ctx.output()
    if a.type is b.type is TensorType.INT16 and out.type in EIGHT_BIT:
        lo, hi = activation_range(ctx.options["fused_activation_function"], out.type, out.scale, out.zero_point)
        return [Call(_fractions, (a.ref(), b.ref(), out.zero_point, lo, hi, out.ref()))]
    if not a.type is b.type is out.type:
        ctx.unsupported()
    if out.type is TensorType.COMPLEX64:
        ctx.require(ctx.options["fused_activation_function"] == NONE, "takes no activation of complex numbers", "one")
        return [Call(_complex, (a.ref(), b.ref(), out.ref()))]
    if out.type in _PLAIN or (out.type is TensorType.INT16 and not out.quantization):
        return plain_arithmetic(ctx, binary.MUL)
    if out.type not in QUANTIZED:
        ctx.unsupported()
    with np.errstate(over="ignore", under="ignore"):
        multiplier, shift = quantize_multiplier(float(np.float32(a.scale * b.scale) / out.scale))
    lo, hi = activation_range(ctx.options["fused_activation_function"], out.type, out.scale, out.zero_point)
    walk = Walk.of(out.shape, a, b)
    parameters = (a.zero_point, b.zero_point, multiplier, shift, out.zero_point, lo, hi)
    return [Call(binary.mul_double_rounding, (flat(a), flat(b), walk.shape, *walk.strides, *parameters, flat(out)))]


register(
    Operator(
        "MUL",
        broadcast_shape,
        prepare,
        inputs=(2, 2),
        signatures=(
            *(
                f"{t} x {t} -> {t}"
                for t in ("int8", "uint8", "int16", "int32", "uint32", "int64", "float32", "float16", "complex64")
            ),
            "int16 x int16 -> int8|uint8",
        ),
    )
)

"""FLOOR_MOD and POW: elementwise with broadcasting."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from intengine_kernels.functions import power_float
from numpy.typing import NDArray

from intengine.errors import InputError
from intengine.model import TensorType
from intengine.ops._broadcast import broadcast_shape
from intengine.ops._context import NodeContext
from intengine.ops._elementwise import INTEGERS, same_types, signatures
from intengine.ops._registry import Operator, register
from intengine.ops._rows import merged
from intengine.step import Call

_MODULI = (*INTEGERS, TensorType.FLOAT32, TensorType.FLOAT64)
_POWERS = (TensorType.FLOAT32, TensorType.INT32)


def _integer_mod(a: NDArray[Any], b: NDArray[Any], out: NDArray[Any]) -> None:
    if (b == 0).any():
        raise InputError("FLOOR_MOD needs divisors other than 0; an input has one.")
    np.remainder(a, b, out=out)


def _float_mod(a: NDArray[Any], b: NDArray[Any], out: NDArray[Any]) -> None:
    """The remainder toward zero, plus b where its sign is not that of b."""
    with np.errstate(all="ignore"):
        np.fmod(a, b, out=out)
        np.add(out, b, out=out, where=(out != 0) & ((b < 0) != (out < 0)))


def _integer_power(a: NDArray[Any], b: NDArray[Any], wraps: bool, out: NDArray[Any]) -> None:
    """Powers that do not fit wrap, or become the least integer."""
    if (b < 0).any():
        raise InputError("POW needs integer exponents of 0 or more; an input has a negative one.")
    np.power(a, b, out=out)
    if not wraps:
        with np.errstate(over="ignore"):
            size = np.power(np.abs(a.astype(np.float64)), b)
        least = np.iinfo(out.dtype).min
        np.copyto(out, least, where=size > -0.5 - least)


def _float_power(
    kernel: Callable[..., None], a: NDArray[Any], b: NDArray[Any], walk: Sequence[NDArray[np.int64]], common: bool,
    out: NDArray[Any],
) -> None:  # fmt: skip
    """As libm has it; to one common whole exponent by repeated squaring, clamped to finite numbers at every step."""
    exponent = float(b.item()) if common else -1.0
    if not (exponent.is_integer() and 0 <= exponent < 2**31):
        kernel(a.reshape(-1), b.reshape(-1), *walk, out.reshape(-1))
        return
    most = np.finfo(np.float32).max
    out[...] = a if exponent else 1
    with np.errstate(all="ignore"):
        for bit in f"{int(exponent):b}"[1:]:
            for factor in (out, a) if bit == "1" else (out,):
                np.multiply(out, factor, out=out)
                np.clip(out, -most, most, out=out)


def prepare_floor_mod(ctx: NodeContext) -> Sequence[Call]:
    """The remainder has the sign of the divisor. The least integer modulo -1 is 0.

    Source: tflite/kernels/floor_mod.cc
    """
    same_types(ctx, _MODULI)
    kernel = _integer_mod if ctx.output().type in INTEGERS else _float_mod
    return [Call(kernel, (ctx.input(0).ref(), ctx.input(1).ref(), ctx.output().ref()))]


def prepare_pow(ctx: NodeContext) -> Sequence[Call]:
    """Integers that do not fit become the least integer; where all have one exponent, they wrap instead.

    Source: tflite/kernels/pow.cc
    """
    same_types(ctx, _POWERS)
    a, b, out = ctx.input(0), ctx.input(1), ctx.output()
    common = b.size == 1 and a.shape != b.shape
    if out.type is TensorType.FLOAT32:
        shape, strides = merged(out.shape, a, b)
        walk = [np.array(some, np.int64) for some in (shape, *strides)]
        return [Call(_float_power, (power_float, a.ref(), b.ref(), walk, common, out.ref()))]
    return [Call(_integer_power, (a.ref(), b.ref(), common, out.ref()))]


register(Operator("FLOOR_MOD", broadcast_shape, prepare_floor_mod, inputs=(2, 2), signatures=signatures(_MODULI)))
register(Operator("POW", broadcast_shape, prepare_pow, inputs=(2, 2), signatures=signatures(_POWERS)))

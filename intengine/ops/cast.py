"""CAST: from any number type to any other."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from intengine_kernels.cast import cast, cast_to_integer
from numpy.typing import NDArray

from intengine.model import TensorType
from intengine.numerics import CastToInteger
from intengine.ops._context import NodeContext
from intengine.ops._registry import Operator, register
from intengine.ops._table import same_shape
from intengine.step import ELEMENT_WORK, Call, Scratch, flat_call

_WITHOUT_NUMBERS = (TensorType.STRING, TensorType.RESOURCE, TensorType.VARIANT, TensorType.COMPLEX128)


def _to_bool(source: NDArray[Any], out: NDArray[np.bool_]) -> None:
    np.not_equal(source.real, 0, out=out)


def _convert(source: NDArray[Any], out: NDArray[Any]) -> None:
    """Any number to floats or complex numbers; of complex ones the real part counts."""
    with np.errstate(over="ignore", invalid="ignore"):
        np.copyto(out, source if out.dtype.kind == "c" else source.real, casting="unsafe")


def _is_plain(dtype: np.dtype[Any]) -> bool:
    """Whether Numba has numbers of this type."""
    return dtype.kind in "iub" or dtype in (np.float32, np.float64)


def prepare(ctx: NodeContext) -> Sequence[Call]:
    """Integers wrap, floats truncate and saturate, anything but zero is true; complex numbers lose what is imaginary.

    Source: tflite/kernels/cast.cc
    """
    source, out = ctx.input(0), ctx.output()
    if source.type in _WITHOUT_NUMBERS or out.type in _WITHOUT_NUMBERS:
        ctx.unsupported()
    if out.type is TensorType.BOOL:
        return [Call(_to_bool, (source.ref(), out.ref()))]
    x, y = source.ref((source.size,)), out.ref((out.size,))
    if out.dtype.kind not in "iu":
        is_plain = _is_plain(source.dtype) and _is_plain(out.dtype)
        return [flat_call(cast, (x, y)) if is_plain else Call(_convert, (x, y))]
    if source.dtype.kind in "iub":
        return [flat_call(cast, (x, y))]
    info = np.iinfo(out.dtype)
    lo, hi = out.range if out.type.bits < 8 else (int(info.min), int(info.max))
    nan = 0 if ctx.numerics.cast_to_integer is CastToInteger.NAN_IS_ZERO else hi
    if _is_plain(source.dtype):
        return [flat_call(cast_to_integer, (x, lo, hi, nan, y), ELEMENT_WORK)]
    real = Scratch(np.dtype(np.float64), x.shape)
    return [Call(_convert, (x, real)), Call(cast_to_integer, (real, lo, hi, nan, y))]


register(Operator("CAST", same_shape, prepare, inputs=(1, 1), signatures=("any number -> any number",)))

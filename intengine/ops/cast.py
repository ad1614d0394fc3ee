"""CAST: from any number type to any other."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from intengine.model import TensorType
from intengine.numerics import CastToInteger
from intengine.ops._context import NodeContext
from intengine.ops._registry import Operator, register
from intengine.ops._table import same_shape
from intengine.step import Call

_WITHOUT_NUMBERS = (TensorType.STRING, TensorType.RESOURCE, TensorType.VARIANT, TensorType.COMPLEX128)


def _to_integer(source: NDArray[Any], out: NDArray[Any], lo: int, hi: int, nan: int) -> None:
    """Truncate toward zero and saturate; NaN becomes `nan`. Of complex numbers the real part counts."""
    with np.errstate(invalid="ignore"):
        wide = np.trunc(source.real.astype(np.float64))
        low, high = wide < lo, ~(wide < hi)
        out[...] = np.where(low | high, 0, wide).astype(out.dtype)
        out[low] = lo
        out[high] = hi
        out[np.isnan(wide)] = nan


def _to_bool(source: NDArray[Any], out: NDArray[np.bool_]) -> None:
    np.not_equal(source.real, 0, out=out)


def _real(source: NDArray[np.complex64], out: NDArray[Any]) -> None:
    with np.errstate(over="ignore", invalid="ignore"):
        np.copyto(out, source.real, casting="unsafe")


def _wrap(source: NDArray[Any], out: NDArray[Any]) -> None:
    with np.errstate(over="ignore", invalid="ignore"):
        np.copyto(out, source, casting="unsafe")


def prepare(ctx: NodeContext) -> Sequence[Call]:
    """Integers wrap, floats truncate and saturate, anything but zero is true; complex numbers lose what is imaginary.

    Source: tflite/kernels/cast.cc
    """
    source, out = ctx.input(0), ctx.output()
    if source.type in _WITHOUT_NUMBERS or out.type in _WITHOUT_NUMBERS:
        ctx.unsupported()
    if out.type is TensorType.BOOL:
        return [Call(_to_bool, (source.ref(), out.ref()))]
    floating = source.dtype.kind not in "iub"
    if out.dtype.kind in "iu" and floating:
        info = np.iinfo(out.dtype)
        lo, hi = out.range if out.type.bits < 8 else (int(info.min), int(info.max))
        nan = 0 if ctx.numerics.cast_to_integer is CastToInteger.NAN_IS_ZERO else hi
        return [Call(_to_integer, (source.ref(), out.ref(), lo, hi, nan))]
    if source.dtype.kind == "c" and out.dtype.kind != "c":
        return [Call(_real, (source.ref(), out.ref()))]
    return [Call(_wrap, (source.ref(), out.ref()))]


register(Operator("CAST", same_shape, prepare, inputs=(1, 1), signatures=("any number -> any number",)))

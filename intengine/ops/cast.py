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


def _to_integer(source: NDArray[Any], out: NDArray[Any], lo: int, hi: int) -> None:
    """Truncate toward zero and saturate; NaN becomes the greatest integer. Of complex numbers the real part counts."""
    with np.errstate(invalid="ignore"):
        wide = np.trunc(source.real.astype(np.float64))
        low, high = wide < lo, ~(wide < hi)
        out[...] = np.where(low | high, 0, wide).astype(out.dtype)
        out[low] = lo
        out[high] = hi


def _to_integer_x86(source: NDArray[Any], out: NDArray[Any], wide: np.dtype[Any]) -> None:
    """Truncate toward zero to int32 or int64, in which what does not fit is the least number; then keep the low bits."""
    info = np.iinfo(wide)
    with np.errstate(invalid="ignore"):
        whole = np.trunc(source.real.astype(np.float64))
    # The bounds of int64 are no doubles: the least is, the greatest plus one is.
    fits = (whole >= float(info.min)) & (whole < float(info.max) + (1.0 if wide.itemsize == 4 else 0.0))
    kept = np.where(fits, whole, 0).astype(wide)
    np.copyto(out, np.where(fits, kept, wide.type(info.min)), casting="unsafe")


def _to_bool(source: NDArray[Any], out: NDArray[np.bool_]) -> None:
    np.not_equal(source.real, 0, out=out)


def _real(source: NDArray[np.complex64], out: NDArray[Any]) -> None:
    with np.errstate(over="ignore", invalid="ignore"):
        np.copyto(out, source.real, casting="unsafe")


def _wrap(source: NDArray[Any], out: NDArray[Any]) -> None:
    with np.errstate(over="ignore", invalid="ignore"):
        np.copyto(out, source, casting="unsafe")


def prepare(ctx: NodeContext) -> Sequence[Call]:
    """Integers wrap, floats truncate and saturate (or overflow as on x86), anything but zero is true; complex numbers lose what is imaginary.

    Source: tflite/kernels/cast.cc
    """
    source, out = ctx.input(0), ctx.output()
    if source.type in _WITHOUT_NUMBERS or out.type in _WITHOUT_NUMBERS:
        ctx.unsupported()
    if out.type is TensorType.BOOL:
        return [Call(_to_bool, (source.ref(), out.ref()))]
    floating = source.dtype.kind not in "iub"
    if out.dtype.kind in "iu" and floating:
        if ctx.numerics.cast_to_integer is CastToInteger.X86:
            wide = np.dtype(np.int64 if out.dtype in (np.int64, np.uint64, np.uint32) else np.int32)
            return [Call(_to_integer_x86, (source.ref(), out.ref(), wide))]
        info = np.iinfo(out.dtype)
        lo, hi = out.range if out.type.bits < 8 else (int(info.min), int(info.max))
        return [Call(_to_integer, (source.ref(), out.ref(), lo, hi))]
    if source.dtype.kind == "c" and out.dtype.kind != "c":
        return [Call(_real, (source.ref(), out.ref()))]
    return [Call(_wrap, (source.ref(), out.ref()))]


register(Operator("CAST", same_shape, prepare, inputs=(1, 1), signatures=("any number -> any number",)))

"""COMPLEX_ABS, REAL and IMAG: what a complex number consists of."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from intengine_kernels.double import hypot_double
from numpy.typing import NDArray

from intengine.model import TensorType
from intengine.ops._context import NodeContext
from intengine.ops._registry import Operator, register
from intengine.ops._table import same_shape
from intengine.step import Call

_PARTS = {TensorType.COMPLEX64: TensorType.FLOAT32, TensorType.COMPLEX128: TensorType.FLOAT64}
_SIGNATURES = ("complex64 -> float32", "complex128 -> float64")


def _magnitude(parts: NDArray[np.float32], out: NDArray[np.float32]) -> None:
    """sqrt(re^2 + im^2) in float64, rounded once; infinite if a part is. parts: float32[n, 2]."""
    wide = parts.astype(np.float64)
    with np.errstate(invalid="ignore", over="ignore"):
        np.copyto(out, np.sqrt(wide[:, 0] * wide[:, 0] + wide[:, 1] * wide[:, 1]).astype(np.float32))
    out[np.isinf(parts).any(axis=1)] = np.inf


def _wide_magnitude(parts: NDArray[np.float64], out: NDArray[np.float64]) -> None:
    hypot_double(np.ascontiguousarray(parts[:, 0]), np.ascontiguousarray(parts[:, 1]), out)


def prepare(ctx: NodeContext) -> Sequence[Call]:
    """Source: tflite/kernels/complex_support.cc"""
    source, out = ctx.input(0), ctx.output()
    part = _PARTS.get(source.type)
    if out.type is not part:
        ctx.unsupported()
    if ctx.node.op == "COMPLEX_ABS":
        function: Any = _magnitude if part is TensorType.FLOAT32 else _wide_magnitude
        return [Call(function, (source.ref((source.size, 2), out.dtype), out.ref((out.size,))))]
    flat = source.ref((source.size, 2), out.dtype)
    return [Call(_part, (flat, 0 if ctx.node.op == "REAL" else 1, out.ref((out.size,))))]


def _part(parts: NDArray[Any], which: int, out: NDArray[Any]) -> None:
    np.copyto(out, parts[:, which])


for _name in ("COMPLEX_ABS", "REAL", "IMAG"):
    register(Operator(_name, same_shape, prepare, inputs=(1, 1), signatures=_SIGNATURES))

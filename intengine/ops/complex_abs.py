"""COMPLEX_ABS, REAL and IMAG: what a complex number consists of."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from intengine_kernels.complex_parts import length_double, length_float
from numpy.typing import NDArray

from intengine.model import TensorType
from intengine.ops._context import NodeContext
from intengine.ops._registry import Operator, register
from intengine.ops._table import same_shape
from intengine.step import CACHE_LINE, ELEMENT_WORK, Call

_PARTS = {TensorType.COMPLEX64: TensorType.FLOAT32, TensorType.COMPLEX128: TensorType.FLOAT64}
_SIGNATURES = ("complex64 -> float32", "complex128 -> float64")


def prepare(ctx: NodeContext) -> Sequence[Call]:
    """Source: tflite/kernels/complex_support.cc"""
    source, out = ctx.input(0), ctx.output()
    part = _PARTS.get(source.type)
    if out.type is not part:
        ctx.unsupported()
    flat = source.ref((source.size, 2), out.dtype)
    if ctx.node.op == "COMPLEX_ABS":
        kernel = length_float if part is TensorType.FLOAT32 else length_double
        return [Call(kernel, (flat, out.ref((out.size,))), ELEMENT_WORK * out.size, CACHE_LINE)]
    return [Call(_part, (flat, 0 if ctx.node.op == "REAL" else 1, out.ref((out.size,))))]


def _part(parts: NDArray[Any], which: int, out: NDArray[Any]) -> None:
    np.copyto(out, parts[:, which])


for _name in ("COMPLEX_ABS", "REAL", "IMAG"):
    register(Operator(_name, same_shape, prepare, inputs=(1, 1), signatures=_SIGNATURES))

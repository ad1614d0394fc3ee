"""COMPLEX_ABS, REAL and IMAG: what a complex number consists of."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from intengine_kernels.complex_parts import length_float
from intengine_kernels.double import hypot_double

from intengine.model import TensorType
from intengine.ops._context import NodeContext
from intengine.ops._registry import Operator, register
from intengine.ops._table import same_shape
from intengine.step import ELEMENT_WORK, Call, flat_call

_PARTS = {TensorType.COMPLEX64: TensorType.FLOAT32, TensorType.COMPLEX128: TensorType.FLOAT64}
_SIGNATURES = ("complex64 -> float32", "complex128 -> float64")


def prepare(ctx: NodeContext) -> Sequence[Call]:
    """Source: tflite/kernels/complex_support.cc"""
    source, out = ctx.input(0), ctx.output()
    part = _PARTS.get(source.type)
    if out.type is not part:
        ctx.unsupported()
    size, y = source.size, out.ref((out.size,))
    re, im = (replace(source.strided((size,), (2,), at), dtype=out.dtype) for at in range(2))
    if ctx.node.op != "COMPLEX_ABS":
        return [Call(np.copyto, (y, re if ctx.node.op == "REAL" else im))]
    if part is TensorType.FLOAT32:
        return [flat_call(length_float, (source.ref((size, 2), out.dtype), y), ELEMENT_WORK)]
    return [flat_call(hypot_double, (re, im, y), ELEMENT_WORK)]


for _name in ("COMPLEX_ABS", "REAL", "IMAG"):
    register(Operator(_name, same_shape, prepare, inputs=(1, 1), signatures=_SIGNATURES))

"""ELU and GELU."""

import math
from collections.abc import Callable, Sequence

import numpy as np
from intengine_kernels.elementwise import tanh_float
from intengine_kernels.functions import elu_float, erfc_float, gelu_erf_float, gelu_tanh_float
from intengine_kernels.gelu import gelu_erf, gelu_tanh
from numpy.typing import NDArray

from intengine.model import TensorType
from intengine.ops._context import NodeContext
from intengine.ops._elementwise import float_calls, on_float32, same_types, signatures, through_float32
from intengine.ops._registry import Operator, register
from intengine.ops._table import EIGHT_BIT, float_table, interpolated_table, same_shape, table_calls
from intengine.step import Call

_FLOATS = (TensorType.FLOAT32, TensorType.FLOAT16, TensorType.BFLOAT16)
_ELU = (*_FLOATS, *EIGHT_BIT)
_GELU = (TensorType.FLOAT32, TensorType.FLOAT16, *EIGHT_BIT, TensorType.INT16)


def prepare_elu(ctx: NodeContext) -> Sequence[Call]:
    """8-bit: a table of float32 values.

    Source: tflite/kernels/activations.cc
    """
    same_types(ctx, _ELU)
    if ctx.output().type in EIGHT_BIT:
        return table_calls(ctx, float_table(ctx, on_float32(elu_float)))
    return float_calls(ctx, elu_float)


def _half_function(kernel: Callable[..., None], x: NDArray[np.float16]) -> NDArray[np.float16]:
    out = np.empty_like(x)
    through_float32(kernel, x, out)
    return out


def _gelu16(x: NDArray[np.float16], approximate: bool, out: NDArray[np.float16]) -> None:
    """Every step rounded to float16; the cube is taken before its factor."""
    half = np.float16
    with np.errstate(all="ignore"):
        if approximate:
            inner = half(math.sqrt(2 / math.pi)) * (x + half(0.044715) * (x * x * x))
            tail = half(1) + _half_function(tanh_float, inner)
        else:
            tail = _half_function(erfc_float, x * half(-math.sqrt(0.5)))
        out[...] = half(0.5) * x * tail


def prepare_gelu(ctx: NodeContext) -> Sequence[Call]:
    """8-bit: a table of float32 values; int16: interpolated in one.

    The tables take the C library's functions, float32 numbers Eigen's approximations.

    Source: tflite/kernels/gelu.cc
    """
    same_types(ctx, _GELU)
    if ctx.output().type is TensorType.FLOAT16:
        size = ctx.output().size
        return [Call(_gelu16, (ctx.input(0).ref((size,)), bool(ctx.options["approximate"]), ctx.output().ref((size,))))]
    approximate = bool(ctx.options["approximate"])
    if ctx.output().type is TensorType.FLOAT32:
        return float_calls(ctx, gelu_tanh if approximate else gelu_erf)
    kernel = gelu_tanh_float if approximate else gelu_erf_float
    if ctx.output().type in EIGHT_BIT:
        return table_calls(ctx, float_table(ctx, on_float32(kernel)))
    return table_calls(ctx, interpolated_table(ctx, on_float32(kernel)))


register(Operator("ELU", same_shape, prepare_elu, inputs=(1, 1), signatures=signatures(_ELU, inputs=1)))
register(Operator("GELU", same_shape, prepare_gelu, inputs=(1, 1), signatures=signatures(_GELU, inputs=1)))

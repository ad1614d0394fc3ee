"""ELU and GELU."""

from collections.abc import Sequence

from intengine_kernels.functions import elu_float, gelu_erf_float, gelu_tanh_float

from intengine.model import TensorType
from intengine.ops._context import NodeContext
from intengine.ops._elementwise import float_calls, on_float32, same_types, signatures
from intengine.ops._registry import Operator, register
from intengine.ops._table import EIGHT_BIT, float_table, interpolated_table, same_shape, table_calls
from intengine.step import Call

_FLOATS = (TensorType.FLOAT32, TensorType.FLOAT16, TensorType.BFLOAT16)
_ELU = (*_FLOATS, *EIGHT_BIT)
_GELU = (*_FLOATS, *EIGHT_BIT, TensorType.INT16)


def prepare_elu(ctx: NodeContext) -> Sequence[Call]:
    """8-bit: a table of float32 values.

    Source: tflite/kernels/activations.cc
    """
    same_types(ctx, _ELU)
    if ctx.output().type in EIGHT_BIT:
        return table_calls(ctx, float_table(ctx, on_float32(elu_float)))
    return float_calls(ctx, elu_float)


def prepare_gelu(ctx: NodeContext) -> Sequence[Call]:
    """8-bit: a table of float32 values; int16: interpolated in one.

    Source: tflite/kernels/gelu.cc
    """
    same_types(ctx, _GELU)
    kernel = gelu_tanh_float if ctx.options["approximate"] else gelu_erf_float
    if ctx.output().type in EIGHT_BIT:
        return table_calls(ctx, float_table(ctx, on_float32(kernel)))
    if ctx.output().type is TensorType.INT16:
        return table_calls(ctx, interpolated_table(ctx, on_float32(kernel)))
    return float_calls(ctx, kernel)


register(Operator("ELU", same_shape, prepare_elu, inputs=(1, 1), signatures=signatures(_ELU, inputs=1)))
register(Operator("GELU", same_shape, prepare_gelu, inputs=(1, 1), signatures=signatures(_GELU, inputs=1)))

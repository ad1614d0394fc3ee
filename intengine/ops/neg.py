"""NEG: of the stored numbers, whatever their quantization."""

from collections.abc import Sequence

import numpy as np
from intengine_kernels.xnnpack_float import NEGATE

from intengine.model import TensorType
from intengine.ops._context import NodeContext
from intengine.ops._elementwise import flushed_calls, is_flushed
from intengine.ops._registry import Operator, register
from intengine.ops._table import same_shape
from intengine.step import Call

_TYPES = (
    TensorType.FLOAT32, TensorType.FLOAT16, TensorType.BFLOAT16, TensorType.INT8, TensorType.INT16, TensorType.INT32,
    TensorType.INT64,
)  # fmt: skip


def prepare(ctx: NodeContext) -> Sequence[Call]:
    """The least integer stays what it is.

    Source: tflite/kernels/neg.cc
    """
    source, out = ctx.input(0), ctx.output()
    if source.type not in _TYPES or out.type is not source.type:
        ctx.unsupported()
    if is_flushed(ctx):
        return flushed_calls(ctx, NEGATE)
    return [Call(np.negative, (source.ref(), out.ref()))]


register(
    Operator(
        "NEG",
        same_shape,
        prepare,
        inputs=(1, 1),
        signatures=tuple(f"{t.name.lower()} -> {t.name.lower()}" for t in _TYPES),
    )
)

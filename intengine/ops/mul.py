"""MUL: elementwise with broadcasting."""

from collections.abc import Sequence

import numpy as np
from intengine_kernels import binary

from intengine.model import TensorType
from intengine.ops._broadcast import Walk, broadcast_shape, flat, plain_arithmetic
from intengine.ops._context import NodeContext
from intengine.ops._registry import Operator, register
from intengine.ops._table import QUANTIZED
from intengine.quantization import activation_range, quantize_multiplier
from intengine.step import Call

_PLAIN = (TensorType.FLOAT32, TensorType.FLOAT16, TensorType.INT32, TensorType.UINT32, TensorType.INT64)


def prepare(ctx: NodeContext) -> Sequence[Call]:
    """The multiplier is formed in float32.

    Source: tflite/kernels/mul.cc
    """
    a, b, out = ctx.input(0), ctx.input(1), ctx.output()
    if not a.type is b.type is out.type:
        ctx.unsupported()
    if out.type in _PLAIN or (out.type is TensorType.INT16 and not out.quantization):
        return plain_arithmetic(ctx, binary.MUL)
    if out.type not in QUANTIZED:
        ctx.unsupported()
    with np.errstate(over="ignore", under="ignore"):
        multiplier, shift = quantize_multiplier(float(np.float32(a.scale * b.scale) / out.scale))
    lo, hi = activation_range(ctx.options["fused_activation_function"], out.type, out.scale, out.zero_point)
    walk = Walk.of(out.shape, a, b)
    parameters = (a.zero_point, b.zero_point, multiplier, shift, out.zero_point, lo, hi)
    return [Call(binary.mul_double_rounding, (flat(a), flat(b), walk.shape, *walk.strides, *parameters, flat(out)))]


register(
    Operator(
        "MUL",
        broadcast_shape,
        prepare,
        inputs=(2, 2),
        signatures=tuple(
            f"{t} x {t} -> {t}" for t in ("int8", "uint8", "int16", "int32", "uint32", "int64", "float32", "float16")
        ),
    )
)

"""ADD and SUB: elementwise with broadcasting."""

from collections.abc import Sequence

import numpy as np
from intengine_kernels.add import add_double_rounding

from intengine.model import TensorType
from intengine.ops._broadcast import Walk, flat
from intengine.ops._context import NodeContext
from intengine.ops._registry import Operator, register
from intengine.quantization import activation_range, quantize_multiplier
from intengine.shapes import Shape, broadcast
from intengine.step import Call


def infer(ctx: NodeContext) -> Sequence[Shape]:
    return [broadcast(ctx.input(0).shape, ctx.input(1).shape)]


def prepare(ctx: NodeContext) -> Sequence[Call]:
    out = ctx.output()
    if out.type in (TensorType.INT8, TensorType.UINT8):
        return _quantized(ctx, left_shift=20)
    ctx.unsupported()


def _quantized(ctx: NodeContext, *, left_shift: int) -> Sequence[Call]:
    """Both inputs brought to the scale 2 * max(s_a, s_b), added there, and brought to the output's.

    Source: tflite/kernels/add.cc
    """
    a, b, out = ctx.input(0), ctx.input(1), ctx.output()
    twice = 2.0 * max(float(a.scale), float(b.scale))
    a_multiplier, a_shift = quantize_multiplier(float(a.scale) / twice)
    b_multiplier, b_shift = quantize_multiplier(float(b.scale) / twice)
    real = twice / float(np.float32(2.0**left_shift) * out.scale)
    ctx.require(real < 1.0, "needs an output scale above the inputs' / 2**19", float(out.scale))
    out_multiplier, out_shift = quantize_multiplier(real)
    lo, hi = activation_range(ctx.options["fused_activation_function"], out.type, out.scale, out.zero_point)
    walk = Walk.of(out.shape, a, b)
    return [
        Call(
            add_double_rounding,
            (
                flat(a), flat(b), walk.shape, *walk.strides, a.zero_point, b.zero_point, left_shift,
                a_multiplier, a_shift, b_multiplier, b_shift, 1 if ctx.node.op == "ADD" else -1,
                out_multiplier, out_shift, out.zero_point, lo, hi, flat(out),
            ),
        )
    ]  # fmt: skip


register(Operator("ADD", infer, prepare, inputs=(2, 2), signatures=("int8 x int8 -> int8",)))
register(Operator("SUB", infer, prepare, inputs=(2, 2), signatures=("int8 x int8 -> int8",)))

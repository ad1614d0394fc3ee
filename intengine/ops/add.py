"""ADD and SUB: elementwise with broadcasting."""

import math
from collections.abc import Sequence

import numpy as np
from intengine_kernels import binary
from intengine_kernels.add import add_double_rounding

from intengine.model import TensorType
from intengine.ops._broadcast import Walk, broadcast_shape, flat, plain_arithmetic
from intengine.ops._context import NodeContext
from intengine.ops._registry import Operator, register
from intengine.quantization import NONE, activation_range, quantize_multiplier
from intengine.step import Call

_PLAIN = (TensorType.FLOAT32, TensorType.FLOAT16, TensorType.INT32, TensorType.INT64)


def prepare(ctx: NodeContext) -> Sequence[Call]:
    """Source: tflite/kernels/add.cc, sub.cc"""
    a, b, out = ctx.input(0), ctx.input(1), ctx.output()
    if not a.type is b.type is out.type:
        ctx.unsupported()
    function = binary.ADD if ctx.node.op == "ADD" else binary.SUB
    if out.type in (TensorType.INT8, TensorType.UINT8):
        return _quantized(ctx, left_shift=20)
    if out.type is TensorType.INT16 and out.quantization:
        return (
            _power_of_two(ctx)
            if _is_power_of_two(ctx) and ctx.numerics.adds_powers_of_two
            else _quantized(ctx, left_shift=15)
        )
    if out.type in _PLAIN or (out.type is TensorType.INT16 and not out.quantization):
        unclamped = ctx.node.op == "ADD" and out.type is TensorType.INT32 and not ctx.numerics.add_clamps_int32
        return plain_arithmetic(ctx, function, NONE if unclamped else None)
    ctx.unsupported()


def _log2(scale: np.float32) -> float:
    return math.log2(float(scale))


def _is_power_of_two(ctx: NodeContext) -> bool:
    scales = (ctx.input(0).scale, ctx.input(1).scale, ctx.output().scale)
    near = all(abs(_log2(scale) - round(_log2(scale))) < 1e-3 for scale in scales)
    return bool(ctx.options["pot_scale_int16"]) and near


def _power_of_two(ctx: NodeContext) -> Sequence[Call]:
    """Inputs shifted to the output's scale, which must be at least as great, and equal to one of theirs.

    Source: tflite/kernels/add.cc
    """
    a, b, out = ctx.input(0), ctx.input(1), ctx.output()
    for operand in (a, b, out):
        if operand.zero_point != 0:
            operand.refuse("has a power-of-two scale and needs zero point 0", str(operand.zero_point))
    a_shift, b_shift = (round(_log2(out.scale)) - round(_log2(x.scale)) for x in (a, b))
    ctx.require(
        min(a_shift, b_shift) == 0, "needs an output scale equal to the greater input scale", (a_shift, b_shift)
    )
    ctx.require(max(a_shift, b_shift) <= 30, "needs input scales within 2**30 of each other", (a_shift, b_shift))
    lo, hi = activation_range(ctx.options["fused_activation_function"], out.type, out.scale, 0)
    walk = Walk.of(out.shape, a, b)
    add = ctx.node.op == "ADD"
    parameters = (a_shift, b_shift, 1 if add else -1, add, lo, hi)
    return [Call(binary.add_shifted, (flat(a), flat(b), walk.shape, *walk.strides, *parameters, flat(out)))]


def _quantized(ctx: NodeContext, *, left_shift: int) -> Sequence[Call]:
    """Both inputs brought to the scale 2 * max(s_a, s_b), added there, and brought to the output's.

    Source: tflite/kernels/add.cc
    """
    a, b, out = ctx.input(0), ctx.input(1), ctx.output()
    twice = 2.0 * max(float(a.scale), float(b.scale))
    a_multiplier, a_shift = quantize_multiplier(float(a.scale) / twice)
    b_multiplier, b_shift = quantize_multiplier(float(b.scale) / twice)
    real = twice / float(np.float32(2.0**left_shift) * out.scale)
    out_multiplier, out_shift = quantize_multiplier(real)
    rule = f"needs an output scale above the inputs' / 2**{left_shift - 1}"
    ctx.require(real < 1.0 and out_shift <= 0, rule, float(out.scale))
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


for _name in ("ADD", "SUB"):
    register(
        Operator(
            _name,
            broadcast_shape,
            prepare,
            inputs=(2, 2),
            signatures=tuple(
                f"{t} x {t} -> {t}" for t in ("int8", "uint8", "int16", "int32", "int64", "float32", "float16")
            ),
        )
    )

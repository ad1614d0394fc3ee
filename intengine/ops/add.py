"""ADD and SUB: elementwise with broadcasting."""

import math
from collections.abc import Sequence

import numpy as np
from intengine_kernels import binary, isa
from intengine_kernels.add import FLOOR_SHIFT, MERGED_SHIFT, add_blocks, add_double_rounding, add_multiplier_21

from intengine.model import TensorType
from intengine.numerics import Addition
from intengine.ops._broadcast import Category, broadcast_category, broadcast_shape, plain_arithmetic
from intengine.ops._context import NodeContext
from intengine.ops._guess import sum_table
from intengine.ops._log2 import near_log2
from intengine.ops._registry import Operator, register
from intengine.ops._walk import Walk
from intengine.quantization import NONE, quantize_multiplier
from intengine.step import Call

_PLAIN = (TensorType.FLOAT32, TensorType.FLOAT16, TensorType.INT32, TensorType.INT64)


def prepare(ctx: NodeContext) -> Sequence[Call]:
    """Source: tflite/kernels/add.cc, sub.cc"""
    a, b, out = ctx.input(0), ctx.input(1), ctx.output()
    if not a.type is b.type is out.type:
        ctx.unsupported()
    function = binary.ADD if ctx.node.op == "ADD" else binary.SUB
    if out.type in (TensorType.INT8, TensorType.UINT8):
        if ctx.numerics.addition is Addition.MULTIPLIER_21:
            return _multiplier_21(ctx)
        return _quantized(ctx, left_shift=20)
    if out.type is TensorType.INT16 and out.quantization:
        logs = powers_of_two(ctx) if ctx.numerics.adds_powers_of_two else []
        return _power_of_two(ctx, logs) if logs else _quantized(ctx, left_shift=15)
    if out.type in _PLAIN or (out.type is TensorType.INT16 and not out.quantization):
        unclamped = ctx.node.op == "ADD" and out.type is TensorType.INT32 and not ctx.numerics.add_clamps_int32
        return plain_arithmetic(ctx, function, NONE if unclamped else None)
    ctx.unsupported()


def powers_of_two(ctx: NodeContext) -> list[int]:
    """The logarithms of the scales of a, b and the output; empty unless all are powers of two and may be shifted by."""
    logs = [near_log2(operand.scale) for operand in (ctx.input(0), ctx.input(1), ctx.output())]
    found = [log for log in logs if log is not None]
    return found if ctx.options["pot_scale_int16"] and len(found) == len(logs) else []


def _power_of_two(ctx: NodeContext, logs: list[int]) -> Sequence[Call]:
    """Inputs shifted to the output's scale, which must be at least as great, and equal to one of theirs.

    Source: tflite/kernels/add.cc
    """
    a, b, out = ctx.input(0), ctx.input(1), ctx.output()
    for operand in (a, b, out):
        if operand.zero_point != 0:
            operand.refuse("has a power-of-two scale and needs zero point 0", str(operand.zero_point))
    a_shift, b_shift = (logs[2] - log for log in logs[:2])
    ctx.require(
        min(a_shift, b_shift) == 0, "needs an output scale equal to the greater input scale", (a_shift, b_shift)
    )
    ctx.require(max(a_shift, b_shift) <= 30, "needs input scales within 2**30 of each other", (a_shift, b_shift))
    lo, hi = ctx.activation_range(out)
    walk = Walk.of(out, a, b)
    add = ctx.node.op == "ADD"
    parameters = (a_shift, b_shift, 1 if add else -1, add, lo, hi)
    return walk.calls(binary.add_shifted, *walk.args, *parameters, walk.out)


def _quantized(ctx: NodeContext, *, left_shift: int) -> Sequence[Call]:
    """Both inputs brought to the scale 2 * max(s_a, s_b), added there, and brought to the output's.

    Source: tflite/kernels/add.cc
    """
    a, b, out = ctx.input(0), ctx.input(1), ctx.output()
    twice = 2.0 * max(float(a.scale), float(b.scale))
    a_multiplier, a_shift = ctx.multiplier(float(a.scale) / twice)
    b_multiplier, b_shift = ctx.multiplier(float(b.scale) / twice)
    real = twice / float(np.float32(2.0**left_shift) * out.scale)
    out_multiplier, out_shift = ctx.multiplier(real)
    rule = f"needs an output scale above the inputs' / 2**{left_shift - 1}"
    ctx.require(real < 1.0 and quantize_multiplier(real)[1] <= 0, rule, float(out.scale))
    lo, hi = ctx.activation_range(out)
    walk = Walk.of(out, a, b)
    sign = 1 if ctx.node.op == "ADD" else -1
    sides = ((a.zero_point, a_multiplier, a_shift, 1), (b.zero_point, b_multiplier, b_shift, sign))
    table = sum_table(sides, out_multiplier, out_shift, left_shift, out.zero_point, lo, hi, out.dtype)
    before = (
        isa.tag(isa.best()), table, *walk.args, a.zero_point, b.zero_point, left_shift, a_multiplier, a_shift,
        b_multiplier, b_shift,
    )  # fmt: skip
    after = (out_multiplier, out_shift, out.zero_point, lo, hi)
    if ctx.numerics.addition is Addition.BLOCKS and ctx.node.op == "ADD":
        category = broadcast_category(a.shape, b.shape)
        if category is not Category.GENERIC and (category is Category.SAME or out.type is not TensorType.INT16):
            rows = category in (Category.SAME, Category.ROWS)
            merged = rows and out.type is not TensorType.UINT8
            scheme = (MERGED_SHIFT, 16) if merged else (FLOOR_SHIFT, 8)
            narrow = out.type is not TensorType.INT16
            return walk.calls(add_blocks, *before, *after, narrow, *scheme, walk.row, walk.out, block=scheme[1])
    return walk.calls(add_double_rounding, *before, sign, *after, walk.out)


def _multiplier_21(ctx: NodeContext) -> Sequence[Call]:
    """Ratios of scales as integers of at most 21 bits at one power of two.

    Source: XNNPACK src/microparams-init.c
    """
    a, b, out = ctx.input(0), ctx.input(1), ctx.output()
    a_ratio, b_ratio = float(a.scale / out.scale), float(b.scale / out.scale)
    shift = 21 - math.frexp(max(a_ratio, b_ratio))[1]
    a_multiplier, b_multiplier = (int(np.rint(math.ldexp(ratio, shift))) for ratio in (a_ratio, b_ratio))
    if ctx.node.op == "SUB":
        b_multiplier = -b_multiplier
    bias = (1 << (shift - 1)) - a_multiplier * a.zero_point - b_multiplier * b.zero_point
    walk = Walk.of(out, a, b)
    parameters = (a_multiplier, b_multiplier, bias, shift, out.zero_point, *ctx.activation_range(out))
    return walk.calls(add_multiplier_21, *walk.args, *parameters, walk.out)


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

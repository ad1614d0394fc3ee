"""SVDF: input [B, I], filters [F, I], filters over time [F, M], bias [U], state [B, F * M] -> [B, U]."""

from collections.abc import Sequence

import numpy as np
from intengine_kernels.lanes import accumulate_lanes
from intengine_kernels.svdf import svdf_in_order, svdf_integer, svdf_remember

from intengine.model import TensorType
from intengine.numerics import SvdfState, SvdfSum
from intengine.ops import _hybrid
from intengine.ops._context import NodeContext
from intengine.ops._float_matrix import float_bias
from intengine.ops._operand import Operand
from intengine.ops._registry import Operator, register
from intengine.quantization import real_bounds
from intengine.shapes import Shape
from intengine.step import Call, Scratch


def infer(ctx: NodeContext) -> Sequence[Shape]:
    source, w, wt, state = (ctx.input(i) for i in (0, 1, 2, 4))
    rank = ctx.options["rank"]
    ctx.require(source.rank == 2 and w.rank == 2 and wt.rank == 2, "needs 2-D input and filters", source.shape)
    filters = w.shape[0]
    ctx.require(
        rank > 0 and filters > 0 and filters % rank == 0, "needs filters divisible by its rank", (filters, rank)
    )
    ctx.require(w.shape[1] == source.shape[1], "needs filters as deep as the input", (w.shape, source.shape))
    ctx.require(wt.shape[0] == filters and wt.shape[1] > 0, "needs a filter over time for each filter", wt.shape)
    ctx.require(
        state.shape == (source.shape[0], filters * wt.shape[1]),
        "needs a state of all steps of all filters",
        state.shape,
    )
    bias = ctx.optional(3)
    ctx.require(bias is None or bias.size == filters // rank, f"needs {filters // rank} bias values", bias)
    ctx.require(state.spec.is_variable, "needs a state that is a variable", state.name)
    return [(source.shape[0], filters // rank)]


def _real_multiplier(ctx: NodeContext, a: Operand, b: Operand, to: Operand) -> tuple[int, int]:
    with np.errstate(over="ignore", under="ignore"):
        return ctx.multiplier(float(np.float32(a.scale * b.scale) / to.scale))


def _integer(ctx: NodeContext) -> Sequence[Call]:
    """int8 activations; state and filters over time both int16, or both int8 as for microcontrollers.

    LiteRT reads an int8 state as int16 and dies; what it means is what TensorFlow Lite Micro computes, with the state's
    zero point.
    """
    source, w, wt, bias, state = ctx.input(0), ctx.input(1), ctx.input(2), ctx.optional(3), ctx.input(4)
    out = ctx.output()
    units, filters, steps = out.shape[1], w.shape[0], wt.shape[1]
    if w.type is not TensorType.INT8 or out.type is not TensorType.INT8 or wt.type is not state.type:
        ctx.unsupported()
    if wt.type not in (TensorType.INT8, TensorType.INT16) or (bias and bias.type is not TensorType.INT32):
        ctx.unsupported()
    for weights in (w, wt):
        if weights.zero_point != 0:
            weights.refuse("holds weights and needs zero point 0", str(weights.zero_point))
    zero_point = 0 if ctx.numerics.svdf_state is SvdfState.NO_ZERO_POINT else state.zero_point
    into, beyond = _real_multiplier(ctx, source, w, state), _real_multiplier(ctx, state, wt, out)
    return [
        Call(
            svdf_integer,
            (
                source.ref(), source.zero_point, w.ref(), wt.ref(),
                bias.ref((units,)) if bias else np.zeros(units, np.int32),
                state.ref((source.shape[0], filters, steps)), zero_point, *state.range, *into, *beyond,
                out.zero_point, *out.range, ctx.numerics.svdf_state is SvdfState.WRAPS, out.ref(),
            ),
        )
    ]  # fmt: skip


def _real(ctx: NodeContext) -> Sequence[Call]:
    """float32 activations; filters float32 or, quantized on the fly, int8; filters over time count as float32."""
    source, w, wt, state, out = ctx.input(0), ctx.input(1), ctx.input(2), ctx.input(4), ctx.output()
    if not source.type is state.type is out.type is TensorType.FLOAT32 or wt.type is not w.type:
        ctx.unsupported()
    batches, filters, steps = source.shape[0], w.shape[0], wt.shape[1]
    lo, hi = real_bounds(ctx.options["fused_activation_function"])
    memory = state.ref((batches, filters, steps))
    if w.type is TensorType.FLOAT32 and ctx.numerics.svdf_sum is SvdfSum.SEQUENTIAL:
        bias = float_bias(ctx, ctx.optional(3), out.shape[1])
        return [Call(svdf_in_order, (source.ref(), w.ref(), wt.ref(), bias, lo, hi, memory, out.ref()))]
    acc = Scratch(np.dtype(np.float32), (batches, filters))
    if w.type is TensorType.FLOAT32:
        first = [Call(np.copyto, (acc, np.float32(0))), Call(accumulate_lanes, (source.ref(), w.ref(), acc))]
        over_time = wt.known()
    else:
        zeros, asymmetric = np.zeros(filters, np.float32), bool(ctx.options["asymmetric_quantize_inputs"])
        first = [_hybrid.product(ctx, source.ref(), w, zeros, acc, asymmetric=asymmetric)]
        over_time = wt.known().view(np.int8).astype(np.float32) * wt.scale
    bias = float_bias(ctx, ctx.optional(3), out.shape[1])
    return [*first, Call(svdf_remember, (acc, np.ascontiguousarray(over_time), bias, lo, hi, memory, out.ref()))]


def prepare(ctx: NodeContext) -> Sequence[Call]:
    """Source: tflite/kernels/svdf.cc"""
    if ctx.input(0).type is TensorType.INT8:
        return _integer(ctx)
    return _real(ctx)


register(
    Operator(
        "SVDF",
        infer,
        prepare,
        inputs=(5, 5),
        signatures=(
            "int8 x int8 x int16 x int32 x int16 -> int8",
            "int8 x int8 x int8 x int32 x int8 -> int8",
            "float32 x float32|int8|uint8 x float32|int8|uint8 x float32 x float32 -> float32",
        ),
        is_pure=False,
    )
)

"""Recurrent cells: state = activation(bias + W x + R state), over the steps of a sequence."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from intengine_kernels.lanes import accumulate_lanes
from intengine_kernels.rnn import rnn_activate

from intengine.model import TensorType
from intengine.ops import _hybrid
from intengine.ops._context import NodeContext
from intengine.ops._float_matrix import float_bias
from intengine.ops._operand import Operand
from intengine.quantization import real_bounds
from intengine.step import Call, Ref, Scratch

_TANH = 4
#: Longer sequences are refused; each step is a few calls.
MOST = 2**16
_F32 = np.dtype(np.float32)
_WEIGHTS = (TensorType.FLOAT32, TensorType.INT8, TensorType.UINT8)


@dataclass(frozen=True, eq=False)
class Cell:
    """The parameters of one direction; `aside` weighs an auxiliary input."""

    weights: Operand
    recurrent: Operand
    bias: Operand | None
    state: Operand
    aside: Operand | None = None

    @property
    def units(self) -> int:
        return self.weights.shape[0]

    def check(self, ctx: NodeContext, batches: int, depth: int, aside_depth: int) -> None:
        units = self.units if self.weights.rank == 2 else -1
        ctx.require(self.weights.shape == (units, depth), f"needs weights [units, {depth}]", self.weights.shape)
        ctx.require(self.recurrent.shape == (units, units), "needs square recurrent weights", self.recurrent.shape)
        ctx.require(self.state.shape == (batches, units), f"needs a state {[batches, units]}", self.state.shape)
        ctx.require(self.state.spec.is_variable, "needs a state that is a variable", self.state.name)
        if self.aside:
            ctx.require(self.aside.shape == (units, aside_depth), "needs auxiliary weights", self.aside.shape)


def _accumulate(ctx: NodeContext, x: Ref | Scratch, weights: Operand, acc: Scratch) -> list[Call]:
    """acc += x @ weights.T"""
    if weights.type is TensorType.FLOAT32:
        return [Call(accumulate_lanes, (x, weights.ref(), acc))]
    zeros, asymmetric = np.zeros(weights.shape[0], np.float32), bool(ctx.options["asymmetric_quantize_inputs"])
    part = Scratch(_F32, acc.shape)
    return [_hybrid.product(ctx, x, weights, zeros, part, asymmetric=asymmetric), Call(np.add, (acc, part, acc))]


def cell_calls(
    ctx: NodeContext, cell: Cell, steps: Sequence[tuple[Ref, Ref | None, Ref]], batches: int, depths: tuple[int, int]
) -> list[Call]:
    """One direction over steps of (input, auxiliary input, output)."""
    if not {operand.type for operand in (cell.weights, cell.recurrent)} <= {cell.weights.type}:
        ctx.unsupported()
    if cell.state.type is not TensorType.FLOAT32 or cell.weights.type not in _WEIGHTS:
        ctx.unsupported()
    activation = ctx.options["fused_activation_function"]
    lo, hi = (-np.inf, np.inf) if activation == _TANH else real_bounds(activation)
    units = cell.units
    x, aux = Scratch(_F32, (batches, depths[0])), Scratch(_F32, (batches, depths[1]))
    acc, state = Scratch(_F32, (batches, units)), cell.state.ref()
    step = [Call(np.copyto, (acc, float_bias(ctx, cell.bias, units))), *_accumulate(ctx, x, cell.weights, acc)]
    if cell.aside:
        step += _accumulate(ctx, aux, cell.aside, acc)
    step += _accumulate(ctx, state, cell.recurrent, acc)
    step.append(Call(rnn_activate, (acc, activation == _TANH, lo, hi, state)))
    calls: list[Call] = []
    for source, extra, target in steps:
        calls.append(Call(np.copyto, (x, source)))
        if cell.aside and extra is not None:
            calls.append(Call(np.copyto, (aux, extra)))
        calls += [*step, Call(np.copyto, (target, state))]
    return calls


def sequence(ctx: NodeContext, source: Operand) -> tuple[int, int, int]:
    """(steps, batches, depth) of a sequence, or of the single step of RNN."""
    if ctx.node.op == "RNN":
        ctx.require(source.rank == 2, "needs a 2-D input", source.shape)
        return 1, source.shape[0], source.shape[1]
    ctx.require(source.rank == 3, "needs a 3-D input", source.shape)
    first, second, depth = source.shape
    ctx.require(first * second <= MOST, f"needs at most {MOST} steps in all here", first * second)
    return (first, second, depth) if ctx.options["time_major"] else (second, first, depth)


def at(ctx: NodeContext, operand: Operand, t: int, sizes: tuple[int, int, int], offset: int = 0, width: int = 0) -> Ref:
    """Step t of a sequence as [batches, width], from element `offset` of its depth."""
    steps, batches, depth = sizes
    if ctx.node.op == "RNN" or ctx.options["time_major"]:
        return operand.strided((batches, width or depth), (depth, 1), t * batches * depth + offset)
    return operand.strided((batches, width or depth), (steps * depth, 1), t * depth + offset)


def signatures(after: str) -> tuple[str, ...]:
    """One for each type of weights; `after` follows the inputs that all have."""
    return tuple(f"float32 x {t} x {t} x float32 x float32{after}" for t in ("float32", "int8", "uint8"))

"""RNN, UNIDIRECTIONAL_SEQUENCE_RNN and BIDIRECTIONAL_SEQUENCE_RNN: state = activation(bias + W x + R state)."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from intengine_kernels.lanes import accumulate_lanes
from intengine_kernels.rnn import rnn_activate

from intengine.model import TensorType
from intengine.ops import _hybrid
from intengine.ops._context import NodeContext, Operand
from intengine.ops._float_matrix import float_bias
from intengine.ops._registry import Operator, register
from intengine.quantization import real_bounds
from intengine.shapes import Shape
from intengine.step import Call, Ref, Scratch

_TANH = 4
#: Longer sequences are refused; each step is a few calls.
MOST = 2**16
_F32 = np.dtype(np.float32)


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


def _calls(
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


_WEIGHTS = (TensorType.FLOAT32, TensorType.INT8, TensorType.UINT8)


def _sequence(ctx: NodeContext, source: Operand) -> tuple[int, int, int]:
    """(steps, batches, depth) of a sequence, or of the single step of RNN."""
    if ctx.node.op == "RNN":
        ctx.require(source.rank == 2, "needs a 2-D input", source.shape)
        return 1, source.shape[0], source.shape[1]
    ctx.require(source.rank == 3, "needs a 3-D input", source.shape)
    first, second, depth = source.shape
    ctx.require(first * second <= MOST, f"needs at most {MOST} steps in all here", first * second)
    return (first, second, depth) if ctx.options["time_major"] else (second, first, depth)


def _at(
    ctx: NodeContext, operand: Operand, t: int, sizes: tuple[int, int, int], offset: int = 0, width: int = 0
) -> Ref:
    """Step t of a sequence as [batches, width], from element `offset` of its depth."""
    steps, batches, depth = sizes
    if ctx.node.op == "RNN" or ctx.options["time_major"]:
        return operand.strided((batches, width or depth), (depth, 1), t * batches * depth + offset)
    return operand.strided((batches, width or depth), (steps * depth, 1), t * depth + offset)


def _cell(ctx: NodeContext) -> Cell:
    return Cell(ctx.input(1), ctx.input(2), ctx.optional(3), ctx.input(4))


def infer(ctx: NodeContext) -> Sequence[Shape]:
    _, batches, depth = _sequence(ctx, ctx.input(0))
    cell = _cell(ctx)
    cell.check(ctx, batches, depth, 0)
    return [(*ctx.input(0).shape[:-1], cell.units)]


def prepare(ctx: NodeContext) -> Sequence[Call]:
    """Source: tflite/kernels/basic_rnn.cc, unidirectional_sequence_rnn.cc"""
    source, out, cell = ctx.input(0), ctx.output(), _cell(ctx)
    if not source.type is out.type is TensorType.FLOAT32:
        ctx.unsupported()
    steps, batches, depth = sizes = _sequence(ctx, source)
    after = (steps, batches, cell.units)
    refs = [(_at(ctx, source, t, sizes), None, _at(ctx, out, t, after)) for t in range(steps)]
    return _calls(ctx, cell, refs, batches, (depth, 0))


def _cells(ctx: NodeContext) -> tuple[Cell, Cell]:
    return (
        Cell(ctx.input(1), ctx.input(2), ctx.optional(3), ctx.input(4), ctx.optional(10)),
        Cell(ctx.input(5), ctx.input(6), ctx.optional(7), ctx.input(8), ctx.optional(11)),
    )


def infer_both(ctx: NodeContext) -> Sequence[Shape]:
    source, aux = ctx.input(0), ctx.optional(9)
    _, batches, depth = _sequence(ctx, source)
    forward, backward = _cells(ctx)
    ctx.require((forward.aside is None) == (backward.aside is None), "needs auxiliary weights for both or none", "one")
    ctx.require(aux is not None or forward.aside is None, "needs an auxiliary input for its weights", "none")
    ctx.require(aux is None or (aux.shape[:2] == source.shape[:2] and aux.rank == 3), "needs alike inputs", aux)
    aside = aux.shape[-1] if aux else 0
    forward.check(ctx, batches, depth, aside)
    ctx.require(aux is None or backward.aside is not None or aside == depth, "needs alike depths", (aside, depth))
    backward.check(ctx, batches, depth, aside)
    before = source.shape[:2]
    if ctx.options["merge_outputs"]:
        return [(*before, forward.units + backward.units)]
    return [(*before, forward.units), (*before, backward.units)]


def prepare_both(ctx: NodeContext) -> Sequence[Call]:
    """Backwards from the last step; an auxiliary input without weights takes the place of the input there.

    LiteRT does the latter only in time-major order, where it runs a hybrid sequence as many times as it has steps, the
    state going on.

    Source: tflite/kernels/bidirectional_sequence_rnn.cc
    """
    source, aux = ctx.input(0), ctx.optional(9)
    if any(o.type is not TensorType.FLOAT32 for o in (source, aux or source, *ctx.outputs)):
        ctx.unsupported()
    forward, backward = _cells(ctx)
    sizes = _sequence(ctx, source)
    steps, batches = sizes[:2]
    merged = ctx.options["merge_outputs"]
    beside = (steps, batches, aux.shape[-1]) if aux else (steps, batches, 0)
    calls: list[Call] = []
    for cell, out, offset, order in (
        (forward, ctx.output(0), 0, range(steps)),
        (backward, ctx.output(0 if merged else 1), forward.units if merged else 0, reversed(range(steps))),
    ):
        taken, taken_sizes = source, sizes
        if cell is backward and aux and not cell.aside and ctx.options["time_major"]:
            taken, taken_sizes = aux, beside
        after = (steps, batches, out.shape[-1])
        refs = [
            (
                _at(ctx, taken, t, taken_sizes),
                _at(ctx, aux, t, beside) if aux and cell.aside else None,
                _at(ctx, out, t, after, offset, cell.units),
            )
            for t in order
        ]
        passes = steps if ctx.options["time_major"] and cell.weights.type is not TensorType.FLOAT32 else 1
        calls += _calls(ctx, cell, refs, batches, (taken_sizes[2], beside[2])) * passes
    return calls


def _signatures(after: str) -> tuple[str, ...]:
    return tuple(f"float32 x {t} x {t} x float32 x float32{after}" for t in ("float32", "int8", "uint8"))


register(Operator("RNN", infer, prepare, (5, 5), _signatures(" -> float32"), is_pure=False))
register(Operator("UNIDIRECTIONAL_SEQUENCE_RNN", infer, prepare, (5, 5), _signatures(" -> float32"), is_pure=False))
register(
    Operator(
        "BIDIRECTIONAL_SEQUENCE_RNN", infer_both, prepare_both, (12, 12), _signatures(" ... -> float32 ..."),
        is_pure=False,
    )
)  # fmt: skip

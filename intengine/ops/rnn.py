"""RNN and UNIDIRECTIONAL_SEQUENCE_RNN: state = activation(bias + W x + R state)."""

from collections.abc import Sequence

from intengine.model import TensorType
from intengine.ops._context import NodeContext
from intengine.ops._registry import Operator, register
from intengine.ops._rnn import Cell, at, cell_calls, sequence, signatures
from intengine.shapes import Shape
from intengine.step import Call


def _cell(ctx: NodeContext) -> Cell:
    return Cell(ctx.input(1), ctx.input(2), ctx.optional(3), ctx.input(4))


def infer(ctx: NodeContext) -> Sequence[Shape]:
    _, batches, depth = sequence(ctx, ctx.input(0))
    cell = _cell(ctx)
    cell.check(ctx, batches, depth, 0)
    return [(*ctx.input(0).shape[:-1], cell.units)]


def prepare(ctx: NodeContext) -> Sequence[Call]:
    """Source: tflite/kernels/basic_rnn.cc, unidirectional_sequence_rnn.cc"""
    source, out, cell = ctx.input(0), ctx.output(), _cell(ctx)
    if not source.type is out.type is TensorType.FLOAT32:
        ctx.unsupported()
    steps, batches, depth = sizes = sequence(ctx, source)
    after = (steps, batches, cell.units)
    refs = [(at(ctx, source, t, sizes), None, at(ctx, out, t, after)) for t in range(steps)]
    return cell_calls(ctx, cell, refs, batches, (depth, 0))


register(Operator("RNN", infer, prepare, (5, 5), signatures(" -> float32"), is_pure=False))
register(Operator("UNIDIRECTIONAL_SEQUENCE_RNN", infer, prepare, (5, 5), signatures(" -> float32"), is_pure=False))

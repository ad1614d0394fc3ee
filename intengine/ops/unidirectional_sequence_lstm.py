"""UNIDIRECTIONAL_SEQUENCE_LSTM: a sequence [B, T, I] (time_major: [T, B, I]) through an LSTM cell, -> [..., U].

Output and cell state are variable tensors and go on from run to run.
"""

from collections.abc import Sequence

from intengine.model import TensorType
from intengine.ops import _lstm_float, _lstm_integer, _lstm_micro
from intengine.ops._context import NodeContext
from intengine.ops._lstm import read_cell
from intengine.ops._lstm_cell import Cell, Layout
from intengine.ops._registry import Operator, register
from intengine.shapes import Shape
from intengine.step import Call


def _cell(ctx: NodeContext) -> Cell:
    source = ctx.input(0)
    ctx.require(len(ctx.node.inputs) in (20, 24), "needs 20 or 24 inputs", len(ctx.node.inputs))
    ctx.require(source.rank == 3, "needs a 3-D input", list(source.shape))
    time_major = bool(ctx.options["time_major"])
    batch = source.shape[1 if time_major else 0]
    diagonal = source.type is TensorType.FLOAT32
    normalized = ctx.optional(21) is not None
    return read_cell(ctx, Layout(), batch=batch, time_major=time_major, diagonal=diagonal, normalized=normalized)


def infer(ctx: NodeContext) -> Sequence[Shape]:
    cell = _cell(ctx)
    return [(*cell.source.shape[:2], cell.outputs)]


def prepare(ctx: NodeContext) -> Sequence[Call]:
    cell = _cell(ctx)
    if _lstm_micro.applies(ctx, cell):
        return _lstm_micro.prepare(ctx, cell, cell.source.shape)
    if cell.source.type is TensorType.INT8:
        return _lstm_integer.prepare(ctx, cell, cell.source.shape)
    return _lstm_float.prepare(ctx, cell, cell.source.shape, ctx.output())


register(
    Operator(
        "UNIDIRECTIONAL_SEQUENCE_LSTM",
        infer,
        prepare,
        inputs=(20, 24),
        signatures=("int8 x int8 -> int8", "int16 x int8 -> int16", "float32 x float32|int8|uint8 -> float32"),
        is_pure=False,
    )
)

"""LSTM: one step [B, I] -> [B, U] of an LSTM cell, whose output and cell state are variable tensors.

The full kernel has 20 or 24 inputs, the basic one 5.
"""

from collections.abc import Sequence

from intengine.model import TensorType
from intengine.ops import _lstm_basic, _lstm_float, _lstm_integer, _lstm_narrow
from intengine.ops._context import NodeContext
from intengine.ops._lstm import read_cell
from intengine.ops._lstm_cell import Cell, Layout
from intengine.ops._registry import Operator, register
from intengine.shapes import Shape
from intengine.step import Call

#: LSTMKernelType of the schema.
_BASIC = 1


def _cell(ctx: NodeContext) -> Cell:
    source = ctx.input(0)
    ctx.require(len(ctx.node.inputs) in (20, 24), "needs 20 or 24 inputs", len(ctx.node.inputs))
    ctx.require(source.rank == 2, "needs a 2-D input", list(source.shape))
    normalized = ctx.optional(21) is not None
    return read_cell(ctx, Layout(), batch=source.shape[0], time_major=True, normalized=normalized)


def infer(ctx: NodeContext) -> Sequence[Shape]:
    if ctx.options["kernel_type"] == _BASIC:
        ctx.require(len(ctx.node.inputs) == 5, "needs 5 inputs for its basic kernel", len(ctx.node.inputs))
        return _lstm_basic.infer(ctx)
    cell = _cell(ctx)
    return [(cell.batch, cell.outputs)]


def prepare(ctx: NodeContext) -> Sequence[Call]:
    if ctx.options["kernel_type"] == _BASIC:
        return _lstm_basic.prepare(ctx)
    cell = _cell(ctx)
    shape = (1, cell.batch, cell.inputs)
    if cell.source.type is TensorType.INT8 and len(ctx.intermediates) == 12:
        return _lstm_narrow.prepare(ctx, cell)
    if cell.source.type is TensorType.INT8:
        return _lstm_integer.prepare(ctx, cell, shape)
    return _lstm_float.prepare(ctx, cell, shape, ctx.output())


register(
    Operator(
        "LSTM",
        infer,
        prepare,
        inputs=(5, 24),
        signatures=(
            "int8 x int8 -> int8",
            "float32 x float32|int8|uint8 -> float32",
            "uint8 x uint8 x uint8 x int32 x int16 -> uint8, int16, uint8, int16",
            "float32 x float32 x float32 x float32 x float32 -> float32, float32, float32, float32",
        ),
        is_pure=False,
    )
)

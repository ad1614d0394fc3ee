"""BIDIRECTIONAL_SEQUENCE_LSTM: a sequence through one LSTM cell from its start and another one from its end.

The input is [B, T, I] (time_major: [T, B, I]); outputs are [..., U] of each cell, or one [..., U + U'] with
merge_outputs. A second input goes into both cells if there are weights for it, else it is the backward cell's input.
Where LiteRT writes past its states, in a batch-major batch with merged outputs, each row keeps its own state here.

Source: tflite/kernels/bidirectional_sequence_lstm.cc
"""

from collections.abc import Sequence

from intengine.ops import _lstm_float
from intengine.ops._context import NodeContext
from intengine.ops._lstm import read_cell
from intengine.ops._lstm_cell import Cell, Layout
from intengine.ops._registry import Operator, register
from intengine.shapes import Shape
from intengine.step import Call

_AUX = 39
_FORWARD_AUX_WEIGHTS, _BACKWARD_AUX_WEIGHTS = 40, 44


def _cells(ctx: NodeContext) -> tuple[Cell, Cell]:
    """The forward and the backward cell."""
    source, second = ctx.input(0), ctx.optional(_AUX)
    ctx.require(source.rank == 3, "needs a 3-D input", list(source.shape))
    linked = ctx.optional(_FORWARD_AUX_WEIGHTS + 1) is not None
    ctx.require(
        linked == (ctx.optional(_BACKWARD_AUX_WEIGHTS + 1) is not None), "needs auxiliary weights for both cells", "one"
    )
    if second is not None:
        ctx.require(
            second.rank == 3 and second.shape[:2] == source.shape[:2], "needs inputs of one length",
            [list(source.shape), list(second.shape)],
        )  # fmt: skip
    backward = _AUX if second is not None and not linked else 0
    time_major = bool(ctx.options["time_major"])
    batch = source.shape[1 if time_major else 0]
    layouts = (
        Layout(0, 1, 35, 36, aux_source=_AUX, aux_weights=_FORWARD_AUX_WEIGHTS),
        Layout(backward, 18, 37, 38, aux_source=_AUX, aux_weights=_BACKWARD_AUX_WEIGHTS),
    )
    one, other = (read_cell(ctx, layout, batch=batch, time_major=time_major) for layout in layouts)
    return one, other


def infer(ctx: NodeContext) -> Sequence[Shape]:
    one, other = _cells(ctx)
    lead = one.source.shape[:2]
    if ctx.options["merge_outputs"]:
        return [(*lead, one.outputs + other.outputs)]
    return [(*lead, one.outputs), (*lead, other.outputs)]


def prepare(ctx: NodeContext) -> Sequence[Call]:
    one, other = _cells(ctx)
    merged = bool(ctx.options["merge_outputs"])
    second = ctx.output(0) if merged else ctx.output(1)
    return [
        *_lstm_float.prepare(ctx, one, one.source.shape, ctx.output(0)),
        *_lstm_float.prepare(
            ctx, other, other.source.shape, second, reverse=True, offset=one.outputs if merged else 0
        ),
    ]  # fmt: skip


register(
    Operator(
        "BIDIRECTIONAL_SEQUENCE_LSTM",
        infer,
        prepare,
        inputs=(48, 48),
        signatures=("float32 x float32|int8|uint8 -> float32", "float32 x float32|int8|uint8 -> float32, float32"),
        is_pure=False,
    )
)

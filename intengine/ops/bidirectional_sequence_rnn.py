"""BIDIRECTIONAL_SEQUENCE_RNN: one recurrent cell forwards over a sequence, another backwards."""

from collections.abc import Sequence

from intengine.model import TensorType
from intengine.ops._context import NodeContext
from intengine.ops._registry import Operator, register
from intengine.ops._rnn import Cell, at, cell_calls, sequence, signatures
from intengine.shapes import Shape
from intengine.step import Call


def _cells(ctx: NodeContext) -> tuple[Cell, Cell]:
    return (
        Cell(ctx.input(1), ctx.input(2), ctx.optional(3), ctx.input(4), ctx.optional(10)),
        Cell(ctx.input(5), ctx.input(6), ctx.optional(7), ctx.input(8), ctx.optional(11)),
    )


def infer(ctx: NodeContext) -> Sequence[Shape]:
    source, aux = ctx.input(0), ctx.optional(9)
    _, batches, depth = sequence(ctx, source)
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


def prepare(ctx: NodeContext) -> Sequence[Call]:
    """Backwards from the last step; an auxiliary input without weights takes the place of the input there.

    LiteRT does the latter only in time-major order, where it runs a hybrid sequence as many times as it has steps, the
    state going on.

    Source: tflite/kernels/bidirectional_sequence_rnn.cc
    """
    source, aux = ctx.input(0), ctx.optional(9)
    if any(o.type is not TensorType.FLOAT32 for o in (source, aux or source, *ctx.outputs)):
        ctx.unsupported()
    forward, backward = _cells(ctx)
    sizes = sequence(ctx, source)
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
                at(ctx, taken, t, taken_sizes),
                at(ctx, aux, t, beside) if aux and cell.aside else None,
                at(ctx, out, t, after, offset, cell.units),
            )
            for t in order
        ]
        passes = steps if ctx.options["time_major"] and cell.weights.type is not TensorType.FLOAT32 else 1
        calls += cell_calls(ctx, cell, refs, batches, (taken_sizes[2], beside[2])) * passes
    return calls


register(
    Operator(
        "BIDIRECTIONAL_SEQUENCE_RNN", infer, prepare, (12, 12), signatures(" ... -> float32 ..."),
        is_pure=False,
    )
)  # fmt: skip

"""The operands of an LSTM cell, read and checked once for all operators that have one.

N cells, U outputs (N without a projection), I inputs. Gates are kept in the order of the kernels: forget, cell,
output, input; a cell without an input gate has three.
"""

import numpy as np

from intengine.model import TensorType
from intengine.ops._context import NodeContext
from intengine.ops._log2 import near_log2
from intengine.ops._lstm_cell import Cell, Layout
from intengine.ops._operand import Operand

#: The file has input, forget, cell, output; the kernels have the optional input gate last.
_ORDER = (1, 2, 3, 0)
WEIGHT_TYPES = (TensorType.FLOAT32, TensorType.INT8, TensorType.UINT8)


def read_cell(
    ctx: NodeContext, layout: Layout, *, batch: int, time_major: bool, diagonal: bool = False, normalized: bool = False
) -> Cell:
    """The operands of one cell, with all shapes checked.

    Args:
        batch: B. diagonal: whether recurrent weights may be vectors.

    Raises:
        InvalidModelError: if a shape does not fit or only some of a group are there.
    """
    for clip in ("cell_clip", "proj_clip"):
        ctx.require(ctx.options[clip] >= 0, f"needs a {clip} of at least 0", ctx.options[clip])
    first = layout.weights
    source = ctx.input(layout.source)
    inputs = source.shape[-1]
    has_input = ctx.optional(first) is not None
    order = _ORDER if has_input else _ORDER[:3]
    w = tuple(ctx.input(first + g) for g in order)
    units = w[0].shape[0] if w[0].rank == 2 else 0
    r = tuple(ctx.input(first + 4 + g) for g in order)
    outputs = r[2].shape[-1] if r[2].rank else 0
    ctx.require(units > 0 and outputs > 0 and inputs > 0, "needs cells, inputs and outputs", list(w[0].shape))
    for operand in w:
        _shaped(operand, (units, inputs), "input weights")
    for operand in r:
        if not (diagonal and operand.shape == (units,)):
            _shaped(operand, (units, outputs), "recurrent weights")
    ctx.require(
        has_input or ctx.optional(first + 4) is None, "needs all weights of the input gate or none", "recurrent ones"
    )
    peephole = _peephole(ctx, first + 8, units, has_input=has_input)
    bias = tuple(ctx.input(first + 11 + g) for g in order)
    ctx.require(has_input or ctx.optional(first + 11) is None, "needs an input gate for its bias", "none")
    norm = tuple(ctx.input(layout.norm + g) for g in order) if normalized else ()
    ctx.require(
        has_input or not normalized or ctx.optional(layout.norm) is None, "needs an input gate to normalize", "none"
    )
    for operand in (*bias, *norm):
        _shaped(operand, (units,), "one value per cell")
    projection, projection_bias = ctx.optional(first + 15), ctx.optional(first + 16)
    if projection is not None:
        _shaped(projection, (outputs, units), "projection weights")
    else:
        ctx.require(projection_bias is None, "needs projection weights for a projection bias", "none")
        ctx.require(outputs == units, f"needs {units} outputs without a projection", outputs)
    if projection_bias is not None:
        _shaped(projection_bias, (outputs,), "a projection bias")
    output_state, cell_state = ctx.input(layout.output_state), ctx.input(layout.cell_state)
    for state, size in ((output_state, outputs), (cell_state, units)):
        ctx.require(state.spec.is_variable, "needs variable tensors for its states", repr(state.name))
        ctx.require(state.size == batch * size, f"needs a state of {batch} x {size}", list(state.shape))
    aux_source, aux = _aux(ctx, layout, order, units)
    return Cell(
        source, w, r, peephole, bias, norm, projection, projection_bias, output_state, cell_state,
        batch, units, outputs, inputs, time_major, aux_source, aux,
    )  # fmt: skip


def _peephole(ctx: NodeContext, first: int, units: int, *, has_input: bool) -> tuple[Operand, ...]:
    """Peephole weights of forget, output and input gate: all or none."""
    into_input, forget, output = (ctx.optional(first + i) for i in range(3))
    found = [o for o in (forget, output, into_input) if o is not None]
    if not found:
        return ()
    wanted = (forget, output, into_input) if has_input else (forget, output)
    peephole = tuple(o for o in wanted if o is not None)
    ctx.require(len(peephole) == len(wanted), "needs all peephole weights or none", f"{len(found)}")
    for operand in peephole:
        _shaped(operand, (units,), "peephole weights")
    return peephole


def _aux(
    ctx: NodeContext, layout: Layout, order: tuple[int, ...], units: int
) -> tuple[Operand | None, tuple[Operand, ...]]:
    """The second input and its weights, where the operator has them and the node gives them."""
    if layout.aux_weights < 0 or ctx.optional(layout.aux_weights + 1) is None:
        return None, ()
    source = ctx.input(layout.aux_source)
    aux = tuple(ctx.input(layout.aux_weights + g) for g in order)
    for operand in aux:
        _shaped(operand, (units, source.shape[-1]), "auxiliary weights")
    return source, aux


def _shaped(operand: Operand, shape: tuple[int, ...], what: str) -> None:
    if operand.shape != shape:
        operand.refuse(f"holds {what} and needs shape {list(shape)}", str(list(operand.shape)))


def power_of_two(operand: Operand) -> int:
    """k where the scale is 2**k, within a thousandth of k.

    Raises:
        InvalidModelError: if it is not.

    Source: tflite/kernels/kernel_util.cc
    """
    log2 = near_log2(operand.scale)
    if log2 is None:
        operand.refuse("needs a power of two as its scale", str(float(operand.scale)))
    return log2


def quantized_clip(clip: float, scale: np.float32, most: int) -> int:
    """trunc(clip / scale) in float32, at most `most`; 0 means none."""
    with np.errstate(over="ignore"):
        return int(min(np.float32(clip) / scale, np.float32(most))) if clip > 0 else 0

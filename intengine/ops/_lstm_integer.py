"""LSTM cells of int8 activations: gates and cell of int16 (5 intermediate tensors carry the scales).

Source: tflite/kernels/lstm.cc, unidirectional_sequence_lstm.cc, lstm_eval.cc
"""

from collections.abc import Sequence

import numpy as np
from intengine_kernels.lstm import lstm_integer
from numpy.typing import NDArray

from intengine.model import TensorType
from intengine.ops._context import NodeContext
from intengine.ops._gemmlowp16 import logistic_table, tanh_table
from intengine.ops._lstm import power_of_two, quantized_clip
from intengine.ops._lstm_cell import Cell
from intengine.ops._operand import Operand
from intengine.shapes import Shape
from intengine.step import Call, Scratch

#: Without layer normalization gates have 3 integer bits.
_GATE_SCALE = np.float32(2.0**-12)
#: Intermediates of the gates, in the order of the kernels.
_GATE_INTERMEDIATE = (1, 2, 3, 0)


def check_types(ctx: NodeContext, cell: Cell) -> None:
    """int8 weights, int16 peephole and normalization weights, int32 biases, int8 and int16 states."""
    wanted = [
        ((*cell.w, *cell.r, cell.output_state, ctx.output()), TensorType.INT8),
        ((*cell.peephole, *cell.norm, cell.cell_state), TensorType.INT16),
        (cell.bias, TensorType.INT32),
        ((cell.projection,) if cell.projection else (), TensorType.INT8),
        ((cell.projection_bias,) if cell.projection_bias else (), TensorType.INT32),
    ]
    if any(operand.type is not type_ for operands, type_ in wanted for operand in operands):
        ctx.unsupported()


def intermediate(ctx: NodeContext, i: int) -> Operand:
    """Intermediate tensor i, which must be there."""
    found = ctx.intermediates[i] if i < len(ctx.intermediates) else None
    ctx.require(found is not None, f"needs intermediate tensor {i}", "none")
    assert found is not None
    return found


def zero_point_of(operand: Operand) -> int:
    """The zero point of a tensor whose type need not hold it."""
    zero_points = operand.quantization.zero_point
    value = int(zero_points[0]) if zero_points.size else 0
    if abs(value) > 32768:
        operand.refuse("needs a zero point within 16 bits", str(value))
    return value


def folded(bias: NDArray[np.int32] | None, weights: NDArray[np.int8], zero_point: int) -> NDArray[np.int32]:
    """int32[...]: bias plus zero_point * the row sums of int8[..., K], wrapping."""
    sums = weights.sum(axis=-1, dtype=np.int64) * zero_point
    total = sums if bias is None else sums + bias.astype(np.int64)
    return np.ascontiguousarray(total.astype(np.int32))


def prepare(ctx: NodeContext, cell: Cell, shape: Shape) -> Sequence[Call]:
    """The call for a sequence seen with this 3-D shape."""
    check_types(ctx, cell)
    source, state, out = cell.source, cell.output_state, ctx.output()
    normalized = bool(cell.norm)
    gate_scales = [
        intermediate(ctx, _GATE_INTERMEDIATE[g]).scale if normalized else _GATE_SCALE for g in range(cell.gates)
    ]
    hidden = intermediate(ctx, 4)
    power = power_of_two(cell.cell_state)
    if not -15 <= power <= -9:
        cell.cell_state.refuse("needs a scale from 2**-15 to 2**-9", f"2**{power}")
    scales = np.zeros((cell.gates, 4, 2), np.int32)
    for g, gate_scale in enumerate(gate_scales):
        scales[g, 0] = ctx.multiplier(float(cell.w[g].scale * source.scale / gate_scale))
        scales[g, 1] = ctx.multiplier(float(cell.r[g].scale * state.scale / gate_scale))
        if normalized:
            scales[g, 3] = ctx.multiplier(float(cell.norm[g].scale))
    for g, weights in zip((0, 2, 3), cell.peephole, strict=False):
        real = np.float32(2.0**power * float(weights.scale) / float(gate_scales[g]))
        scales[g, 2] = ctx.multiplier(float(real))
    guards = np.ones(cell.gates, np.int32)
    for g, weights in enumerate(cell.norm):
        guards[g] = max(1, int(min(np.float32(10000) * weights.scale, np.float32(2**30))))
    w, r = cell.stacked(cell.w), cell.stacked(cell.r)
    bias = cell.stacked(cell.bias)
    hidden_zero_point = zero_point_of(hidden)
    hidden_multiplier = ctx.multiplier(float(np.float32(2.0**-15 / float(hidden.scale) * 2.0**-15)))
    projection, projection_bias = np.zeros((0, cell.units), np.int8), np.zeros(0, np.int32)
    projection_multiplier = (0, 0)
    if cell.projection is not None:
        projection = np.array(cell.projection.known())
        given = cell.projection_bias.known() if cell.projection_bias is not None else None
        projection_bias = folded(given, projection, hidden_zero_point)
        projection_multiplier = ctx.multiplier(float(cell.projection.scale * hidden.scale / state.scale))
        hidden_zero_point = -hidden_zero_point
    return [
        Call(
            lstm_integer,
            (
                source.ref(shape), cell.time_major, w, r,
                folded(None if normalized else bias, w, -source.zero_point), folded(None, r, -state.zero_point),
                scales, _peephole(cell), cell.stacked(cell.norm), bias, guards, 30 + power,
                quantized_clip(ctx.options["cell_clip"], cell.cell_state.scale, 32767),
                logistic_table(3), tanh_table(3), tanh_table(15 + power),
                *hidden_multiplier, hidden_zero_point, projection, projection_bias, *projection_multiplier,
                state.zero_point, quantized_clip(ctx.options["proj_clip"], out.scale, 127),
                Scratch(np.dtype(np.int16), (cell.gates, cell.units)), Scratch(np.dtype(np.int8), (cell.units,)),
                state.ref((cell.batch, cell.outputs)), cell.cell_state.ref((cell.batch, cell.units)),
                out.ref((*shape[:2], cell.outputs)),
            ),
        )
    ]  # fmt: skip


def _peephole(cell: Cell) -> NDArray[np.int16]:
    """int16[gates, B, N] weights as LiteRT applies them, that of the cell gate 0; [0, B, N] without.

    It walks as many values as there are outputs, not cells: with a projection to fewer outputs the rest of the cells
    get none, and in a time-major batch the weights of all but the first row are out of step.
    """
    if not cell.peephole:
        return np.zeros((0, cell.batch, cell.units), np.int16)
    found = np.zeros((cell.gates, cell.batch, cell.units), np.int16)
    for g, operand in zip((0, 2, 3), cell.peephole, strict=False):
        weights = operand.known()
        if cell.outputs >= cell.units:
            found[g] = weights
        elif cell.time_major:
            found[g].reshape(-1)[: cell.batch * cell.outputs] = np.tile(weights[: cell.outputs], cell.batch)
        else:
            found[g, :, : cell.outputs] = weights[: cell.outputs]
    return found

"""LSTM cells of float32 activations, with float32 or 8-bit weights.

Source: tflite/kernels/lstm_eval.cc
"""

from collections.abc import Sequence

import numpy as np
from intengine_kernels.eigen import BLOCKED, BY_LANES, INNER, SMALL
from intengine_kernels.hybrid_quantize import LANES
from intengine_kernels.lstm_float import NONE, SIGN_BIT, lstm_float, lstm_hybrid
from numpy.typing import NDArray

from intengine.model import TensorType
from intengine.ops._context import NodeContext, Operand
from intengine.ops._lstm import WEIGHT_TYPES, Cell
from intengine.shapes import Shape
from intengine.step import Call, Ref, Scratch

_F32, _I8, _I32 = np.dtype(np.float32), np.dtype(np.int8), np.dtype(np.int32)
#: Weights whose product with a negative activation x86 builds of LiteRT get wrong, in whole blocks of this many.
_SSE_BLOCK = 16
Matrices = tuple[NDArray[np.int8], NDArray[np.int16], NDArray[np.float32], NDArray[np.int32]]


def check_types(ctx: NodeContext, cell: Cell, out: Operand) -> None:
    """float32 activations, states, biases and normalization; weights all of one type, diagonal ones of float32."""
    weights = cell.w[0].type
    diagonal = [operand for operand in cell.r if operand.rank == 1]
    full = [operand for operand in cell.r if operand.rank == 2]
    projection = (cell.projection,) if cell.projection is not None else ()
    projection_bias = (cell.projection_bias,) if cell.projection_bias is not None else ()
    aux_source = (cell.aux_source,) if cell.aux_source is not None else ()
    floats = (
        cell.source, *aux_source, *cell.bias, *cell.norm, *projection_bias, *diagonal,
        cell.output_state, cell.cell_state, out,
    )  # fmt: skip
    if weights not in WEIGHT_TYPES or any(operand.type is not TensorType.FLOAT32 for operand in floats):
        ctx.unsupported()
    if any(operand.type is not weights for operand in (*cell.w, *full, *cell.aux, *cell.peephole, *projection)):
        ctx.unsupported()
    if cell.outputs != cell.units and diagonal:
        diagonal[0].refuse(f"is diagonal and needs {cell.units} outputs", f"{cell.outputs}")


def _scale(operand: Operand) -> np.float32:
    """The scale as LiteRT takes it: 0 unless there is exactly one. Zero points are ignored."""
    scales = operand.quantization.scale
    return np.float32(scales[0] if scales.size == 1 else 0.0)


def _matrices(operands: Sequence[Operand], units: int, depth: int) -> Matrices:
    """8-bit weights of one product for all gates, as `lstm_hybrid` takes them; diagonal ones are zeros."""
    count = len(operands)
    values = np.zeros((count, units, depth), np.int8)
    scales = np.zeros(count, np.float32)
    for g, operand in enumerate(operands):
        if operand.rank == 2:
            # Old converters called int8 weights uint8.
            values[g] = operand.known().view(np.int8)
            scales[g] = _scale(operand)
    wrong = np.where(values == -128, np.int16(256), np.int16(0))
    wrong[..., depth // _SSE_BLOCK * _SSE_BLOCK :] = 0
    if not wrong.any():
        wrong = np.zeros((count, units, 0), np.int16)
    return values, wrong, scales, np.ascontiguousarray(values.sum(axis=-1, dtype=np.int32))


def _floats(operands: Sequence[Operand], cell: Cell) -> NDArray[np.float32]:
    """float32[gates, N], or [0, N] if there are none."""
    return cell.stacked(operands).astype(np.float32)


def _peephole(cell: Cell) -> NDArray[np.float32]:
    """float32[gates, N] weights, that of the cell gate 0; [0, N] without."""
    if not cell.peephole:
        return np.zeros((0, cell.units), np.float32)
    found = np.zeros((cell.gates, cell.units), np.float32)
    for g, operand in zip((0, 2, 3), cell.peephole, strict=False):
        values = operand.known()
        if operand.type is not TensorType.FLOAT32:
            values = _scale(operand) * values.view(np.int8).astype(np.float32)
        found[g] = values
    return found


def _diagonal(cell: Cell) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """(float32[gates, N], int64[gates] whether a gate has them)."""
    values = np.zeros((cell.gates, cell.units), np.float32)
    flags = np.zeros(cell.gates, np.int64)
    for g, operand in enumerate(cell.r):
        if operand.rank == 1:
            values[g], flags[g] = operand.known(), 1
    return values, flags


def _places(cell: Cell) -> NDArray[np.int64]:
    """Element offsets of the gates in LiteRT's scratch buffer: [input], cell, forget, output."""
    order = (2, 1, 3, 0) if cell.gates == 4 else (1, 0, 2)
    return np.array(order, np.int64) * (cell.units * cell.batch)


def product_order(columns: int, rows: int, depth: int) -> int:
    """How Eigen sums a product of weights [rows, depth] with that many columns of activations."""
    if columns == 1:
        return INNER if rows == 1 else BY_LANES
    if rows == 1:
        return BY_LANES
    return SMALL if columns + rows + depth < 20 else BLOCKED


def prepare(
    ctx: NodeContext, cell: Cell, shape: Shape, out: Operand, *, reverse: bool = False, offset: int = 0
) -> Sequence[Call]:
    """The call for a sequence seen with this 3-D shape, written to the columns of `out` from `offset` on."""
    check_types(ctx, cell, out)
    rows = max(cell.batch, 1) if cell.time_major else 1
    activation = ctx.options["fused_activation_function"]
    activation = activation if NONE <= activation <= SIGN_BIT else NONE
    aux: Ref | NDArray[np.float32] = np.zeros((0, 0, 0), np.float32)
    if cell.aux_source is not None:
        aux = cell.aux_source.ref()
    projection_bias = np.zeros(cell.outputs, np.float32)
    if cell.projection_bias is not None:
        projection_bias = np.array(cell.projection_bias.known())
    sequence = (cell.source.ref(shape), aux, cell.time_major, reverse)
    vectors = (
        *_diagonal(cell), _peephole(cell), _floats(cell.bias, cell), _floats(cell.norm, cell),
        activation, _places(cell), float(ctx.options["cell_clip"]),
    )  # fmt: skip
    after = (projection_bias, float(ctx.options["proj_clip"]))
    gates = Scratch(_F32, (cell.gates, rows, cell.units))
    ends = (
        Scratch(_F32, (rows, cell.units)),
        cell.output_state.ref((cell.batch, cell.outputs)), cell.cell_state.ref((cell.batch, cell.units)),
        offset, out.ref((*shape[:2], out.shape[-1])),
    )  # fmt: skip
    if cell.w[0].type is TensorType.FLOAT32:
        orders, (w, a, r), projection = _float_weights(cell, rows)
        stale = Scratch(_F32, (rows if activation == NONE else 0, cell.units))
        return [Call(lstm_float, (*sequence, orders, w, a, r, *vectors, projection, *after, gates, stale, *ends))]
    asymmetric = bool(ctx.options["asymmetric_quantize_inputs"])
    matrices, hidden = _hybrid_weights(cell)
    work = (
        Scratch(_F32, (2, LANES)), *(Scratch(_I8, (rows, depth)) for depth in _depths(cell)),
        Scratch(_F32, (4, rows)), Scratch(_I32, (4, rows)), gates, np.zeros((0, cell.units), np.float32),
    )  # fmt: skip
    return [Call(lstm_hybrid, (*sequence, asymmetric, *matrices, *vectors, hidden, *after, *work, *ends))]


def _depths(cell: Cell) -> tuple[int, int, int, int]:
    """Terms of the products with input, second input, state and hidden value."""
    aux = cell.aux_source.shape[-1] if cell.aux_source is not None else 0
    return cell.inputs, aux, cell.outputs, cell.units


def _hybrid_weights(cell: Cell) -> tuple[tuple[Matrices, ...], Matrices]:
    """Of input, second input and state; and the projection."""
    inputs, aux, outputs, units = _depths(cell)
    matrices = tuple(_matrices(o, units, d) for o, d in ((cell.w, inputs), (cell.aux, aux), (cell.r, outputs)))
    return matrices, _matrices((cell.projection,) if cell.projection is not None else (), outputs, units)


def _float_weights(
    cell: Cell, rows: int
) -> tuple[tuple[int, ...], tuple[NDArray[np.float32], ...], NDArray[np.float32]]:
    """The orders of all products; weights of input, second input and state; and the projection."""
    inputs, aux, outputs, units = _depths(cell)
    orders = (
        *(product_order(rows, units, depth) for depth in (inputs, aux, outputs)),
        product_order(rows, outputs, units),
    )
    second = cell.stacked(cell.aux) if cell.aux else np.zeros((0, units, 0), np.float32)
    recurrent = np.zeros((cell.gates, units, outputs), np.float32)
    for g, operand in enumerate(cell.r):
        if operand.rank == 2:
            recurrent[g] = operand.known()
    projection = np.zeros((0, units), np.float32)
    if cell.projection is not None:
        projection = np.array(cell.projection.known())
    return orders, (cell.stacked(cell.w), second, recurrent), projection

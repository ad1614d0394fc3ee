"""Weights of float and dynamic-range LSTMs, as kernels take them."""

from collections.abc import Sequence

import numpy as np
from intengine_kernels.eigen import BLOCKED, BY_LANES, INNER, SMALL
from numpy.typing import NDArray

from intengine.model import TensorType
from intengine.ops._hybrid_weights import misread
from intengine.ops._lstm_cell import Cell
from intengine.ops._operand import Operand

Matrices = tuple[NDArray[np.int8], NDArray[np.int16], NDArray[np.float32], NDArray[np.int32]]


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
    wrong = misread(values) * np.int16(256)
    if not wrong.any():
        wrong = np.zeros((count, units, 0), np.int16)
    return values, wrong, scales, np.ascontiguousarray(values.sum(axis=-1, dtype=np.int32))


def floats(operands: Sequence[Operand], cell: Cell) -> NDArray[np.float32]:
    """float32[gates, N], or [0, N] if there are none."""
    return cell.stacked(operands).astype(np.float32)


def peephole(cell: Cell) -> NDArray[np.float32]:
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


def diagonal(cell: Cell) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """(float32[gates, N], int64[gates] whether a gate has them)."""
    values = np.zeros((cell.gates, cell.units), np.float32)
    flags = np.zeros(cell.gates, np.int64)
    for g, operand in enumerate(cell.r):
        if operand.rank == 1:
            values[g], flags[g] = operand.known(), 1
    return values, flags


def places(cell: Cell) -> NDArray[np.int64]:
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


def depths(cell: Cell) -> tuple[int, int, int, int]:
    """Terms of the products with input, second input, state and hidden value."""
    aux = cell.aux_source.shape[-1] if cell.aux_source is not None else 0
    return cell.inputs, aux, cell.outputs, cell.units


def hybrid_weights(cell: Cell) -> tuple[tuple[Matrices, ...], Matrices]:
    """Of input, second input and state; and the projection."""
    inputs, aux, outputs, units = depths(cell)
    matrices = tuple(_matrices(o, units, d) for o, d in ((cell.w, inputs), (cell.aux, aux), (cell.r, outputs)))
    return matrices, _matrices((cell.projection,) if cell.projection is not None else (), outputs, units)


def float_weights(
    cell: Cell, rows: int
) -> tuple[tuple[int, ...], tuple[NDArray[np.float32], ...], NDArray[np.float32]]:
    """The orders of all products; weights of input, second input and state; and the projection."""
    inputs, aux, outputs, units = depths(cell)
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

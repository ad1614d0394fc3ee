"""LSTM cells of float32 activations, with float32 or 8-bit weights.

Source: tflite/kernels/lstm_eval.cc
"""

from collections.abc import Sequence

import numpy as np
from intengine_kernels.hybrid_quantize import LANES
from intengine_kernels.lstm_float import NONE, SIGN_BIT, lstm_float, lstm_hybrid
from numpy.typing import NDArray

from intengine.model import TensorType
from intengine.ops._context import NodeContext
from intengine.ops._lstm import WEIGHT_TYPES
from intengine.ops._lstm_cell import Cell
from intengine.ops._lstm_float_weights import (
    depths,
    diagonal,
    float_weights,
    floats,
    hybrid_weights,
    peephole,
    places,
)
from intengine.ops._operand import Operand
from intengine.shapes import Shape
from intengine.step import Call, Ref, Scratch

_F32, _I8, _I32 = np.dtype(np.float32), np.dtype(np.int8), np.dtype(np.int32)


def check_types(ctx: NodeContext, cell: Cell, out: Operand) -> None:
    """float32 activations, states, biases and normalization; weights all of one type, diagonal ones of float32."""
    weights = cell.w[0].type
    diagonals = [operand for operand in cell.r if operand.rank == 1]
    full = [operand for operand in cell.r if operand.rank == 2]
    projection = (cell.projection,) if cell.projection is not None else ()
    projection_bias = (cell.projection_bias,) if cell.projection_bias is not None else ()
    aux_source = (cell.aux_source,) if cell.aux_source is not None else ()
    others = (
        cell.source, *aux_source, *cell.bias, *cell.norm, *projection_bias, *diagonals,
        cell.output_state, cell.cell_state, out,
    )  # fmt: skip
    if weights not in WEIGHT_TYPES or any(operand.type is not TensorType.FLOAT32 for operand in others):
        ctx.unsupported()
    if any(operand.type is not weights for operand in (*cell.w, *full, *cell.aux, *cell.peephole, *projection)):
        ctx.unsupported()
    if cell.outputs != cell.units and diagonals:
        diagonals[0].refuse(f"is diagonal and needs {cell.units} outputs", f"{cell.outputs}")


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
        *diagonal(cell), peephole(cell), floats(cell.bias, cell), floats(cell.norm, cell),
        activation, places(cell), float(ctx.options["cell_clip"]),
    )  # fmt: skip
    after = (projection_bias, float(ctx.options["proj_clip"]))
    gates = Scratch(_F32, (cell.gates, rows, cell.units))
    ends = (
        Scratch(_F32, (rows, cell.units)),
        cell.output_state.ref((cell.batch, cell.outputs)), cell.cell_state.ref((cell.batch, cell.units)),
        offset, out.ref((*shape[:2], out.shape[-1])),
    )  # fmt: skip
    if cell.w[0].type is TensorType.FLOAT32:
        orders, (w, a, r), projection = float_weights(cell, rows)
        stale = Scratch(_F32, (rows if activation == NONE else 0, cell.units))
        return [Call(lstm_float, (*sequence, orders, w, a, r, *vectors, projection, *after, gates, stale, *ends))]
    asymmetric = bool(ctx.options["asymmetric_quantize_inputs"])
    matrices, hidden = hybrid_weights(cell)
    work = (
        Scratch(_F32, (2, LANES)), *(Scratch(_I8, (rows, depth)) for depth in depths(cell)),
        Scratch(_F32, (4, rows)), Scratch(_I32, (4, rows)), gates, np.zeros((0, cell.units), np.float32),
    )  # fmt: skip
    return [Call(lstm_hybrid, (*sequence, asymmetric, *matrices, *vectors, hidden, *after, *work, *ends))]

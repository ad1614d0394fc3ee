"""Plain LSTM cells as tflite-micro has them: int8, int16 or float32 activations, no intermediate tensors.

Source: tensorflow/lite/micro/kernels/lstm_eval_common.cc, lstm_eval.cc, unidirectional_sequence_lstm.cc
"""

import functools
from collections.abc import Sequence

import numpy as np
from intengine_kernels.lstm_micro import lstm_in_order, lstm_sigmoid_table
from intengine_kernels.requantize import INT64_15BIT
from numpy.typing import NDArray

from intengine.fixedpoint import Ints
from intengine.model import TensorType
from intengine.numerics import ConvScales, SequenceLstm
from intengine.ops._context import NodeContext
from intengine.ops._lstm import power_of_two
from intengine.ops._lstm_cell import Cell
from intengine.ops._operand import Operand
from intengine.ops._sigmoid16 import logistic16, tanh16
from intengine.quantization import INTEGER_RANGE, TANH, quantize_multiplier
from intengine.shapes import Shape
from intengine.step import Call, Scratch

_GATE_SCALE = np.float32(2.0**-12)
_UNIT = 2.0**-15
_FRACTION_BITS = 12


def applies(ctx: NodeContext, cell: Cell) -> bool:
    """Whether the profile has these cells, and the node is one: four gates, and nothing but their layers."""
    extras = cell.peephole or cell.norm or cell.projection is not None or cell.gates != 4
    types = {operand.type for operand in (*cell.w, *cell.r)}
    known = types == {TensorType.FLOAT32 if cell.source.type is TensorType.FLOAT32 else TensorType.INT8}
    plain = known and not extras and all(operand.rank == 2 for operand in cell.r)
    is_tanh = ctx.options["fused_activation_function"] == TANH
    return ctx.numerics.sequence_lstm is not SequenceLstm.GEMMLOWP and plain and is_tanh


@functools.cache
def table(function: str, power: int) -> NDArray[np.int16]:
    """int16[65536]: entry i is logistic or tanh of 2**power times the raw whose bits are i."""
    raws: Ints = np.arange(65536).astype(np.uint16).view(np.int16).astype(np.int64)
    shift = _FRACTION_BITS + power
    scaled = raws * (3 << shift) if shift >= 0 else (raws * 3 + (1 << (-shift - 1))) >> -shift
    found = (logistic16 if function == "logistic" else tanh16)(scaled).astype(np.int16)
    found.flags.writeable = False
    return found


def prepare(ctx: NodeContext, cell: Cell, shape: Shape) -> Sequence[Call]:
    """The call for a sequence seen with this 3-D shape."""
    states = (cell.output_state.ref((cell.batch, cell.units)), cell.cell_state.ref((cell.batch, cell.units)))
    out = ctx.output().ref((*shape[:2], cell.units))
    before = (cell.source.ref(shape), cell.time_major, cell.stacked(cell.w), cell.stacked(cell.r))
    if cell.source.type is TensorType.FLOAT32:
        _check(ctx, cell, TensorType.FLOAT32, TensorType.FLOAT32, TensorType.FLOAT32)
        gates = Scratch(np.dtype(np.float32), (4, cell.units))
        clip = float(ctx.options["cell_clip"])
        return [Call(lstm_in_order, (*before, cell.stacked(cell.bias), clip, gates, *states, out))]
    wide = cell.source.type is TensorType.INT16
    _check(ctx, cell, cell.source.type, TensorType.INT16, TensorType.INT64 if wide else TensorType.INT32)
    power = power_of_two(cell.cell_state)
    if not -15 <= power <= 0:
        cell.cell_state.refuse("needs a scale from 2**-15 to 1", f"2**{power}")
    _, _, w, r = before
    source, state = cell.source, cell.output_state
    wx_bias = cell.stacked(cell.bias).astype(np.int64) - source.zero_point * w.sum(axis=-1, dtype=np.int64)
    rh_bias = -state.zero_point * r.sum(axis=-1, dtype=np.int64)
    scales = np.array([[_layer(ctx, source, a), _layer(ctx, state, b)] for a, b in zip(cell.w, cell.r, strict=True)])
    cell_scale = float(cell.cell_state.scale)
    ratios = (_UNIT * cell_scale / cell_scale, _UNIT * _UNIT / cell_scale, _UNIT * _UNIT / float(state.scale))
    products = np.array([quantize_multiplier(ratio) for ratio in ratios], np.int32)
    late = ctx.numerics.sequence_lstm is SequenceLstm.LATE_SATURATION
    clip_at = int(min(float(np.float32(ctx.options["cell_clip"])) / cell_scale, 32767.0))
    return [
        Call(
            lstm_sigmoid_table,
            (
                *before, wx_bias, rh_bias, wide, late, scales.astype(np.int32), products, clip_at,
                table("logistic", -_FRACTION_BITS), table("tanh", -_FRACTION_BITS), table("tanh", power),
                state.zero_point, *INTEGER_RANGE[state.type],
                Scratch(np.dtype(np.int16), (4, cell.units)), *states, out,
            ),
        )
    ]  # fmt: skip


def _check(ctx: NodeContext, cell: Cell, activation: TensorType, inner: TensorType, bias: TensorType) -> None:
    if not activation is cell.source.type is cell.output_state.type is ctx.output().type:
        ctx.unsupported()
    if cell.cell_state.type is not inner or any(operand.type is not bias for operand in cell.bias):
        ctx.unsupported()


def _layer(ctx: NodeContext, source: Operand, weights: Operand) -> tuple[int, int]:
    """(multiplier, shift) of a layer whose output has the scale of a gate."""
    wide = source.type is TensorType.INT16
    filter_scale = np.array([weights.scale], np.float32)
    scales = ConvScales(source.scale, filter_scale, _GATE_SCALE, source.type, wide, 1)
    requantizer = ctx.numerics.fully_connected(scales)
    ctx.require((requantizer.scheme == INT64_15BIT) == wide, "needs a fixed-point layer", requantizer.scheme)
    return int(requantizer.multiplier[0]), int(requantizer.shift[0])

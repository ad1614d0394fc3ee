"""LSTM cells whose products are int8 (12 intermediate tensors carry the scales).

LiteRT runs these with a coupled input gate, whatever the node has, without peepholes, and only with layer
normalization and a projection with bias.

Source: tflite/kernels/lstm.cc, lstm_eval.cc
"""

import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from intengine_kernels.elementwise import exp_float, tanh_float
from intengine_kernels.lstm_narrow import lstm_narrow
from numpy.typing import NDArray

from intengine.ops._context import NodeContext
from intengine.ops._lstm import quantized_clip
from intengine.ops._lstm_cell import Cell
from intengine.ops._lstm_integer import check_types, intermediate, zero_point_of
from intengine.ops._operand import Operand
from intengine.quantization import quantize_multiplier
from intengine.step import Call, Scratch

#: For forget, cell and output gate: the intermediates of the gate, of W x and of R h.
_INTERMEDIATES = ((3, 4, 5), (6, 7, 8), (9, 10, 11))
_exp: Callable[..., Any] = exp_float
_hyperbolic_tangent: Callable[..., Any] = tanh_float
_RAWS = np.arange(65536).astype(np.uint16).view(np.int16)


def _truncated(values: NDArray[np.float32]) -> NDArray[np.int16]:
    """int16 with 15 fraction bits, toward zero."""
    return np.minimum(np.trunc(values * np.float32(32768)), np.float32(32767)).astype(np.int16)


@functools.cache
def _sigmoid() -> NDArray[np.int16]:
    """int16[65536]: entry i is 1 / (1 + exp(-x)) of the raw whose bits are i, 12 fraction bits, in float32."""
    exponential = np.empty(65536, np.float32)
    _exp(-(_RAWS.astype(np.float32) * np.float32(2.0**-12)), exponential)
    return _truncated(np.float32(1) / (np.float32(1) + exponential))


@functools.cache
def _tanh(fraction_bits: int) -> NDArray[np.int16]:
    """int16[65536]: entry i is tanh of the raw whose bits are i, in float32."""
    values = np.empty(65536, np.float32)
    _hyperbolic_tangent(_RAWS.astype(np.float32) * np.float32(2.0**-fraction_bits), values)
    return _truncated(values)


def prepare(ctx: NodeContext, cell: Cell) -> Sequence[Call]:
    check_types(ctx, cell)
    source, state, out = cell.source, cell.output_state, ctx.output()
    ctx.require(bool(cell.norm), "needs layer normalization with 12 intermediate tensors", "none")
    ctx.require(
        cell.projection is not None and cell.projection_bias is not None,
        "needs a projection with bias with 12 intermediate tensors", "none",
    )  # fmt: skip
    assert cell.projection is not None
    assert cell.projection_bias is not None
    if cell.cell_state.scale != np.float32(2.0**-15):
        cell.cell_state.refuse("needs a scale of 2**-15", str(float(cell.cell_state.scale)))
    scales, zero_points = np.zeros((3, 4, 2), np.int32), np.zeros((3, 2), np.int32)
    for g, places in enumerate(_INTERMEDIATES):
        whole, left, right = (intermediate(ctx, i) for i in places)
        scales[g, 0] = ctx.multiplier(float(cell.w[g].scale * source.scale / left.scale))
        scales[g, 1] = ctx.multiplier(float(cell.r[g].scale * state.scale / right.scale))
        scales[g, 2] = ctx.multiplier(float(left.scale / whole.scale))
        scales[g, 3] = ctx.multiplier(float(right.scale / whole.scale))
        zero_points[g] = zero_point_of(left), zero_point_of(right)
    _as_litert_has_it(scales, zero_points)
    clip = ctx.options["cell_clip"]
    real = float(cell.projection.scale) * 2.0**-15 / float(state.scale)
    multiplier, shift = ctx.multiplier(float(np.float32(real)))
    ctx.require(shift < 8, "needs a smaller scale of its projection", real)
    return [
        Call(
            lstm_narrow,
            (
                source.ref(), source.zero_point, cell.stacked(cell.w[:3]), cell.stacked(cell.r[:3]),
                scales, zero_points, cell.stacked(cell.norm[:3]), _norm_scales(cell.norm[:3]),
                cell.stacked(cell.bias[:3]),
                quantized_clip(clip, cell.cell_state.scale, 32767) if clip < 1 else 0,
                _sigmoid(), _tanh(12), _tanh(15),
                np.array(cell.projection.known()), np.array(cell.projection_bias.known()), multiplier, shift,
                state.zero_point, quantized_clip(ctx.options["proj_clip"], out.scale, 127),
                Scratch(np.dtype(np.int16), (3, cell.units)), Scratch(np.dtype(np.int16), (cell.units,)),
                state.ref((cell.batch, cell.outputs)), cell.cell_state.ref((cell.batch, cell.units)), out.ref(),
            ),
        )
    ]  # fmt: skip


def _as_litert_has_it(scales: NDArray[np.int32], zero_points: NDArray[np.int32]) -> None:
    """The output gate's parameters of R h as LiteRT looks them up.

    The zero point is that of the cell gate's W x. The multiplier is read past the end of its array, where the
    shifts begin: it is the shift of the forget gate's R h.
    """
    zero_points[2, 1] = zero_points[1, 0]
    scales[2, 3, 0] = scales[0, 3, 1]


def _norm_scales(norm: Sequence[Operand]) -> NDArray[np.float32]:
    found = []
    for operand in norm:
        multiplier, shift = quantize_multiplier(float(operand.scale))
        found.append(np.float32(multiplier * 2.0 ** (shift - 31)))
    return np.array(found, np.float32)

"""EMBEDDING_LOOKUP: rows of a table, quantized ones also as floats."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from intengine.errors import InputError
from intengine.model import TensorType
from intengine.ops._context import NodeContext
from intengine.ops._registry import Operator, register
from intengine.ops.gather import gather_calls
from intengine.shapes import Shape
from intengine.step import Call

_QUANTIZED = (TensorType.INT8, TensorType.UINT8, TensorType.INT4, TensorType.INT2)
_FLOATS = (TensorType.FLOAT32, TensorType.FLOAT16)


def infer(ctx: NodeContext) -> Sequence[Shape]:
    places, table = ctx.input(0), ctx.input(1)
    ctx.require(places.rank == 1 and table.rank >= 2, "needs a list and a table of rank 2 or more", table.rank)
    return [(places.shape[0], *table.shape[1:])]


def check_rows(op: str, places: NDArray[Any], rows: int) -> None:
    """Raises InputError unless all places are rows of a table."""
    if places.size and (places.min() < 0 or places.max() >= rows):
        raise InputError(f"{op} needs rows in 0..{rows - 1}; its input has {places.min()}..{places.max()}.")


def _dequantize(
    scales: NDArray[np.float32], packed: int, places: NDArray[np.int32], table: NDArray[np.int8], out: NDArray[Any]
) -> None:
    """out[i] = q * scale of row places[i], in float32, where q starts at the byte that the row starts in.

    Args:
        scales: float32[1] or float32[rows]. packed: elements in a byte. table: int8[rows, columns].
        out: float32 or float16[n, columns].
    """
    rows, columns = table.shape
    check_rows("EMBEDDING_LOOKUP", places, rows)
    starts = places.astype(np.int64) * columns // packed * packed
    values = table.reshape(-1)[starts[:, np.newaxis] + np.arange(columns)]
    row_scales = scales[places] if scales.size > 1 else scales
    with np.errstate(over="ignore"):
        out[...] = values.astype(np.float32) * row_scales.reshape(-1, 1)


def prepare(ctx: NodeContext) -> Sequence[Call]:
    """Quantized tables have no zero point here. As LiteRT has it, their bytes are read as int8 even if they are uint8,
    and a row of 4- or 2-bit elements starts with the byte it begins in, even if it begins inside that byte.

    Source: tflite/kernels/embedding_lookup.cc
    """
    places, table, out = ctx.input(0), ctx.input(1), ctx.output()
    if places.type is not TensorType.INT32 or not table.type.bits:
        ctx.unsupported()
    rows, columns = table.shape[0], math.prod(table.shape[1:])
    y = out.ref((out.shape[0], columns))
    if out.type is table.type:
        count = places.size
        x = table.ref((1, 1, rows, columns))
        return gather_calls(ctx.node.op, x, places.ref((count, 1)), (rows,), count, out)
    if table.type not in _QUANTIZED or out.type not in _FLOATS or table.quantization.details is not None:
        ctx.unsupported()
    if table.quantization.zero_point.any():
        table.refuse("needs zero points of 0", "others")
    scales = table.channel_scales(rows, 0)
    if not ctx.numerics.embedding_row_scales:
        scales = scales[:1]
    return [
        Call(_dequantize, (scales, max(8 // table.type.bits, 1), places.ref(), table.ref((rows, columns), np.int8), y))
    ]


register(
    Operator(
        "EMBEDDING_LOOKUP",
        infer,
        prepare,
        inputs=(2, 2),
        signatures=("int32 x any -> any", *(f"int32 x {t.name.lower()} -> float32|float16" for t in _QUANTIZED)),
    )
)

"""MEAN and SUM over any axes."""

import math
from collections.abc import Sequence

import numpy as np
from intengine_kernels.reduce import reduce_float, reduce_integer, reduce_requantize
from numpy.typing import NDArray

from intengine.model import TensorType
from intengine.ops._context import NodeContext
from intengine.ops._registry import Operator, register
from intengine.ops._table import QUANTIZED
from intengine.quantization import quantize_multiplier
from intengine.shapes import Shape, collapse, contiguous_strides, normalize_axis
from intengine.step import Call, Ref, Scratch

_INTEGERS = (TensorType.INT32, TensorType.INT64)


def reduced_axes(ctx: NodeContext) -> frozenset[int]:
    """The axes of input 1, normalized; repeated ones count once."""
    source = ctx.input(0)
    return frozenset(normalize_axis(axis, source.rank) for axis in ctx.input(1).ints())


def infer(ctx: NodeContext) -> Sequence[Shape]:
    """Reduced axes become 1 with keep_dims, else disappear."""
    source, axes = ctx.input(0), reduced_axes(ctx)
    if ctx.options["keep_dims"]:
        return [tuple(1 if axis in axes else size for axis, size in enumerate(source.shape))]
    return [tuple(size for axis, size in enumerate(source.shape) if axis not in axes)]


def walk(shape: Shape, axes: frozenset[int]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """(shape, strides) of the output under the input's elements, neighbouring axes merged."""
    kept = tuple(1 if axis in axes else size for axis, size in enumerate(shape))
    steps = contiguous_strides(kept)
    to = tuple(0 if axis in axes else step for axis, step in enumerate(steps))
    merged, (_, strides) = collapse(shape, contiguous_strides(shape), to)
    return np.array(merged, np.int64), np.array(strides, np.int64)


def prepare(ctx: NodeContext) -> Sequence[Call]:
    """The sum without its zero points, times s_in / s_out (MEAN: the multiplier divided by n first).

    Where the profile says so, SUM reads signed elements as unsigned bytes; see `_sum_of_bytes`.

    Source: tflite/kernels/reduce.cc, tflite/kernels/internal/reference/reduce.h
    """
    source, out = ctx.input(0), ctx.output()
    axes = reduced_axes(ctx)
    count = math.prod(source.shape[axis] for axis in axes)
    shape, strides = walk(source.shape, axes)
    mean = ctx.node.op == "MEAN"
    ctx.require(source.size > 0, "needs at least one element", list(source.shape))
    before = (source.ref((source.size,)), shape, strides)
    if out.type is not source.type:
        ctx.unsupported()
    flat = out.ref((out.size,))
    if source.type is TensorType.FLOAT32:
        acc = Scratch(np.dtype(np.float32), (out.size,))
        return [Call(reduce_float, (*before, count if mean else 1, acc, flat))]
    if source.type in _INTEGERS:
        acc = Scratch(np.dtype(np.int64), (out.size,))
        return [Call(reduce_integer, (*before, count if mean else 1, acc, flat))]
    if source.type not in QUANTIZED:
        ctx.unsupported()
    if not mean and source.type is not TensorType.UINT8 and ctx.numerics.sum_reads_bytes:
        return _sum_of_bytes(ctx, shape, strides, count)
    multiplier, shift = quantize_multiplier(float(source.scale) / float(out.scale))
    if mean:
        bits = min(count.bit_length() - 1, 32, 31 + shift)
        multiplier, shift = (multiplier << bits) // count, shift - bits
    acc = Scratch(np.dtype(np.int32), (out.size,))
    parameters = (source.zero_point * count, multiplier, shift, out.zero_point, *out.range, acc)
    return [Call(reduce_requantize, (*before, *parameters, flat))]


def _sum_of_bytes(ctx: NodeContext, shape: NDArray[np.int64], strides: NDArray[np.int64], count: int) -> Sequence[Call]:
    """SUM of int8 or int16 as LiteRT's reference kernels have it: element i is byte i of the input, unsigned.

    Zero points keep their signed values, the result is clamped to 0..255 and stored as byte o of the output. Of an
    int16 output that leaves the upper half of the buffer unwritten (LiteRT: whatever was there; here: zeros).

    Source: tflite/kernels/reduce.cc
    """
    source, out = ctx.input(0), ctx.output()
    multiplier, shift = quantize_multiplier(float(source.scale) / float(out.scale))
    byte = np.dtype(np.uint8)
    x, y = (Ref(operand.index, byte, (operand.size,), (1,)) for operand in (source, out))
    acc = Scratch(np.dtype(np.int32), (out.size,))
    parameters = (source.zero_point * count, multiplier, shift, out.zero_point, 0, 255, acc)
    clear = Call(np.copyto, (out.ref(), np.zeros((), out.dtype)))
    return [clear, Call(reduce_requantize, (x, shape, strides, *parameters, y))]


register(
    Operator(
        "MEAN",
        infer,
        prepare,
        inputs=(2, 2),
        signatures=tuple(f"{t} x int32 -> {t}" for t in ("int8", "uint8", "int16", "int32", "int64", "float32")),
    )
)
register(
    Operator(
        "SUM",
        infer,
        prepare,
        inputs=(2, 2),
        signatures=tuple(f"{t} x int32 -> {t}" for t in ("int8", "uint8", "int16", "int32", "int64", "float32")),
    )
)

"""REDUCE_MAX, REDUCE_MIN, REDUCE_ANY, REDUCE_ALL and REDUCE_PROD over any axes."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from intengine_kernels.libm.power import pow
from intengine_kernels.reduce import reduce_extremum, reduce_product, reduce_product_requantize

from intengine.model import TensorType
from intengine.numerics import ProductOfNone
from intengine.ops._context import NodeContext
from intengine.ops._operand import Operand
from intengine.ops._reduce import Walk, fill, infer
from intengine.ops._registry import Operator, register
from intengine.ops._table import QUANTIZED
from intengine.quantization import quantize_multiplier
from intengine.step import Call, Scratch

_PLAIN = (TensorType.FLOAT32, TensorType.INT32, TensorType.INT64)
#: Whether the least element is wanted; a bool is any of its elements, or all.
_LEAST = {"REDUCE_MAX": 0, "REDUCE_ANY": 0, "REDUCE_MIN": 1, "REDUCE_ALL": 1}
#: The greatest left shift of a multiplier after an int64 product.
_MOST_LEFT = 7


def _same_quantization(a: Operand, b: Operand) -> bool:
    one, other = a.quantization, b.quantization
    return np.array_equal(one.scale, other.scale) and np.array_equal(one.zero_point, other.zero_point)


def _ends(dtype: np.dtype[Any]) -> tuple[Any, Any]:
    """The least and the greatest finite number of a type."""
    if dtype.kind == "f":
        return float(np.finfo(dtype).min), float(np.finfo(dtype).max)
    return int(np.iinfo(dtype).min), int(np.iinfo(dtype).max)


def prepare_extremum(ctx: NodeContext) -> Sequence[Call]:
    """Raw integers are compared; start is the type's own end, so that infinities lose against finite numbers.

    Source: tflite/kernels/reduce.cc
    """
    source, out, walk = ctx.input(0), ctx.output(), Walk.of(ctx)
    logical = ctx.node.op in ("REDUCE_ANY", "REDUCE_ALL")
    types = (TensorType.BOOL,) if logical else (*_PLAIN, *QUANTIZED, TensorType.BOOL)
    if out.type is not source.type or source.type not in types:
        ctx.unsupported()
    if source.type in QUANTIZED:
        ctx.require(_same_quantization(source, out), "needs equal scales and zero points", "different ones")
    dtype = np.dtype(np.uint8) if source.type is TensorType.BOOL else source.dtype
    least = _LEAST[ctx.node.op]
    start: Any = least
    if source.type is not TensorType.BOOL:
        start = _ends(dtype)[least]
    if source.size == 0:
        return fill(ctx, start)
    x, target = source.ref((source.size,), dtype), out.ref((out.size,), dtype)
    return [Call(reduce_extremum, (least, x, walk.shape, walk.strides, start, target))]


def prepare_product(ctx: NodeContext) -> Sequence[Call]:
    """Quantized products are scaled by s_in / s_out ** (1 / n) at each step.

    Source: tflite/kernels/reduce.cc
    """
    source, out, walk = ctx.input(0), ctx.output(), Walk.of(ctx)
    if out.type is not source.type:
        ctx.unsupported()
    before = (source.ref((source.size,)), walk.shape, walk.strides)
    flat = out.ref((out.size,))
    if source.type in (TensorType.INT8, TensorType.INT16):
        ctx.require(source.size > 0, "needs at least one element", list(source.shape))
        real = float(source.scale) / float(pow(np.float64(out.scale), np.float64(1.0 / walk.count)))
        multiplier, shift = quantize_multiplier(real)
        ctx.require(shift <= _MOST_LEFT, f"needs a multiplier below 2**{_MOST_LEFT}", real)
        if walk.count == 1 and ctx.numerics.product_of_none is ProductOfNone.COPIED:
            return [Call(np.copyto, (flat, before[0]))]
        scratch = Scratch(np.dtype(np.bool_), (out.size,)), Scratch(np.dtype(np.int32), (out.size,))
        parameters = (source.zero_point, multiplier, shift, out.zero_point, *out.range, *scratch)
        return [Call(reduce_product_requantize, (*before, *parameters, flat))]
    if source.size == 0 and source.type in (*_PLAIN, TensorType.BOOL):
        return fill(ctx, 1)
    if source.type in _PLAIN:
        return [Call(reduce_product, (*before, flat))]
    if source.type is TensorType.BOOL:
        x, target = (operand.ref((operand.size,), np.uint8) for operand in (source, out))
        return [Call(reduce_extremum, (1, x, walk.shape, walk.strides, 1, target))]
    ctx.unsupported()


for _name in _LEAST:
    _types = ("bool",) if _name in ("REDUCE_ANY", "REDUCE_ALL") else (
        "int8", "uint8", "int16", "int32", "int64", "bool", "float32",
    )  # fmt: skip
    register(
        Operator(
            _name,
            infer,
            prepare_extremum,
            inputs=(2, 2),
            signatures=tuple(f"{t} x int32 -> {t}" for t in _types),
        )
    )
register(
    Operator(
        "REDUCE_PROD",
        infer,
        prepare_product,
        inputs=(2, 2),
        signatures=tuple(f"{t} x int32 -> {t}" for t in ("int8", "int16", "int32", "int64", "bool", "float32")),
    )
)

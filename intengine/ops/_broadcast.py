"""What elementwise operators of two operands have in common: shapes, and arithmetic in the operands' own type."""

import math
from collections.abc import Callable, Sequence
from enum import Enum

import numpy as np
from intengine_kernels import xnnpack_float
from intengine_kernels.binary import ADD, DIV, MUL, SUB, arithmetic
from intengine_kernels.xnnpack_float import binary_flushed
from numpy.typing import NDArray

from intengine.numerics import FloatElements
from intengine.ops._context import NodeContext
from intengine.ops._walk import Walk
from intengine.quantization import real_bounds
from intengine.shapes import Shape, broadcast
from intengine.step import Call

_FLUSHED = {ADD: xnnpack_float.ADD, SUB: xnnpack_float.SUB, MUL: xnnpack_float.MUL, DIV: xnnpack_float.DIV}
_UFUNCS = {ADD: np.add, SUB: np.subtract, MUL: np.multiply, DIV: np.divide}


class Category(Enum):
    """How LiteRT's optimized kernels walk two operands."""

    SAME = "shapes are equal: one row"
    ROWS = "rows of the last equal axes"
    SCALARS = "one number against rows"
    GENERIC = "element by element"


def broadcast_category(a: Sequence[int], b: Sequence[int]) -> Category:
    """The category of two shapes that broadcast.

    Five groups of axes, from the last: equal ones, ones that only the first of the two repeats (the one whose last
    unequal axis is 1), equal ones, ones that only the other repeats, equal ones. What needs more groups is GENERIC.

    Source: tflite/kernels/internal/common.h
    """
    rank = max(len(a), len(b))
    one, other = ((1,) * (rank - len(shape)) + tuple(shape) for shape in (a, b))
    pairs = list(zip(one[::-1], other[::-1], strict=True))
    unequal = next((pair for pair in pairs if pair[0] != pair[1]), None)
    if unequal is None:
        return Category.SAME
    if unequal[0] != 1:
        pairs = [(y, x) for x, y in pairs]
    groups: list[Callable[[int, int], bool]] = [
        lambda x, y: x == y, lambda x, y: x == 1, lambda x, y: x == y, lambda x, y: y == 1, lambda x, y: x == y,
    ]  # fmt: skip
    row = 1
    for number, belongs in enumerate(groups):
        while pairs and belongs(*pairs[0]):
            row *= pairs[0][1] if number == 0 else 1
            pairs = pairs[1:]
    if pairs:
        return Category.GENERIC
    return Category.ROWS if row > 1 else Category.SCALARS


def broadcast_shape(ctx: NodeContext) -> Sequence[Shape]:
    """infer of elementwise operators with two inputs."""
    return [broadcast(ctx.input(0).shape, ctx.input(1).shape)]


def plain_arithmetic(ctx: NodeContext, function: int, activation: int | None = None) -> Sequence[Call]:
    """a op b in the operands' own type, then the fused activation (or `activation`) as a clamp of real values."""
    a, b, out = ctx.input(0), ctx.input(1), ctx.output()
    lo, hi = real_bounds(ctx.options["fused_activation_function"] if activation is None else activation)
    low: float
    high: float
    if out.dtype.kind == "f":
        most = float(np.finfo(out.dtype).max)
        low, high = max(lo, -most), min(hi, most)
    else:
        info = np.iinfo(out.dtype)
        # A bound of -1 wraps to the greatest unsigned number, as in LiteRT.
        low = info.min if lo == -math.inf else int(np.int64(lo).astype(out.dtype))
        high = int(min(hi, info.max))
    if out.dtype == np.float16:
        return [Call(_float16, (function, *(x.ref() for x in (a, b)), low, high, out.ref()))]
    walk = Walk.of(out, a, b)
    if ctx.numerics.float_elements is FloatElements.FLUSHED and function in _FLUSHED and out.dtype == np.float32:
        return walk.calls(binary_flushed, _FLUSHED[function], *walk.args, lo, hi, walk.out)
    return walk.calls(arithmetic, function, *walk.args, low, high, walk.out)


def _float16(
    function: int, a: NDArray[np.float16], b: NDArray[np.float16], lo: float, hi: float, out: NDArray[np.float16]
) -> None:
    """float16 through float32, rounded once; Numba has no float16 arithmetic."""
    with np.errstate(all="ignore"):
        x, y = a.astype(np.float32), b.astype(np.float32)
        value = _UFUNCS[function](x, y)
        out[...] = np.clip(value.astype(np.float16), np.float16(lo), np.float16(hi))

"""REDUCE_WINDOW and STABLEHLO_REDUCE_WINDOW: a function over windows of any rank."""

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from intengine.ops._body import recognize
from intengine.ops._context import NodeContext
from intengine.ops._registry import Operator, register
from intengine.ops.dilate import spread
from intengine.shapes import Shape, elements
from intengine.step import Call, Scratch

#: A padded input may have no more elements.
MOST = 2**30


def _lesser(a: NDArray[Any], b: NDArray[Any]) -> NDArray[Any]:
    """Of equal ones (zeros of both signs) the first; of numbers that do not compare (NaN) the second."""
    return np.where(a <= b, a, b)


def _greater(a: NDArray[Any], b: NDArray[Any]) -> NDArray[Any]:
    return np.where(a >= b, a, b)


#: ADD, MUL, MINIMUM, MAXIMUM, ALL, ANY, numbered from 1.
_FUNCTIONS = (np.add, np.multiply, _lesser, _greater, np.logical_and, np.logical_or)
#: What LiteRT makes of the functions of subgraphs; AND and OR of integers are 0 or 1.
_OF_SUBGRAPH: dict[Any, Callable[..., Any]] = {
    np.minimum: _lesser, np.maximum: _greater, np.bitwise_and: np.logical_and, np.bitwise_or: np.logical_or,
}  # fmt: skip


@dataclass(frozen=True)
class Windows:
    """Sizes along each axis; low, high: paddings. base: distance of the input's elements."""

    sizes: Shape
    strides: Shape
    dilations: Shape
    base: Shape
    low: Shape
    high: Shape

    def padded(self, shape: Shape) -> Shape:
        spread_out = (max((n - 1) * by + 1, 0) for n, by in zip(shape, self.base, strict=True))
        return tuple(max(a + n + b, 0) for a, n, b in zip(self.low, spread_out, self.high, strict=True))

    def out(self, shape: Shape) -> Shape:
        reach = [(n - 1) * by + 1 for n, by in zip(self.sizes, self.dilations, strict=True)]
        rows = zip(self.padded(shape), reach, self.strides, strict=True)
        return tuple(max((n - far) // step + 1, 0) if n >= far else 0 for n, far, step in rows)


def _of_inputs(ctx: NodeContext) -> Windows:
    rank = ctx.input(0).rank
    sizes, strides, dilations = (ctx.input(i).ints() for i in (2, 3, 4))
    return _checked(ctx, Windows(sizes, strides, dilations, (1,) * rank, (0,) * rank, (0,) * rank))


def _of_options(ctx: NodeContext) -> Windows:
    rank = ctx.input(0).rank
    names = ("window_dimensions", "window_strides", "window_dilations", "base_dilations")
    lists = [tuple(int(n) for n in ctx.options[name]) or (1,) * rank for name in names]
    padding = tuple(int(n) for n in ctx.options["padding"]) or (0,) * (2 * rank)
    sizes, strides, dilations, base = lists
    return _checked(ctx, Windows(sizes, strides, dilations, base, padding[::2], padding[1::2]))


def _checked(ctx: NodeContext, windows: Windows) -> Windows:
    rank = ctx.input(0).rank
    lists = (windows.sizes, windows.strides, windows.dilations, windows.base)
    fits = all(len(values) == rank and min(values, default=1) >= 1 for values in lists)
    ctx.require(fits and len(windows.low) == len(windows.high) == rank, f"needs {rank} positive sizes a list", windows)
    ctx.require(
        np.prod(windows.sizes, dtype=float) < 2**20, "needs windows of fewer than 2**20 elements", windows.sizes
    )
    return windows


def infer_plain(ctx: NodeContext) -> Sequence[Shape]:
    return [_of_inputs(ctx).out(ctx.input(0).shape)]


def infer_stablehlo(ctx: NodeContext) -> Sequence[Shape]:
    return [_of_options(ctx).out(ctx.input(0).shape)]


def _reduce(
    x: NDArray[Any], start: NDArray[Any], windows: Windows, function: Callable[..., Any], padded: NDArray[Any],
    out: NDArray[Any],
) -> None:  # fmt: skip
    """Element after element of the window, from `start`, each result in the type of the elements."""
    spread(x, start, windows.low, windows.base, padded)
    out[...] = start.reshape(())
    if not out.size:
        return
    with np.errstate(all="ignore"):
        for place in itertools.product(*map(range, windows.sizes)):
            rows = zip(place, windows.dilations, windows.strides, out.shape, strict=True)
            view = padded[tuple(slice(i * by, i * by + (n - 1) * step + 1, step) for i, by, step, n in rows)]
            out[...] = function(out, view)


def _prepare(ctx: NodeContext, windows: Windows, function: Callable[..., Any]) -> Sequence[Call]:
    source, start, out = ctx.input(0), ctx.input(1), ctx.output()
    if not source.type is start.type is out.type or source.type.bits < 8:
        ctx.unsupported()
    ctx.require(start.size == 1, "needs one value to start from", start.shape)
    shape = windows.padded(source.shape)
    ctx.require(elements(shape) <= MOST, f"needs a padded input of at most {MOST} elements", list(shape))
    padded = Scratch(source.dtype, shape)
    return [Call(_reduce, (source.ref(), start.ref(), windows, function, padded, out.ref()))]


def prepare_plain(ctx: NodeContext) -> Sequence[Call]:
    """ALL and ANY give 0 or 1 in the type of the elements; NaN counts as true.

    Source: tflite/kernels/stablehlo_reduce_window.cc
    """
    number = ctx.options["reduce_function"]
    ctx.require(1 <= number <= len(_FUNCTIONS), f"needs a function in 1..{len(_FUNCTIONS)}", number)
    function = _FUNCTIONS[number - 1]
    return _prepare(ctx, _of_inputs(ctx), function)


def prepare_stablehlo(ctx: NodeContext) -> Sequence[Call]:
    """Padding counts as elements of the value to start from.

    Source: tflite/kernels/stablehlo_reduce_window.cc
    """
    function = recognize(ctx, ctx.options["body_subgraph_index"])
    if function is None:
        ctx.unsupported("a function that takes the second of two")
    return _prepare(ctx, _of_options(ctx), _OF_SUBGRAPH.get(function, function))


_PLAIN = ("any x any x int64 x int64 x int64 -> any",)
register(Operator("REDUCE_WINDOW", infer_plain, prepare_plain, (5, 5), _PLAIN))
register(Operator("STABLEHLO_REDUCE_WINDOW", infer_stablehlo, prepare_stablehlo, (2, 2), ("any x any -> any",)))

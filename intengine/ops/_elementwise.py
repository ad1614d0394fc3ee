"""What plain elementwise operators share: lists of types, signatures, NumPy functions as calls."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
from intengine_kernels.xnnpack_float import unary_flushed
from numpy.typing import NDArray

from intengine.model import TensorType
from intengine.numerics import FloatElements
from intengine.ops._context import NodeContext
from intengine.shapes import Shape
from intengine.step import Call, flat_call

FLOATS = (TensorType.FLOAT32, TensorType.FLOAT16, TensorType.BFLOAT16, TensorType.FLOAT64)
HALVES = (TensorType.FLOAT16, TensorType.BFLOAT16)
SIGNED = (TensorType.INT8, TensorType.INT16, TensorType.INT32, TensorType.INT64)
UNSIGNED = (TensorType.UINT8, TensorType.UINT16, TensorType.UINT32, TensorType.UINT64)
INTEGERS = (*SIGNED, *UNSIGNED)
COMPLEX = (TensorType.COMPLEX64, TensorType.COMPLEX128)


def signatures(types: Iterable[TensorType], inputs: int = 2, out: str = "") -> tuple[str, ...]:
    """ "t x t -> t" for each type, or "t x t -> out"."""
    names = [t.name.lower() for t in types]
    return tuple(f"{' x '.join([name] * inputs)} -> {out or name}" for name in names)


def same_types(ctx: NodeContext, types: Sequence[TensorType], out: TensorType | None = None) -> None:
    """All inputs are of one type, one of `types`, and the output is too, or is `out`.

    Raises:
        UnsupportedOpError: if not.
    """
    first = ctx.input(0).type
    alike = all(ctx.input(i).type is first for i in range(len(ctx.inputs)))
    if first not in types or not alike or ctx.output().type is not (first if out is None else out):
        ctx.unsupported()


def one_shape(ctx: NodeContext) -> Sequence[Shape]:
    """infer of operators whose inputs all have the shape of the output."""
    shapes = [ctx.input(i).shape for i in range(len(ctx.inputs))]
    ctx.require(all(shape == shapes[0] for shape in shapes), "needs inputs of one shape", shapes)
    return [shapes[0]]


def apply(function: Callable[..., Any], *arrays: NDArray[Any]) -> None:
    """out = function(inputs), `out` last, with IEEE results and no warnings."""
    with np.errstate(all="ignore"):
        function(*arrays[:-1], out=arrays[-1])


def ufunc_calls(ctx: NodeContext, function: Callable[..., Any]) -> Sequence[Call]:
    """The operator as a NumPy function of its broadcast inputs."""
    inputs = (ctx.input(i).ref() for i in range(len(ctx.inputs)))
    return [Call(apply, (function, *inputs, ctx.output().ref()))]


def on_float32(function: Callable[..., None], *parameters: Any) -> Callable[[NDArray[np.float32]], NDArray[np.float32]]:
    """A kernel (x, *parameters, out) as a function float32[n] -> float32[n], for making tables."""

    def of(x: NDArray[np.float32]) -> NDArray[np.float32]:
        out = np.empty_like(x)
        function(x, *parameters, out)
        return out

    return of


def is_flushed(ctx: NodeContext) -> bool:
    """Whether a node computes float32 with denormals as zeros."""
    flushed = ctx.numerics.float_elements is FloatElements.FLUSHED
    return flushed and ctx.output().type is TensorType.FLOAT32


def flushed_calls(ctx: NodeContext, function: int, first: float = 0.0, second: float = 0.0) -> Sequence[Call]:
    """A function of `intengine_kernels.xnnpack_float.unary_flushed`."""
    source, out = ctx.input(0), ctx.output()
    args = (function, source.ref((source.size,)), first, second, out.ref((out.size,)))
    return [flat_call(unary_flushed, args)]


def through_float32(kernel: Callable[..., None], *arrays: NDArray[Any]) -> None:
    """A kernel of flat float32 arrays on 16-bit floats: widened, and the result rounded once."""
    wide = [array.astype(np.float32) for array in arrays[:-1]]
    result = np.empty(arrays[-1].shape, np.float32)
    kernel(*wide, result)
    with np.errstate(all="ignore"):
        arrays[-1][...] = result.astype(arrays[-1].dtype)


def float_calls(ctx: NodeContext, kernel: Callable[..., None]) -> Sequence[Call]:
    """A kernel (flat ..., out) on float32 and float64, and on 16-bit floats through float32."""
    out = ctx.output()
    arrays = [ctx.input(i).ref((out.size,)) for i in range(len(ctx.inputs))]
    if out.dtype.itemsize >= 4:
        return [Call(kernel, (*arrays, out.ref((out.size,))))]
    return [Call(through_float32, (kernel, *arrays, out.ref((out.size,))))]

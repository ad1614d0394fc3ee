"""CONV_3D and CONV_3D_TRANSPOSE: float32 over [B, D, H, W, C].

CONV_3D: input, filter [kd, kh, kw, C, N], bias [N]. CONV_3D_TRANSPOSE: output shape [5], filter [kd, kh, kw, N, C],
input, bias [N].
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from intengine_kernels.conv_3d import conv_3d_float, conv_3d_transpose_float
from numpy.typing import NDArray

from intengine.model import TensorType
from intengine.ops._context import NodeContext
from intengine.ops._float_matrix import float_bias, float_range
from intengine.ops._operand import Operand
from intengine.ops._registry import Operator, register
from intengine.ops._window import SAME, VALID
from intengine.shapes import Shape, window_output, window_padding
from intengine.step import Call, Ref, Scratch

_FLOAT = np.dtype(np.float32)


def windows(ctx: NodeContext, whole: Shape, weights: Operand) -> tuple[Shape, tuple[NDArray[np.int64], ...]]:
    """(output sizes along depth, height and width, (strides, dilations, paddings)) of the convolution of `whole`.

    Raises:
        InvalidModelError: for sizes below 1, or a padding that the schema does not know.
    """
    options = ctx.options
    ctx.require(options["padding"] in (SAME, VALID), "needs SAME or VALID padding", options["padding"])
    same = options["padding"] == SAME
    strides = [options[f"stride_{axis}"] for axis in "dhw"]
    dilations = [options[f"dilation_{axis}_factor"] for axis in "dhw"]
    sizes = list(zip(whole[1:4], weights.shape[:3], strides, dilations, strict=True))
    out = tuple(window_output(*size, same) for size in sizes)
    pads = [window_padding(*size, there) for size, there in zip(sizes, out, strict=True)]
    return out, tuple(np.array(values, np.int64) for values in (strides, dilations, pads))


def _check(ctx: NodeContext, source: Operand, weights: Operand, channel_axis: int) -> None:
    ctx.require(source.rank == 5, "needs a 5-D input", list(source.shape))
    ctx.require(weights.rank == 5, "needs a 5-D filter", list(weights.shape))
    ctx.require(
        weights.shape[channel_axis] == source.shape[4], "needs the filter's input channels to be the input's",
        f"{weights.shape[channel_axis]} and {source.shape[4]}",
    )  # fmt: skip


def infer(ctx: NodeContext) -> Sequence[Shape]:
    source, weights = ctx.input(0), ctx.input(1)
    _check(ctx, source, weights, 3)
    sizes, _ = windows(ctx, source.shape, weights)
    return [(source.shape[0], *sizes, weights.shape[4])]


def infer_transpose(ctx: NodeContext) -> Sequence[Shape]:
    wanted, weights, source = ctx.input(0), ctx.input(1), ctx.input(2)
    _check(ctx, source, weights, 4)
    ctx.require(wanted.type is TensorType.INT32, "needs an int32 output shape", wanted.type.name.lower())
    ctx.require(wanted.shape == (5,), "needs an output shape of 5 sizes", list(wanted.shape))
    shape = wanted.ints()
    ctx.require(min(shape) >= 0, "needs output sizes of at least 0", list(shape))
    ctx.require(
        (shape[0], shape[4]) == (source.shape[0], weights.shape[3]),
        f"needs an output shape [{source.shape[0]}, d, h, w, {weights.shape[3]}]", list(shape),
    )  # fmt: skip
    sizes, _ = windows(ctx, shape, weights)
    ctx.require(sizes == source.shape[1:4], f"of that output shape needs the input sizes {list(sizes)}", source.shape)
    return [shape]


def prepare(ctx: NodeContext) -> Sequence[Call]:
    source, weights = ctx.input(0), ctx.input(1)
    _, geometry = windows(ctx, source.shape, weights)
    return [_call(ctx, conv_3d_float, source, weights, weights.ref(), ctx.optional(2), geometry)]


def prepare_transpose(ctx: NodeContext) -> Sequence[Call]:
    weights, source, out = ctx.input(1), ctx.input(2), ctx.output()
    _, geometry = windows(ctx, out.shape, weights)
    kd, kh, kw, n, c = weights.shape
    taps = Scratch(_FLOAT, (kd, kh, kw, c, n))
    strides = (kh * kw * n * c, kw * n * c, n * c, 1, c)
    return [
        Call(np.copyto, (taps, weights.strided(taps.shape, strides))),
        _call(ctx, conv_3d_transpose_float, source, weights, taps, ctx.optional(3), geometry),
    ]


def _call(
    ctx: NodeContext, kernel: Any, source: Operand, weights: Operand, taps: Ref | Scratch, bias: Operand | None,
    geometry: tuple[NDArray[np.int64], ...],
) -> Call:  # fmt: skip
    out = ctx.output()
    if not source.type is weights.type is out.type is TensorType.FLOAT32:
        ctx.unsupported()
    lo, hi = float_range(ctx.options["fused_activation_function"])
    return Call(kernel, (source.ref(), taps, float_bias(ctx, bias, out.shape[4]), *geometry, lo, hi, out.ref()))


register(
    Operator(
        "CONV_3D", infer, prepare, inputs=(2, 3), signatures=("float32 x float32 x float32 -> float32",),
    )
)  # fmt: skip
register(
    Operator(
        "CONV_3D_TRANSPOSE",
        infer_transpose,
        prepare_transpose,
        inputs=(3, 4),
        signatures=("int32 x float32 x float32 x float32 -> float32",),
    )
)

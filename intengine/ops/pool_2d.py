"""AVERAGE_POOL_2D and MAX_POOL_2D: input [B, H, W, C] -> [B, OH, OW, C]."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from intengine_kernels.pool import average_pool, average_pool_float, max_pool
from intengine_kernels.xnnpack_float import average_pool_nines

from intengine.model import TensorType
from intengine.numerics import FloatElements
from intengine.ops._context import NodeContext
from intengine.ops._float_matrix import float_range
from intengine.ops._registry import Operator, register
from intengine.ops._table import QUANTIZED
from intengine.ops._window import Window
from intengine.quantization import NONE
from intengine.shapes import Shape
from intengine.step import PLAIN_WORK, Call, Scratch


def _window(ctx: NodeContext) -> Window:
    source = ctx.input(0)
    ctx.require(source.rank == 4, "needs a 4-D input", list(source.shape))
    return Window.of(ctx, source.shape, ctx.options["filter_height"], ctx.options["filter_width"], dilated=False)


def infer(ctx: NodeContext) -> Sequence[Shape]:
    window = _window(ctx)
    source = ctx.input(0)
    return [(source.shape[0], window.out_h, window.out_w, source.shape[3])]


def prepare(ctx: NodeContext) -> Sequence[Call]:
    """Zero points are not subtracted: LiteRT takes input and output for quantized alike, and so does this.

    Source: tflite/kernels/pooling.cc
    """
    source, out = ctx.input(0), ctx.output()
    if out.type is not source.type or source.type not in (*QUANTIZED, TensorType.FLOAT32):
        ctx.unsupported()
    window = _window(ctx)
    activation = ctx.options["fused_activation_function"]
    geometry = (window.kh, window.kw, window.stride_h, window.stride_w, window.pad_h, window.pad_w)
    everything: tuple[Any, Any] = float_range(NONE) if source.type is TensorType.FLOAT32 else out.range
    limits: tuple[Any, Any] = everything
    if activation != NONE and source.type is TensorType.FLOAT32:
        limits = float_range(activation)
    elif activation != NONE:
        limits = ctx.activation_range(out)
    before = (source.ref(), *geometry, *limits)
    rows = (0, out.shape[0] * out.shape[1])
    work = PLAIN_WORK * out.size * window.kh * window.kw
    if ctx.node.op == "MAX_POOL_2D":
        return [
            Call(
                max_pool,
                (*before, everything[0], *rows, out.ref()),
                work,
                reach=window.reach(source.shape, out.shape[3]),
            )
        ]
    if source.type is TensorType.FLOAT32 and ctx.numerics.float_elements is FloatElements.FLUSHED:
        return [
            Call(
                average_pool_nines,
                (*before, *rows, Scratch(np.dtype(np.float32), (9,)), out.ref()),
                work,
                reach=window.reach(source.shape, out.shape[3]),
            )
        ]
    kernel = average_pool_float if source.type is TensorType.FLOAT32 else average_pool
    acc = Scratch(np.dtype(np.float32 if source.type is TensorType.FLOAT32 else np.int32), (out.shape[3],))
    return [Call(kernel, (*before, *rows, acc, out.ref()), work, reach=window.reach(source.shape, out.shape[3]))]


for _name in ("AVERAGE_POOL_2D", "MAX_POOL_2D"):
    register(
        Operator(
            _name,
            infer,
            prepare,
            inputs=(1, 1),
            signatures=("int8 -> int8", "uint8 -> uint8", "int16 -> int16", "float32 -> float32"),
        )
    )

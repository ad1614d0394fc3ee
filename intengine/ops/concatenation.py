"""CONCATENATION along one axis."""

import math
from collections.abc import Sequence

import numpy as np
from intengine_kernels.lookup import lookup_rows

from intengine.fixedpoint import round_half_away
from intengine.model import TensorType
from intengine.ops._context import NodeContext
from intengine.ops._copy import copy
from intengine.ops._operand import Operand
from intengine.ops._registry import Operator, register
from intengine.shapes import Shape, contiguous_strides, normalize_axis
from intengine.step import Call


def _axis(ctx: NodeContext) -> int:
    return normalize_axis(ctx.options["axis"], ctx.input(0).rank)


def _sources(ctx: NodeContext) -> list[Operand]:
    return [ctx.input(i) for i in range(len(ctx.inputs))]


def infer(ctx: NodeContext) -> Sequence[Shape]:
    sources, axis = _sources(ctx), _axis(ctx)
    first = sources[0].shape
    for source in sources:
        alike = source.rank == len(first) and all(
            a == b for i, (a, b) in enumerate(zip(first, source.shape, strict=False)) if i != axis
        )
        ctx.require(alike, f"needs inputs that differ along axis {axis} only", [list(s.shape) for s in sources])
    total = sum(source.shape[axis] for source in sources)
    return [(*first[:axis], total, *first[axis + 1 :])]


def prepare(ctx: NodeContext) -> Sequence[Call]:
    """Copies; uint8 inputs of another scale are rescaled in float32; int8 ones must have the output's.

    Source: tflite/kernels/concatenation.cc, tflite/kernels/internal/reference/concatenation.h
    """
    out, axis = ctx.output(), _axis(ctx)
    ctx.require(ctx.options["fused_activation_function"] == 0, "takes no fused activation", "one")
    strides = contiguous_strides(out.shape)
    calls = []
    at = 0
    for source in _sources(ctx):
        if source.type is not out.type or out.type is TensorType.STRING:
            ctx.unsupported()
        offset, at = at * (strides[axis] if strides else 1), at + source.shape[axis]
        if source.size == 0:
            continue
        if out.type in (TensorType.INT8, TensorType.UINT8) and out.quantization and _differs(source, out):
            if out.type is TensorType.INT8:
                source.refuse("is int8 and needs the output's scale and zero point", f"scale {source.scale}")
            outer, inner = math.prod(source.shape[:axis]), math.prod(source.shape[axis:])
            rows = out.strided((outer, inner), (strides[axis] * out.shape[axis], 1), offset)
            calls.append(Call(lookup_rows, (source.ref((outer, inner)), _rescaled(source, out), rows)))
        else:
            calls.append(copy(out, out.strided(source.shape, strides, offset), source, source.ref()))
    return calls


def _differs(source: Operand, out: Operand) -> bool:
    return source.scale != out.scale or source.zero_point != out.zero_point


def _rescaled(source: Operand, out: Operand) -> np.ndarray:
    """uint8[256]: round_half_away(q * (s_in / s_out) - z_in * (s_in / s_out)) + z_out, step by step in float32."""
    scale = np.float32(source.scale * np.float32(np.float32(1) / out.scale))
    bias = np.float32(np.float32(-source.zero_point) * scale)
    values = (np.arange(256).astype(np.float32) * scale).astype(np.float32) + bias
    return np.clip(round_half_away(values).astype(np.int64) + out.zero_point, 0, 255).astype(np.uint8)


register(Operator("CONCATENATION", infer, prepare, inputs=(1, 2**31), signatures=("any ... -> any",)))

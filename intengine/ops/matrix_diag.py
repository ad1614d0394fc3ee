"""MATRIX_DIAG and MATRIX_SET_DIAG: the diagonal of the last two axes."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from intengine.ops._context import NodeContext
from intengine.ops._registry import Operator, register
from intengine.ops._table import same_shape
from intengine.shapes import Shape
from intengine.step import Call


def infer_diag(ctx: NodeContext) -> Sequence[Shape]:
    source = ctx.input(0)
    ctx.require(source.rank >= 1, "needs at least one axis", source.shape)
    return [(*source.shape, source.shape[-1])]


def _set(x: NDArray[Any] | None, diagonal: NDArray[Any], out: NDArray[Any]) -> None:
    out[...] = 0 if x is None else x
    places = np.arange(diagonal.shape[-1])
    out[..., places, places] = diagonal


def prepare_diag(ctx: NodeContext) -> Sequence[Call]:
    """0, as stored, off the diagonal.

    Source: tflite/kernels/matrix_diag.cc
    """
    source, out = ctx.input(0), ctx.output()
    if out.type is not source.type or source.type.bits == 0:
        ctx.unsupported()
    return [Call(_set, (None, source.ref(), out.ref()))]


def prepare_set(ctx: NodeContext) -> Sequence[Call]:
    """Source: tflite/kernels/matrix_set_diag.cc"""
    source, diagonal, out = ctx.input(0), ctx.input(1), ctx.output()
    if not source.type is diagonal.type is out.type or source.type.bits == 0:
        ctx.unsupported()
    ctx.require(source.rank >= 2, "needs at least two axes", source.shape)
    wanted = (*source.shape[:-2], min(source.shape[-2:]))
    ctx.require(diagonal.shape == wanted, f"needs a diagonal {list(wanted)}", diagonal.shape)
    return [Call(_set, (source.ref(), diagonal.ref(), out.ref()))]


register(Operator("MATRIX_DIAG", infer_diag, prepare_diag, (1, 1), ("any -> any",)))
register(Operator("MATRIX_SET_DIAG", same_shape, prepare_set, (2, 2), ("any x any -> any",)))

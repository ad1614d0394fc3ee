"""WHERE: the places of what is not zero."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from intengine.model import TensorType
from intengine.ops._context import NodeContext
from intengine.ops._registry import Operator, register
from intengine.shapes import Shape
from intengine.step import Call, Holder


def infer(ctx: NodeContext) -> Sequence[Shape | None]:
    return [None]


def _where(source: NDArray[Any], out: Holder) -> None:
    out.array = np.argwhere(source).astype(np.int64, copy=False)


def prepare(ctx: NodeContext) -> Sequence[Call]:
    """Row by row, as int64 coordinates.

    Source: tflite/kernels/where.cc
    """
    source, out = ctx.input(0), ctx.output()
    if not source.type.bits or out.type is not TensorType.INT64:
        ctx.unsupported()
    return [Call(_where, (source.ref(), out.target()))]


register(Operator("WHERE", infer, prepare, inputs=(1, 1), signatures=("any -> int64",)))

"""LSH_PROJECTION: bits that items which are alike mostly share, from hashes of their bytes."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from intengine.model import TensorType
from intengine.ops._context import NodeContext
from intengine.ops._farmhash import fingerprints
from intengine.ops._registry import Operator, register
from intengine.shapes import Shape
from intengine.step import Call

_SPARSE, _DENSE = 1, 2


def infer(ctx: NodeContext) -> Sequence[Shape]:
    seeds, source, weights = ctx.input(0), ctx.input(1), ctx.optional(2)
    ctx.require(seeds.rank == 2 and seeds.shape[1] <= 32, "needs up to 32 seeds for each hash", seeds.shape)
    ctx.require(source.rank >= 1 and source.shape[0] >= 1, "needs items", source.shape)
    alike = weights is None or weights.shape == source.shape[:1]
    ctx.require(alike, "needs a weight for each item", weights and weights.shape)
    kind = ctx.options["type"]
    ctx.require(kind in (_SPARSE, _DENSE), "needs type 1 (sparse) or 2 (dense)", kind)
    return [seeds.shape[:1] if kind == _SPARSE else (seeds.size,)]


def _bits(seeds: NDArray[np.float32], items: NDArray[np.uint8], weights: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Whether the weighted sum of the items' hashes under each seed, in float64, is positive.

    Args:
        seeds: float32[n]. items: uint8[count, bytes].
    """
    score = np.zeros(len(seeds))
    for item, weight in zip(items, weights.tolist(), strict=True):
        keys = np.concatenate([seeds.view(np.uint8).reshape(-1, 4), np.tile(item, (len(seeds), 1))], axis=1)
        with np.errstate(invalid="ignore"):
            score += weight * fingerprints(keys).view(np.int64).astype(np.float64)
    return score > 0


def _project(
    sparse: bool, seeds: NDArray[np.float32], items: NDArray[np.uint8], weights: NDArray[Any], out: NDArray[np.int32]
) -> None:
    """Dense: the bits of all seeds. Sparse: those of one hash as a number, first bit highest, plus hash * 2^bits."""
    hashes, width = seeds.shape
    bits = _bits(seeds.reshape(-1), items, weights.astype(np.float64)).reshape(hashes, width)
    if not sparse:
        np.copyto(out, bits.reshape(-1))
        return
    signature = np.zeros(hashes, np.int64)
    for i in range(width):
        signature = 2 * signature + bits[:, i]
    np.copyto(out, (signature + np.arange(hashes) * (1 << width)).astype(np.int32))


def prepare(ctx: NodeContext) -> Sequence[Call]:
    """With 32 bits, where LiteRT shifts by the whole width of an int32, the sum wraps.

    Source: tflite/kernels/lsh_projection.cc
    """
    seeds, source, weights, out = ctx.input(0), ctx.input(1), ctx.optional(2), ctx.output()
    types = (seeds.type, TensorType.FLOAT32 if weights is None else weights.type, out.type)
    if types != (TensorType.FLOAT32, TensorType.FLOAT32, TensorType.INT32) or source.type.bits < 8:
        ctx.unsupported()
    count = source.shape[0]
    items = source.ref((count, math.prod(source.shape[1:]) * source.dtype.itemsize), np.uint8)
    given: Any = np.ones(count, np.float32) if weights is None else weights.ref()
    return [Call(_project, (ctx.options["type"] == _SPARSE, seeds.ref(), items, given, out.ref()))]


register(
    Operator(
        "LSH_PROJECTION",
        infer,
        prepare,
        inputs=(2, 3),
        signatures=("float32 x any -> int32", "float32 x any x float32 -> int32"),
    )
)

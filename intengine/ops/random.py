"""RANDOM_UNIFORM, RANDOM_STANDARD_NORMAL and MULTINOMIAL: seeded streams that go on from run to run.

A node without seeds draws other numbers in every process of LiteRT; here it draws those of the seeds 0 and 0, the same
in every process. The stream of a node starts when the model is planned: also when its inputs are resized, or its shape
depends on a value of the run that was not met before.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from intengine_kernels.double import exp_double
from intengine_kernels.random import normal_float, uniform_float
from numpy.typing import NDArray

from intengine.model import TensorType
from intengine.ops._context import NodeContext
from intengine.ops._philox import Stream
from intengine.ops._registry import Operator, register
from intengine.shapes import Shape
from intengine.step import Call, Scratch

#: Blocks by which MULTINOMIAL goes on for each two samples; it uses one.
_RESERVE = 512
#: Words made at once.
_AT_ONCE = 2**18


def _stream(ctx: NodeContext) -> Stream:
    """Of the seeds of a node, of which LiteRT keeps 32 bits, with their sign."""
    seed, seed2 = ((ctx.options[name] + 2**31) % 2**32 - 2**31 for name in ("seed", "seed2"))
    return Stream(seed, seed2)


def infer_random(ctx: NodeContext) -> Sequence[Shape]:
    ctx.require(ctx.input(0).rank == 1, "needs a list of sizes", ctx.input(0).rank)
    return [ctx.input(0).ints()]


def _draw(stream: Stream, bits: NDArray[np.uint32]) -> None:
    """The next blocks, some at a time. bits: uint32[4 * blocks]."""
    for at in range(0, bits.size, _AT_ONCE):
        piece = bits[at : at + _AT_ONCE]
        np.copyto(piece, stream.take(piece.size // 4).reshape(-1))


def prepare_random(ctx: NodeContext) -> Sequence[Call]:
    """Source: tflite/kernels/random_ops.cc"""
    out = ctx.output()
    if ctx.input(0).type not in (TensorType.INT32, TensorType.INT64) or out.type is not TensorType.FLOAT32:
        ctx.unsupported()
    distribution = uniform_float if ctx.node.op == "RANDOM_UNIFORM" else normal_float
    blocks = -(-out.size // 4)
    memory = Scratch(np.dtype(np.uint32), (4 * blocks,))
    return [Call(_draw, (_stream(ctx), memory)), Call(distribution, (memory, out.ref((out.size,))))]


def infer_multinomial(ctx: NodeContext) -> Sequence[Shape]:
    logits, count = ctx.input(0), ctx.input(1).ints()
    ctx.require(logits.rank == 2 and logits.shape[1] > 0, "needs logits [batch, classes]", logits.shape)
    ctx.require(len(count) == 1 and count[0] >= 0, "needs one number of samples", list(count))
    return [(logits.shape[0], count[0])]


def _multinomial(stream: Stream, logits: NDArray[np.float32], out: NDArray[Any]) -> None:
    """Classes drawn with weights exp(logit - greatest logit), summed in float64; infinite and NaN logits weigh 0.

    A sample is the first class whose running sum exceeds u * total, u of 52 bits.

    Args:
        logits: float32[batch, classes]. out: int32 or int64[batch, samples].
    """
    batch, samples = out.shape
    bits = stream.peek(-(-out.size // 2)).reshape(-1, 2)[: out.size].astype(np.uint64)
    stream.skip(batch * (-(-samples // 4) * 4) * _RESERVE)
    units = (((bits[:, 0] & np.uint64(0xFFFFF)) << np.uint64(32)) | bits[:, 1]).astype(np.float64) * 2.0**-52
    for row, found, u in zip(logits, out, units.reshape(batch, samples), strict=True):
        finite = row[np.isfinite(row)]
        greatest = float(finite.max()) if finite.size else 0.0
        weights = np.empty(row.size)
        exp_double(np.where(np.isfinite(row), row.astype(np.float64) - greatest, -np.inf), weights)
        sums = np.cumsum(weights)
        found[...] = np.searchsorted(sums, u * sums[-1], side="right")


def prepare_multinomial(ctx: NodeContext) -> Sequence[Call]:
    """Where all weights are 0, a sample is the number of classes.

    Source: tflite/kernels/random_ops.cc
    """
    logits, count, out = ctx.input(0), ctx.input(1), ctx.output()
    typed = logits.type is TensorType.FLOAT32 and count.type is TensorType.INT32
    if not typed or out.type not in (TensorType.INT32, TensorType.INT64):
        ctx.unsupported()
    return [Call(_multinomial, (_stream(ctx), logits.ref(), out.ref()))]


for _name in ("RANDOM_UNIFORM", "RANDOM_STANDARD_NORMAL"):
    register(
        Operator(
            _name,
            infer_random,
            prepare_random,
            inputs=(1, 1),
            signatures=("int32|int64 -> float32",),
            is_pure=False,
        )
    )
register(
    Operator(
        "MULTINOMIAL",
        infer_multinomial,
        prepare_multinomial,
        inputs=(2, 2),
        signatures=("float32 x int32 -> int32|int64",),
        is_pure=False,
    )
)

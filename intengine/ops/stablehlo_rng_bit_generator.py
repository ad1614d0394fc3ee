"""STABLEHLO_RNG_BIT_GENERATOR: random bits from a state, and the state that follows it."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from intengine.model import TensorType
from intengine.ops._context import NodeContext
from intengine.ops._philox import philox, threefry, words
from intengine.ops._registry import Operator, register
from intengine.shapes import Shape
from intengine.step import Call

_DEFAULT, _PHILOX, _THREEFRY = 0, 1, 2
_TYPES = (TensorType.INT32, TensorType.INT64, TensorType.UINT32, TensorType.UINT64)


def infer(ctx: NodeContext) -> Sequence[Shape]:
    state, algorithm = ctx.input(0), ctx.options["algorithm"]
    ctx.require(algorithm in (_DEFAULT, _PHILOX, _THREEFRY), "needs an algorithm in 0..2", algorithm)
    sizes = ((2,),) if algorithm == _THREEFRY else ((2,), (3,))
    ctx.require(state.shape in sizes, "needs a state of 2 words (with Philox also 3)", state.shape)
    return [state.shape, ctx.output(1).spec.shape]


def _generate(algorithm: int, state: NDArray[np.uint64], after: NDArray[np.uint64], out: NDArray[np.uint32]) -> None:
    """Blocks under the key state[0], whose counter counts up from state[1] in 64 bits.

    Philox's counter has a further upper half: state[2], or the key if there is none.

    Args:
        state, after: uint64[2] or uint64[3]. out: uint32[n], low words first.
    """
    size = 2 if algorithm == _THREEFRY else 4
    blocks = -(-out.size // size)
    key = (int(state[0]) & 0xFFFFFFFF, int(state[0]) >> 32)
    counters = words(state[1] + np.arange(blocks, dtype=np.uint64))
    if algorithm == _THREEFRY:
        bits: NDArray[Any] = threefry(key, counters)
    else:
        upper = words(np.full(blocks, state[2] if len(state) == 3 else state[0]))
        bits = philox(key, np.concatenate([counters, upper], axis=1))
    np.copyto(out, bits.reshape(-1)[: out.size])
    np.copyto(after, state)
    after[1:2] += np.uint64(blocks)


def prepare(ctx: NodeContext) -> Sequence[Call]:
    """Source: tflite/kernels/rng_bit_generator.cc"""
    state, after, out = ctx.input(0), ctx.output(0), ctx.output(1)
    if state.type is not TensorType.UINT64 or after.type is not TensorType.UINT64 or out.type not in _TYPES:
        ctx.unsupported()
    bits = out.ref((out.size * out.dtype.itemsize // 4,), np.uint32)
    return [Call(_generate, (ctx.options["algorithm"], state.ref(), after.ref(), bits))]


register(
    Operator(
        "STABLEHLO_RNG_BIT_GENERATOR",
        infer,
        prepare,
        inputs=(1, 1),
        signatures=tuple(f"uint64 -> uint64, {t.name.lower()}" for t in _TYPES),
    )
)

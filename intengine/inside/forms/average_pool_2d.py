"""AVERAGE_POOL_2D of quantized tensors; zero points stay in, as input and output are taken to have the same."""

from collections.abc import Iterator
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from intengine.inside._arithmetic import Ledger, Value, clamp, is_scalar
from intengine.inside._form import Account, At, Form
from intengine.inside._registry import form
from intengine.inside._sums import Sums
from intengine.inside._windows import Sliding
from intengine.ops import NodeContext
from intengine.ops._table import QUANTIZED
from intengine.ops._window import Window
from intengine.quantization import NONE


@form("AVERAGE_POOL_2D")
def average_pool_2d(ctx: NodeContext) -> Form | None:
    source, out = ctx.input(0), ctx.output()
    if source.type not in QUANTIZED or out.type is not source.type:
        return None
    size = ctx.options["filter_height"], ctx.options["filter_width"]
    sliding = Sliding(Window.of(ctx, source.shape, *size, dilated=False), source.shape)
    lo, hi = out.range if ctx.options["fused_activation_function"] == NONE else ctx.activation_range(out)

    def places(at: At) -> Iterator[At]:
        return ((at[0], y, x, at[3]) for _, _, y, x in sliding.places(at[1], at[2]))

    def totals() -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        values = source.known().astype(np.int64)
        sums = sum(piece for _, _, piece in sliding.slices(values))
        counts = sum(piece for _, _, piece in sliding.slices(np.ones_like(values)))
        return np.asarray(sums), np.asarray(counts)

    def arithmetic(total: Value, count: Value, book: Ledger, at: At | None) -> Account:
        mean = _mean(total, count)
        book.note("mean", mean, "{} / {} to the nearest, halves away from zero", total, count)
        value = clamp(mean, lo, hi)
        book.note("clamp", value, "{} into {}..{}", mean, lo, hi)
        return Account(total, mean, value, lo, hi)

    return Sums(
        out, source.known(), 0, places, totals, arithmetic, lambda at: "one division, halves away from zero", Fraction
    )


def _mean(total: Value, count: Value) -> Value:
    if is_scalar(total):
        magnitude = (abs(total) + count // 2) // count
        return magnitude if total >= 0 else -magnitude
    return np.sign(total) * ((np.abs(total) + count // 2) // np.maximum(count, 1))

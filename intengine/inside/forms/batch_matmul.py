"""BATCH_MATMUL of integers: requantized, or the int32 sums as they are."""

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from intengine_kernels.requantize import DOUBLE_ROUNDING

from intengine.inside._arithmetic import Ledger, Rule, Value
from intengine.inside._form import Account, Form
from intengine.inside._products import Products
from intengine.inside._reals import Reals, is_real
from intengine.inside._registry import form
from intengine.inside._windows import Matrix
from intengine.model import TensorType
from intengine.numerics import ConvScales, fixed_point
from intengine.ops import NodeContext


@dataclass(frozen=True, eq=False)
class _Sums(Products):
    """Sums that are the result; nothing is rounded or clamped."""

    def multiplier(self, channel: int) -> Fraction:
        return Fraction(1)

    def _finish(self, acc: Value, rule: Rule, book: Ledger) -> Account:
        return Account(acc, acc, acc, self.lo, self.hi)


@form("BATCH_MATMUL")
def batch_matmul(ctx: NodeContext) -> Form | None:
    a, b, out = ctx.input(0), ctx.input(1), ctx.output()
    columns = out.shape[-1]
    geometry = Matrix(a.shape, b.shape, bool(ctx.options["adj_x"]), bool(ctx.options["adj_y"]))
    none = np.zeros(columns, np.int64)
    if is_real(a, b, out):
        return Reals.of(ctx, geometry, (a, b, None), columns)
    if a.type is b.type is TensorType.INT8 and out.type is TensorType.INT32:
        one = np.ones(columns)
        return _Sums(
            out, geometry, a.known(), b.known(), 0, 0, np.float32(1), np.ones(1, np.float32), none, 32,
            fixed_point(DOUBLE_ROUNDING, one), 0, *out.range,
        )  # fmt: skip
    if a.type not in (TensorType.INT8, TensorType.INT16) or out.type is not a.type:
        return None
    wide = a.type is TensorType.INT16
    scales = ConvScales(a.scale, b.quantization.scale[:1], out.scale, a.type, wide, columns)
    return Products(
        out, geometry, a.known(), b.known(), a.zero_point, b.zero_point, a.scale, scales.filter, none,
        64 if wide else 32, ctx.numerics.batch_matmul(scales), out.zero_point, *out.range,
    )  # fmt: skip

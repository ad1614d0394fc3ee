"""Sums of products of real numbers: the exact sum, as every runtime adds in an order of its own."""

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from intengine.inside._arithmetic import Ledger
from intengine.inside._form import At, Element, Tap, fraction
from intengine.inside._products import Geometry
from intengine.ops import NodeContext, Operand
from intengine.ops._float_matrix import float_bias
from intengine.quantization import NONE, real_bounds

RULE = "float32 sums in the runtime's order; here the exact sum, rounded once"


@dataclass(frozen=True, eq=False)
class Reals:
    """out = clamp(sum x * w + bias), exactly, and then rounded to float32."""

    output: Operand
    geometry: Geometry
    x: NDArray[np.float32]
    w: NDArray[np.float32]
    bias: NDArray[np.float32]
    lo: float
    hi: float

    @classmethod
    def of(
        cls, ctx: NodeContext, geometry: Geometry, operands: tuple[Operand, Operand, Operand | None], channels: int
    ) -> "Reals":
        source, weights, bias = operands
        bounds = real_bounds(ctx.options.get("fused_activation_function", NONE))
        offset = np.zeros(channels, np.float32) if bias is None else float_bias(ctx, bias, channels)
        return cls(ctx.output(), geometry, source.known(), weights.known(), offset, *bounds)

    def element(self, at: At) -> Element:
        book = Ledger()
        taps = []
        total = Fraction(0)
        finite = True
        for here, there in self.geometry.pairs(at):
            x, w = float(self.x[here]), float(self.w[there])
            finite &= bool(np.isfinite(x) and np.isfinite(w))
            taps.append(Tap((here, there), (x, w), x * w))
            total += fraction(x) * fraction(w) if finite else 0
        bias = float(self.bias[at[-1]])
        finite &= bool(np.isfinite(bias))
        if not finite:
            with np.errstate(invalid="ignore"):
                real = float(np.sum([tap.product for tap in taps]) + bias)
            exact = None
        else:
            exact = total + fraction(bias)
            real = float(exact)
        book.note("sum of taps", float(total) if finite else real, "{} taps, exactly", len(taps))
        book.note("accumulator", real, "+ bias {}", bias)
        with np.errstate(over="ignore"):
            value = float(np.float32(min(max(real, self.lo), self.hi)))
        book.note("clamp", value, "into {}..{}, rounded to float32 once", self.lo, self.hi)
        return Element(
            tuple(taps), tuple(book.stages), RULE, value, real, real, self.lo, self.hi, exact, is_bitwise=False
        )

    def whole(self) -> None:
        return None


def is_real(*operands: Operand) -> bool:
    """Whether all are float32."""
    return all(operand.dtype == np.float32 for operand in operands)

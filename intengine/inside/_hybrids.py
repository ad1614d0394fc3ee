"""Hybrid products: float32 rows quantized on the fly to int8, integer weights, float32 results.

Source: tflite/kernels/internal/optimized/sse_tensor_utils.cc, XNNPACK src/reference/packing.cc
"""

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from intengine_kernels.fma import fma32
from intengine_kernels.hybrid_quantize import ASYMMETRIC, DYNAMIC, SIMD, SYMMETRIC
from intengine_kernels.isa.hybrid_lanes import BLOCKS_OF_4, FUSED, SCALES_FIRST
from numpy.typing import NDArray

from intengine.inside._arithmetic import Ledger, halves_away, wrap
from intengine.inside._form import At, Element, Tap, fraction
from intengine.inside._products import Geometry
from intengine.ops import Operand

F32 = np.float32
_KINDS = {
    SYMMETRIC: "row quantized symmetrically", ASYMMETRIC: "row quantized with a zero point",
    DYNAMIC: "row quantized with a zero point, in float32",
}  # fmt: skip
_ORDERS = {
    SCALES_FIRST: "sum * (row scale * filter scale) + bias", FUSED: "one fused multiply-add",
}  # fmt: skip


def quantize_row(kind: int, x: NDArray[np.float32]) -> tuple[NDArray[np.int64], np.float32, int]:
    """(q, scale, zero point) of a finite row, as one of the three kinds has it."""
    lo, hi = F32(min(x.min(initial=0), 0)), F32(max(x.max(initial=0), 0))
    if kind == DYNAMIC:
        return _dynamic(x, lo, hi)
    if lo == hi:
        return np.zeros(x.size, np.int64), F32(1), 0
    if kind == SYMMETRIC:
        reach = max(F32(-lo), hi)
        return _rounded(x, F32(F32(127) / reach), 0, -127), F32(reach / F32(127)), 0
    step = np.float64(F32(hi - lo)) / 255.0
    below, above = np.float64(lo) / step, np.float64(hi) / step
    real = -128.0 - below if 128.0 + abs(below) < 127.0 + abs(above) else 127.0 - above
    point = int(halves_away(np.float64(min(max(real, -128.0), 127.0))))
    scale = F32(step)
    return _rounded(x, F32(1.0 / np.float64(scale)), point, -128), scale, point


def _dynamic(x: NDArray[np.float32], lo: np.float32, hi: np.float32) -> tuple[NDArray[np.int64], np.float32, int]:
    factor = F32(1) if lo == hi else F32(F32(255) / F32(hi - lo))
    least, most = F32(lo * factor), F32(hi * factor)
    up = F32(F32(F32(-128) + least) + F32(F32(127) + most)) > 0
    real = F32(F32(-128) - least) if up else F32(F32(127) - most)
    point = int(np.rint(min(max(real, F32(-128)), F32(127))))
    q = np.rint(np.clip(x * factor, F32(-32768), F32(32767))).astype(np.int64) + point
    return np.clip(q, -128, 127), F32(F32(1) / factor), point


def _rounded(x: NDArray[np.float32], inverse: np.float32, point: int, least: int) -> NDArray[np.int64]:
    """Whole blocks add a half and truncate in float32; the rest is rounded exactly."""
    scaled = x * inverse
    whole = x.size - x.size % SIMD
    nearest = np.concatenate([
        np.trunc(scaled[:whole] + np.copysign(F32(0.5), scaled[:whole])), halves_away(scaled[whole:])
    ])  # fmt: skip
    return np.clip(nearest.astype(np.int64) + point, least, 127)


@dataclass(frozen=True, eq=False)
class Hybrids:
    """out = clamp((sum (q - z) * w) scaled + bias).

    Attributes:
        rows: how many elements of x are quantized together.
        kind, order: constants of `intengine_kernels.hybrid_quantize` and `hybrid`.
        negative: weights of -128 (places in a row of weights below this) take q as |q|, as x86 builds multiply.
        lanes: int32[N], sums of weights where those wrap on the way; or None.
    """

    output: Operand
    geometry: Geometry
    x: NDArray[np.float32]
    w: NDArray[np.int8]
    w_scale: NDArray[np.float32]
    bias: NDArray[np.float32]
    rows: int
    kind: int
    order: int
    lo: float
    hi: float
    negative: NDArray[np.bool_] | None = None
    lanes: NDArray[np.int32] | None = None

    def element(self, at: At) -> Element:
        book = Ledger()
        pairs = list(self.geometry.pairs(at))
        flat = self.x.reshape(-1)
        places = [int(np.ravel_multi_index(here, self.x.shape)) for here, _ in pairs]
        first = (places[0] if places else 0) // self.rows * self.rows
        q, scale, point = quantize_row(self.kind, flat[first : first + self.rows])
        book.note("row scale", scale, "{} from the row of {} elements", _KINDS[self.kind], self.rows)
        book.note("row zero point", point, "of the same row")
        taps = []
        for (here, there), place in zip(pairs, places, strict=True):
            x, w = int(q[place - first]), int(self.w[there])
            taken = abs(x) if self.negative is not None and self.negative[there] else x
            taps.append(Tap((here, there), (x, w), (taken - point) * w))
        acc = sum(int(tap.product) for tap in taps)
        if self.lanes is not None:
            acc += point * (sum(int(self.w[there]) for _, there in pairs) - int(self.lanes[at[-1]]))
        acc = book.note("accumulator", wrap(acc, 32), "sum of {} taps", len(taps))
        real = self._scaled(acc, scale, at[-1], book)
        value = F32(self.lo) if real < F32(self.lo) else F32(self.hi) if real > F32(self.hi) else real
        book.note("clamp", value, "{} into {}..{}", real, self.lo, self.hi)
        multiplier = fraction(scale) * fraction(self.w_scale[at[-1]])
        exact: Fraction = acc * multiplier + fraction(self.bias[at[-1]])
        return Element(
            tuple(taps), tuple(book.stages), f"{_KINDS[self.kind]}; {_ORDERS.get(self.order, 'scales one by one')}",
            float(value), acc, float(real), self.lo, self.hi, exact, multiplier,
        )  # fmt: skip

    def _scaled(self, acc: int, scale: np.float32, channel: int, book: Ledger) -> np.float32:
        total, factor, bias = F32(acc), self.w_scale[channel], self.bias[channel]
        if self.order == SCALES_FIRST:
            value = F32(F32(total * F32(scale * factor)) + bias)
            return F32(book.note("scaled", value, "float32({}) * ({} * {}) + {}", acc, scale, factor, bias))
        if self.order == FUSED:
            value = fma32(F32(total * scale), factor, bias)
            return F32(book.note("scaled", value, "(float32({}) * {}) * {} + {}, fused", acc, scale, factor, bias))
        channels = self.output.shape[-1]
        one, other = factor, scale
        if self.order == BLOCKS_OF_4 and channel >= channels // 4 * 4:
            one, other = scale, factor
        value = F32(F32(F32(total * one) * other) + bias)
        return F32(book.note("scaled", value, "float32({}) * {} * {} + {}", acc, one, other, bias))

    def whole(self) -> None:
        return None

"""MEAN and SUM of quantized tensors."""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from intengine.inside._arithmetic import Ledger, Value, halves_away, is_scalar, multiply, wrap
from intengine.inside._form import Account, At, Form, finish, fraction
from intengine.inside._registry import form
from intengine.inside._sums import Arithmetic, Sums
from intengine.model import TensorType
from intengine.numerics import Averaging, Summing
from intengine.ops import NodeContext
from intengine.ops._reduce import reduced_axes
from intengine.ops._reduce_quantized import is_image
from intengine.ops._table import QUANTIZED
from intengine.quantization import quantize_multiplier

#: Channels of a block of `Averaging.IMAGE_BLOCKS`.
_BLOCK = 16


@form("MEAN", "SUM")
def mean(ctx: NodeContext) -> Form | None:
    source, out = ctx.input(0), ctx.output()
    if source.type not in QUANTIZED or out.type is not source.type or not source.size:
        return None
    average = ctx.node.op == "MEAN"
    bytes_ = not average and ctx.numerics.sum_reads_bytes
    if bytes_ and source.type is TensorType.INT16:
        return None
    x = source.known().view(np.uint8) if bytes_ else source.known()
    axes = sorted(reduced_axes(ctx))
    count = int(np.prod([source.shape[axis] for axis in axes], dtype=np.int64))
    arithmetic, text = _arithmetic(ctx, count)

    def places(at: At) -> Iterator[At]:
        kept = iter(at)
        ranges: list[range] = []
        for axis, size in enumerate(source.shape):
            here = next(kept) if axis not in axes or ctx.options["keep_dims"] else 0
            ranges.append(range(size) if axis in axes else range(here, here + 1))
        return itertools.product(*ranges)

    def totals() -> tuple[NDArray[np.int64], Value]:
        return x.astype(np.int64).sum(axis=tuple(axes)).reshape(out.shape), count

    def exact(total: int, count: int) -> Fraction:
        real = (total - count * source.zero_point) * fraction(source.scale) / fraction(out.scale)
        return real / (count if average else 1) + out.zero_point

    return Sums(out, x, source.zero_point, places, totals, arithmetic, lambda at: text, exact)


def _arithmetic(ctx: NodeContext, count: int) -> tuple[Arithmetic, str]:
    """What becomes of the sum, and in words."""
    source, out = ctx.input(0), ctx.output()
    average = ctx.node.op == "MEAN"
    slot = ctx.numerics.averaging if average else ctx.numerics.summing
    if slot in (Averaging.FLOAT_EVEN, Summing.FLOAT_EVEN, Summing.FLOAT):
        return _Scaled.of(ctx, count, average=average, even=slot is not Summing.FLOAT), slot.value
    if slot is Averaging.IMAGE_BLOCKS and is_image(ctx):
        return _Image.of(ctx, count), slot.value
    real = float(source.scale) / float(out.scale)
    multiplier, shift = quantize_multiplier(real)
    once = ctx.multiplier(real)[1] - shift
    if average:
        bits = min(count.bit_length() - 1, 32, 31 + shift)
        multiplier, shift = (multiplier << bits) // count, shift - bits
    as_bytes = not average and ctx.numerics.sum_reads_bytes
    # Read and written as unsigned bytes, whatever the type; there no build rounds once.
    limits = (0, 255) if as_bytes else out.range
    shift += 0 if as_bytes else once
    text = "31-bit multiplier, two roundings" if not once or as_bytes else "31-bit multiplier, one rounding"
    signed = as_bytes and source.type is TensorType.INT8
    return _Fixed(source.zero_point * count, multiplier, shift, out.zero_point, *limits, signed), text


@dataclass(frozen=True)
class _Fixed:
    """(sum - offset) in fixed point; `signed` stores an unsigned byte in an int8."""

    offset: int
    multiplier: int
    shift: int
    zero_point: int
    lo: int
    hi: int
    signed: bool

    def __call__(self, total: Value, count: Value, book: Ledger, at: At | None) -> Account:
        acc = book.note("accumulator", wrap(total - self.offset, 32), "{} - {}", total, self.offset)
        account = finish(acc, multiply(acc, self.multiplier, self.shift, book), self.zero_point, self.lo, self.hi, book)
        if not self.signed:
            return account
        value = book.note("as int8", wrap(account.value, 8), "the byte {} read as int8", account.value)
        return Account(acc, account.unclamped, value, self.lo, self.hi)


@dataclass(frozen=True)
class _Scaled:
    """float32(float32(sum * scale) + bias), to the nearest, and the zero point."""

    scale: np.float32
    bias: np.float32
    even: bool
    zero_point: int
    lo: int
    hi: int

    @classmethod
    def of(cls, ctx: NodeContext, count: int, *, average: bool, even: bool) -> "_Scaled":
        source, out, f32 = ctx.input(0), ctx.output(), np.float32
        factor = f32(1) / f32(count) if average else f32(1)
        scale = f32(f32(source.scale / out.scale) * factor)
        if even:
            bias = f32(f32(out.zero_point) - f32(f32(count * source.zero_point) * scale))
            return cls(scale, bias, even, 0, *out.range)
        bias = f32(f32(f32(-source.zero_point) * scale) * f32(count))
        return cls(scale, bias, even, out.zero_point, *out.range)

    def __call__(self, total: Value, count: Value, book: Ledger, at: At | None) -> Account:
        real = np.float32(np.float32(total) * self.scale) + self.bias
        book.note("scaled", real, "float32({}) * {} + {} in float32", total, self.scale, self.bias)
        nearest = np.rint(real) if self.even else halves_away(real)
        rounded = int(nearest) if is_scalar(nearest) else nearest.astype(np.int64)
        book.note("round", rounded, "{} to the nearest, halves {}", real, "to even" if self.even else "away from zero")
        return finish(total, rounded, self.zero_point, self.lo, self.hi, book)


@dataclass(frozen=True)
class _Image:
    """Height and width of an image: ties up in whole blocks of channels, away from zero in the rest."""

    multiplier: int
    shift: int
    bias: int
    channels: int
    lo: int
    hi: int

    @classmethod
    def of(cls, ctx: NodeContext, count: int) -> "_Image":
        source, out, f32 = ctx.input(0), ctx.output(), np.float32
        points = f32(f32(f32(source.zero_point) * source.scale) / out.scale)
        bias = out.zero_point - int(f32(points + (f32(0.5) if points > 0 else f32(-0.5))))
        pair = quantize_multiplier(float(f32(source.scale / f32(f32(count) * out.scale))))
        return cls(*pair, bias, out.shape[3], *out.range)

    def __call__(self, total: Value, count: Value, book: Ledger, at: At | None) -> Account:
        whole = self.channels - self.channels % _BLOCK
        up: Value = np.arange(self.channels) < whole if at is None else at[3] < whole
        rounded = multiply(total, self.multiplier, self.shift, book, up=up)
        return finish(total, rounded, self.bias, self.lo, self.hi, book)

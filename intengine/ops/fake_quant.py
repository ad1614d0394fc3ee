"""FAKE_QUANT: float32 -> the float32 that it would be after quantizing with `num_bits` over [min, max] and back."""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from intengine.model import TensorType
from intengine.ops._context import NodeContext
from intengine.ops._registry import Operator, register
from intengine.quantization import round_half_away
from intengine.shapes import Shape
from intengine.step import Call


def infer(ctx: NodeContext) -> Sequence[Shape]:
    return [ctx.input(0).shape]


def prepare(ctx: NodeContext) -> Sequence[Call]:
    """The range is shifted so that 0 is one of its 2**num_bits values, all in float32.

    LiteRT refuses a narrow range, which leaves the least value out; here it is what the option says.

    Source: tflite/kernels/fake_quant.cc, tflite/kernels/internal/quantization_util.cc
    """
    source, out = ctx.input(0), ctx.output()
    if not source.type is out.type is TensorType.FLOAT32:
        ctx.unsupported()
    bits = ctx.options["num_bits"]
    ctx.require(2 <= bits <= 16, "needs 2 to 16 bits", bits)
    least, most = np.float32(ctx.options["narrow_range"]), np.float32(2**bits - 1)
    lo, hi = np.float32(ctx.options["min"]), np.float32(ctx.options["max"])
    ctx.require(math.isfinite(float(hi) - float(lo)) and bool(lo < hi), "needs a finite range", (float(lo), float(hi)))
    with np.errstate(all="ignore"):
        scale = (hi - lo) / (most - least)
        zero = least - lo / scale
        ctx.require(bool(scale > 0 and np.isfinite(scale) and np.isfinite(zero)), "needs a finite step", float(scale))
        zero_point = np.float32(round_half_away(float(min(max(zero, least), most))))
        bounds = (least - zero_point) * scale, (most - zero_point) * scale
        inverse = np.float32(1) / scale
    ctx.require(bool(np.isfinite([*bounds, inverse]).all()), "needs a finite range", (float(lo), float(hi)))
    return [Call(_fake_quant, (source.ref(), *bounds, scale, inverse, out.ref()))]


def _fake_quant(
    x: NDArray[np.float32], lo: np.float32, hi: np.float32, scale: np.float32, inverse: np.float32,
    out: NDArray[np.float32],
) -> None:  # fmt: skip
    """out = round_half_away((clamp(x) - lo) * inverse) * scale + lo."""
    # NaN becomes lo, as std::max has it.
    clamped = np.where(x > lo, np.minimum(x, hi), lo)
    steps = (clamped - lo) * inverse
    whole = np.floor(steps)
    whole += steps - whole >= np.float32(0.5)
    np.add(whole * scale, lo, out=out)


register(Operator("FAKE_QUANT", infer, prepare, inputs=(1, 1), signatures=("float32 -> float32",)))

"""Pieces of IR for vectors of 16 lanes, which LLVM lowers for any CPU."""

from llvmlite import ir

from intengine_kernels.isa.ir import I1, I32, call, splat

LANES = 16
REAL = ir.FloatType()
INTS, REALS, _MASK = (ir.VectorType(kind, LANES) for kind in (I32, REAL, I1))
_ALIGN = ir.Constant(I32, 4)


def load(builder, place, kind):
    """The 16 elements of 4 bytes at an address."""
    return builder.load(builder.bitcast(place, kind.as_pointer()), align=4)


def load_part(builder, place, left):
    """The first `left` float32 at an address, then zeros."""
    place = builder.bitcast(place, REALS.as_pointer())
    zeros = ir.Constant(REALS, [0.0] * LANES)
    return call(builder, "llvm.masked.load.v16f32.p0", REALS, place, _ALIGN, _first(builder, left), zeros)


def store(builder, value, place):
    """16 float32 to an address."""
    builder.store(value, builder.bitcast(place, REALS.as_pointer()), align=4)


def store_part(builder, value, place, left):
    """The first `left` of 16 float32 to an address."""
    place = builder.bitcast(place, REALS.as_pointer())
    call(builder, "llvm.masked.store.v16f32.p0", ir.VoidType(), value, place, _ALIGN, _first(builder, left))


def clamp(builder, value, lo, hi):
    """float32 within lo..hi, scalars; NaN stays NaN."""
    lo, hi = splat(builder, lo, REALS), splat(builder, hi, REALS)
    value = builder.select(builder.fcmp_ordered("<", value, lo), lo, value)
    return builder.select(builder.fcmp_ordered("<", hi, value), hi, value)


def _first(builder, left):
    limit = splat(builder, builder.trunc(left, I32), INTS)
    return builder.icmp_signed("<", ir.Constant(INTS, list(range(LANES))), limit)

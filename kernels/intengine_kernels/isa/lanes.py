"""Requantization of 16 accumulators at a time, as vector IR that LLVM lowers for any CPU.

Each equals one branch of `requantize.requantize_row`, which is its plain-loop twin.
"""

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from intengine_kernels.requantize import DOUBLE_ROUNDING, FLOAT32, INT64_15BIT, REAL_DOUBLE, SINGLE, UPWARD

LANES = 16
_I1, _I32, _I64 = ir.IntType(1), ir.IntType(32), ir.IntType(64)
_V32 = ir.VectorType(_I32, LANES)
_V64 = ir.VectorType(_I64, LANES)
_VF32 = ir.VectorType(ir.FloatType(), LANES)
_VF64 = ir.VectorType(ir.DoubleType(), LANES)


def _const(kind, value):
    return ir.Constant(kind, [value] * LANES)


def _call(builder, name, kind, *operands):
    function = ir.FunctionType(kind, [operand.type for operand in operands])
    return builder.call(cgutils.get_or_insert_function(builder.module, function, name), operands)


def _max(builder, a, b):
    return builder.select(builder.icmp_signed(">", a, b), a, b)


def _min(builder, a, b):
    return builder.select(builder.icmp_signed("<", a, b), a, b)


def _double_rounding(builder, acc, multiplier, shift, scale, top):
    """srdhm then a rounding shift with ties away from zero; acc int32."""
    high, half, right = _high(builder, acc, multiplier, shift)
    less = builder.and_(builder.ashr(high, _const(_V64, 63)), _min(builder, half, _const(_V64, 1)))
    rounded = builder.ashr(builder.sub(builder.add(high, half), less), right)
    return builder.trunc(rounded, _V32)


def _upward(builder, acc, multiplier, shift, scale, top):
    """srdhm then a rounding shift with ties up; acc int32."""
    high, half, right = _high(builder, acc, multiplier, shift)
    return builder.trunc(builder.ashr(builder.add(high, half), right), _V32)


def _high(builder, acc, multiplier, shift):
    """(srdhm of the accumulator shifted left, half of the right shift's unit, the right shift), int64."""
    zero = _const(_V32, 0)
    left = _max(builder, shift, zero)
    right = builder.sext(_max(builder, builder.sub(zero, shift), zero), _V64)
    shifted = builder.sext(builder.shl(acc, left), _V64)
    product = builder.mul(shifted, builder.sext(multiplier, _V64))
    high = builder.ashr(builder.add(product, _const(_V64, 1 << 30)), _const(_V64, 31))
    high = _min(builder, high, _const(_V64, 2**31 - 1))
    half = builder.lshr(builder.shl(_const(_V64, 1), right), _const(_V64, 1))
    return high, half, right


def _single(builder, acc, multiplier, shift, scale, top):
    """One rounding of the whole product, ties up; acc int32."""
    total = builder.sub(_const(_V64, 31), builder.sext(shift, _V64))
    half = builder.shl(_const(_V64, 1), builder.sub(total, _const(_V64, 1)))
    product = builder.mul(builder.sext(acc, _V64), builder.sext(multiplier, _V64))
    return builder.trunc(builder.ashr(builder.add(product, half), total), _V32)


def _float32(builder, acc, multiplier, shift, scale, top):
    """A float32 product, at most the upper bound, halves to even; acc int32."""
    product = builder.fmul(builder.sitofp(acc, _VF32), builder.fptrunc(scale, _VF32))
    limit = builder.sitofp(top, _VF32)
    product = builder.select(builder.fcmp_ordered("<", product, limit), product, limit)
    least = _const(_VF32, -(2.0**31))
    product = builder.select(builder.fcmp_ordered(">", product, least), product, least)
    return builder.fptosi(_call(builder, "llvm.rint.v16f32", _VF32, product), _V32)


def _int64_15bit(builder, acc, multiplier, shift, scale, top):
    """The multiplier cut to 15 bits, one rounding up; acc int64."""
    cut = builder.ashr(builder.add(builder.sext(multiplier, _V64), _const(_V64, 1 << 15)), _const(_V64, 16))
    cut = _min(builder, cut, _const(_V64, 32767))
    total = builder.sub(_const(_V64, 15), builder.sext(shift, _V64))
    half = builder.shl(_const(_V64, 1), builder.sub(total, _const(_V64, 1)))
    rounded = builder.ashr(builder.add(builder.mul(acc, cut), half), total)
    return builder.trunc(rounded, _V32)


def _real_double(builder, acc, multiplier, shift, scale, top):
    """A double precision product, rounded half away from zero; -2**31 where int32 cannot hold it."""
    product = builder.fmul(builder.sitofp(acc, _VF64), scale)
    whole = _call(builder, "llvm.trunc.v16f64", _VF64, product)
    rest = _call(builder, "llvm.fabs.v16f64", _VF64, builder.fsub(product, whole))
    one = _call(builder, "llvm.copysign.v16f64", _VF64, _const(_VF64, 1.0), product)
    far = builder.fcmp_ordered(">=", rest, _const(_VF64, 0.5))
    rounded = builder.select(far, builder.fadd(whole, one), whole)
    least, beyond = _const(_VF64, -(2.0**31)), _const(_VF64, 2.0**31)
    fits = builder.and_(builder.fcmp_ordered(">=", rounded, least), builder.fcmp_ordered("<", rounded, beyond))
    return builder.fptosi(builder.select(fits, rounded, least), _V32)


_SCHEMES = {
    DOUBLE_ROUNDING: _double_rounding,
    INT64_15BIT: _int64_15bit,
    REAL_DOUBLE: _real_double,
    UPWARD: _upward,
    FLOAT32: _float32,
    SINGLE: _single,
}


def _make(scheme):
    compute = _SCHEMES[scheme]

    @intrinsic
    def requantize_lanes(
        typingctx, acc, acc_at, multiplier, shift, scale, channel, zero_point, lo, hi, out, out_at, count
    ):
        """out[out_at : out_at + min(count, 16)] = clamp(requantize(acc[acc_at + i]) + zero_point, lo, hi).

        acc int32 or int64; multiplier, shift int32 and scale float64 are read at channel + i (16 must be readable).
        """
        i64, i32 = types.int64, types.int32
        signature = types.void(acc, i64, multiplier, shift, scale, i64, i32, i32, i32, out, i64, i64)

        def codegen(context, builder, signature, args):
            def load(i, at, kind, align):
                data = context.make_array(signature.args[i])(context, builder, args[i]).data
                place = builder.bitcast(builder.gep(data, [at]), kind.as_pointer())
                return builder.load(place, align=align)

            def splat(value):
                vector = builder.insert_element(ir.Constant(_V32, ir.Undefined), value, ir.Constant(_I32, 0))
                return builder.shuffle_vector(vector, ir.Constant(_V32, ir.Undefined), _const(_V32, 0))

            wide = signature.args[0].dtype.bitwidth == 64
            sums = load(0, args[1], _V64 if wide else _V32, 8 if wide else 4)
            if scheme == INT64_15BIT and not wide:
                sums = builder.sext(sums, _V64)
            if scheme not in (INT64_15BIT, REAL_DOUBLE) and wide:
                sums = builder.trunc(sums, _V32)
            value = compute(
                builder,
                sums,
                load(2, args[5], _V32, 4),
                load(3, args[5], _V32, 4),
                load(4, args[5], _VF64, 8),
                splat(builder.sub(args[8], args[6])),
            )
            value = builder.add(value, splat(args[6]))
            value = _min(builder, _max(builder, value, splat(args[7])), splat(args[8]))
            bits = signature.args[9].dtype.bitwidth
            narrow = ir.VectorType(ir.IntType(bits), LANES)
            if bits < 32:
                value = builder.trunc(value, narrow)
            lane = ir.Constant(_V32, list(range(LANES)))
            limit = splat(builder.trunc(args[11], _I32))
            mask = builder.icmp_signed("<", lane, limit)
            data = context.make_array(signature.args[9])(context, builder, args[9]).data
            place = builder.bitcast(builder.gep(data, [args[10]]), narrow.as_pointer())
            _masked_store(builder, value, place, mask, bits)
            return context.get_dummy_value()

        return signature, codegen

    return requantize_lanes


def _masked_store(builder, value, place, mask, bits):
    kind = ir.FunctionType(ir.VoidType(), [value.type, place.type, _I32, ir.VectorType(_I1, LANES)])
    name = f"llvm.masked.store.v16i{bits}.p0"
    function = cgutils.get_or_insert_function(builder.module, kind, name)
    builder.call(function, [value, place, ir.Constant(_I32, max(bits // 8, 1)), mask])


lanes_double_rounding = _make(DOUBLE_ROUNDING)
lanes_int64_15bit = _make(INT64_15BIT)
lanes_real_double = _make(REAL_DOUBLE)
lanes_upward = _make(UPWARD)
lanes_float32 = _make(FLOAT32)
lanes_single = _make(SINGLE)

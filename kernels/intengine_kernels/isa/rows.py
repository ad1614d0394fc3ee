"""The greatest byte of a row and the first place that has it, in one pass: place and value are one 16-bit number."""

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from intengine_kernels.isa.ir import I8, I16, I64, array_pointer, call, const, counted, load, splat

#: Bytes of a step, and of the shortest row.
STEP = 16
#: Bytes of the longest row, whose places are a byte.
LONGEST = 256

_BYTES, _KEYS = ir.VectorType(I8, STEP), ir.VectorType(I16, STEP)


@intrinsic
def first_greatest(typing_context, x, at, size, flip):
    """The first place of the greatest x[at + k] ^ flip, k below size, as unsigned numbers.

    x: int8 or uint8, flat. size: STEP..LONGEST. flip: 0x80 for int8; the inverse of that for the least.
    """

    def generate(context, builder, signature, args):
        row = array_pointer(context, builder, signature.args[0], args[0], I8, args[1])
        size = args[2]
        flips = splat(builder, builder.trunc(args[3], I8), _BYTES)
        lanes = ir.Constant(_KEYS, [LONGEST - 1 - lane for lane in range(STEP)])
        eight = ir.Constant(_KEYS, [8] * STEP)

        def keys(k):
            value = builder.zext(builder.xor(load(builder, row, k, _BYTES, 1), flips), _KEYS)
            place = builder.sub(lanes, splat(builder, builder.trunc(k, I16), _KEYS))
            return builder.or_(builder.shl(value, eight), place)

        def greater(a, b):
            return builder.select(builder.icmp_unsigned(">", a, b), a, b)

        # The last step ends with the row, and may have some bytes a second time.
        last = keys(builder.sub(size, const(STEP)))
        steps = builder.udiv(builder.sub(size, const(1)), const(STEP))
        (best,) = counted(
            builder, steps, [last], lambda i, found: [greater(found[0], keys(builder.mul(i, const(STEP))))]
        )  # fmt: skip
        greatest = call(builder, f"llvm.vector.reduce.umax.v{STEP}i16", I16, best)
        place = builder.sub(ir.Constant(I16, LONGEST - 1), builder.and_(greatest, ir.Constant(I16, LONGEST - 1)))
        return builder.zext(place, I64)

    return types.int64(x, types.int64, types.int64, types.int64), generate

"""Tables of 256 bytes, 64 look-ups at a time, where the CPU can permute bytes across vectors (AVX512-VBMI)."""

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from intengine_kernels.isa.ir import I8, I64, call, const, counted, load, local_function

LANES = 64
_V8 = ir.VectorType(I8, LANES)
_PERMUTE = "llvm.x86.avx512.vpermi2var.qi.512"


def _body(builder, args):
    x, table, out, blocks = args
    parts = [load(builder, table, const(LANES * i), _V8, 1) for i in range(4)]

    def block(i, values):
        at = builder.mul(i, const(LANES))
        index = load(builder, x, at, _V8, 1)
        low = call(builder, _PERMUTE, _V8, parts[0], index, parts[1])
        high = call(builder, _PERMUTE, _V8, parts[2], index, parts[3])
        is_high = builder.icmp_signed("<", index, ir.Constant(_V8, [0] * LANES))
        place = builder.bitcast(builder.gep(out, [at]), _V8.as_pointer())
        builder.store(builder.select(is_high, high, low), place, align=1)
        return values

    counted(builder, blocks, [], block)
    builder.ret(const(0))


@intrinsic
def lookup_blocks(typingctx, x, table, out, blocks):
    """out[i] = table[x[i]] for the first 64 * blocks elements. x: uint8. table: 256 of int8 or uint8. out: like it."""
    signature = types.int64(x, table, out, types.int64)

    def codegen(context, builder, signature, args):
        data = [context.make_array(signature.args[i])(context, builder, args[i]).data for i in range(3)]
        arguments = [*data, args[3]]
        kinds = [argument.type for argument in arguments]
        return builder.call(local_function(builder, "intengine_lookup", I64, kinds, _body), arguments)

    return signature, codegen

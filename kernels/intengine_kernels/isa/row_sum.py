"""Sums of elements that lie next to each other, by dot-product instructions."""

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from intengine_kernels.isa.ir import I8, I32, array_pointer, call, const, counted, load, local_function
from intengine_kernels.isa.tile import dot, group_type, lanes_of


def _emit_sum(isa, is_8bit):
    """The sum of `steps` vectors of elements from an address on."""

    def body(builder, args):
        x, steps = args
        wide, element = ir.VectorType(I32, lanes_of(isa)), group_type(isa, is_8bit)
        ones = ir.Constant(element, [1] * element.count)

        def step(i, sums):
            values = load(builder, x, builder.mul(i, const(4 * wide.count)), element, 1)
            return [dot(builder, isa, sums[0], values, ones, is_8bit)]

        (sums,) = counted(builder, steps, [ir.Constant(wide, [0] * wide.count)], step)
        builder.ret(call(builder, f"llvm.vector.reduce.add.v{wide.count}i32", I32, sums))

    return body


@intrinsic
def sum_by_vectors(typingctx, isa, x, at, steps):
    """int32 sum, which wraps, of x from `at` on: `steps` registers of the instruction set. x: uint8, int8 or int16."""
    signature = types.int32(isa, x, types.int64, types.int64)
    is_8bit = x.dtype.bitwidth == 8
    instruction_set = isa.count

    def codegen(context, builder, signature, args):
        size = const(1 if is_8bit else 2)
        arguments = [
            array_pointer(context, builder, signature.args[1], args[1], I8, builder.mul(args[2], size)),
            args[3],
        ]
        kinds = [argument.type for argument in arguments]
        name = f"intengine_sum_{instruction_set}_{is_8bit:d}"
        function = local_function(builder, name, I32, kinds, _emit_sum(instruction_set, is_8bit))
        return builder.call(function, arguments)

    return signature, codegen

"""Pieces of LLVM IR that micro-kernels are made of."""

from llvmlite import ir
from numba.core import cgutils

I1, I8, I16, I32, I64 = (ir.IntType(bits) for bits in (1, 8, 16, 32, 64))


def const(value):
    """An int64."""
    return ir.Constant(I64, value)


def load(builder, base, at, kind, align):
    """A value of type `kind` at `base` plus `at` elements of base."""
    return builder.load(builder.bitcast(builder.gep(base, [at]), kind.as_pointer()), align=align)


def array_pointer(context, builder, kind, array, element, at=None):
    """Where the elements of an array argument of type `kind` lie, as a pointer to `element`, plus `at` of those."""
    base = builder.bitcast(context.make_array(kind)(context, builder, array).data, element.as_pointer())
    return base if at is None else builder.gep(base, [at])


def splat(builder, value, kind):
    """A vector of type `kind` that has the scalar in every lane."""
    vector = builder.insert_element(ir.Constant(kind, ir.Undefined), value, ir.Constant(I32, 0))
    zeros = ir.Constant(ir.VectorType(I32, kind.count), [0] * kind.count)
    return builder.shuffle_vector(vector, ir.Constant(kind, ir.Undefined), zeros)


def call(builder, name, result, *operands):
    """A call of LLVM's intrinsic `name`."""
    kind = ir.FunctionType(result, [operand.type for operand in operands])
    return builder.call(cgutils.get_or_insert_function(builder.module, kind, name), operands)


def counted(builder, count, starts, body):
    """`values` = starts; for i in range(count): values = body(i, values); returns the last values, a flat list."""
    entry = builder.block
    loop, after = builder.append_basic_block("loop"), builder.append_basic_block("done")
    builder.cbranch(builder.icmp_signed("<", const(0), count), loop, after)
    builder.position_at_end(loop)
    i = builder.phi(I64)
    phis = [builder.phi(start.type) for start in starts]
    new = body(i, phis)
    following = builder.add(i, const(1))
    end = builder.block
    i.add_incoming(const(0), entry)
    i.add_incoming(following, end)
    for phi, start, value in zip(phis, starts, new, strict=True):
        phi.add_incoming(start, entry)
        phi.add_incoming(value, end)
    builder.cbranch(builder.icmp_signed("<", following, count), loop, after)
    builder.position_at_end(after)
    totals = [builder.phi(start.type) for start in starts]
    for total, start, value in zip(totals, starts, new, strict=True):
        total.add_incoming(start, entry)
        total.add_incoming(value, end)
    return totals


def local_function(builder, name, result, kinds, body):
    """The function `name` of this module, made by body(builder, args) when it is first asked for; it is not inlined."""
    module = builder.module
    found = module.globals.get(name)
    if found is None:
        found = ir.Function(module, ir.FunctionType(result, kinds), name)
        found.linkage = "internal"
        found.attributes.add("noinline")
        # Loops are unrolled as far as they should be; more of that would only take longer to compile.
        found.attributes.add("optsize")
        body(ir.IRBuilder(found.append_basic_block("entry")), found.args)
    return found


def either(builder, condition, make):
    """The int64 that make(True) gives where the condition holds, else that of make(False)."""
    result = cgutils.alloca_once(builder, I64)
    with builder.if_else(condition) as branches:
        for value, branch in zip((True, False), branches, strict=True):
            with branch:
                builder.store(make(value), result)
    return builder.load(result)


def any_of(builder, numbers, chosen, make):
    """The int64 that make(number) gives for the number that equals `chosen`, or for the last."""
    first, *others = numbers
    if not others:
        return make(first)
    is_first = builder.icmp_signed("==", chosen, ir.Constant(chosen.type, first))
    return either(builder, is_first, lambda yes: make(first) if yes else any_of(builder, others, chosen, make))

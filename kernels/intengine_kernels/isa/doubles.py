"""Vectors of float64 that kernels add, subtract and multiply as they do numbers; uncompiled they are arrays."""

import operator

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic, lower_builtin, models, register_model, type_callable

from intengine_kernels.isa.ir import I32, array_pointer, const, load, splat
from intengine_kernels.jit import twin_of

#: Lanes of a vector: the widest that most CPUs work on at once.
LANES = 4
_VECTOR = ir.VectorType(ir.DoubleType(), LANES)


class Doubles(types.Type):
    """float64[LANES], a value."""


_DOUBLES = Doubles("float64 vector")


@register_model(Doubles)
class _Model(models.PrimitiveModel):
    def __init__(self, manager, kind):
        super().__init__(manager, kind, _VECTOR)


def _define(symbol, emit):
    """`symbol` of two vectors, or of a number and a vector."""

    @type_callable(symbol)
    def typed(context):
        def of(a, b):
            return _DOUBLES if isinstance(a, (types.Float, Doubles)) and isinstance(b, Doubles) else None

        return of

    @lower_builtin(symbol, Doubles, Doubles)
    def of_vectors(context, builder, signature, args):
        return emit(builder, *args)

    @lower_builtin(symbol, types.Float, Doubles)
    def of_number(context, builder, signature, args):
        number = context.cast(builder, args[0], signature.args[0], types.float64)
        return emit(builder, splat(builder, number, _VECTOR), args[1])


_define(operator.add, ir.IRBuilder.fadd)
_define(operator.sub, ir.IRBuilder.fsub)
_define(operator.mul, ir.IRBuilder.fmul)


@type_callable(operator.neg)
def _negative(context):
    return lambda a: a if isinstance(a, Doubles) else None


@lower_builtin(operator.neg, Doubles)
def _negate(context, builder, signature, args):
    return builder.fneg(args[0])


@intrinsic
def _load(typing_context, x, row):
    def generate(context, builder, signature, args):
        base = array_pointer(context, builder, signature.args[0], args[0], ir.DoubleType())
        return load(builder, base, builder.mul(args[1], const(LANES)), _VECTOR, 8)

    return _DOUBLES(x, types.int64), generate


@intrinsic
def _store(typing_context, x, row, value):
    def generate(context, builder, signature, args):
        at = builder.mul(args[1], const(LANES))
        place = array_pointer(context, builder, signature.args[0], args[0], _VECTOR.element, at)
        builder.store(args[2], builder.bitcast(place, _VECTOR.as_pointer()), align=8)
        return context.get_dummy_value()

    return types.void(x, types.int64, value), generate


@intrinsic
def _narrowed(typing_context, value):
    def generate(context, builder, signature, args):
        narrow = builder.fptrunc(args[0], ir.VectorType(ir.FloatType(), LANES))
        lanes = [builder.extract_element(narrow, ir.Constant(I32, i)) for i in range(LANES)]
        return context.make_tuple(builder, signature.return_type, lanes)

    return types.UniTuple(types.float32, LANES)(value), generate


@twin_of(_load)
def load_row(x, row):
    """x[row] as a vector. x: float64[n, LANES], C-contiguous."""
    return x[row].copy()


@twin_of(_store)
def store_row(x, row, value):
    """x[row] = value, a vector. x: float64[n, LANES], C-contiguous."""
    x[row] = value


@twin_of(_narrowed)
def narrowed(value):
    """The lanes of a vector, each rounded to float32."""
    return tuple(value.astype(np.float32))

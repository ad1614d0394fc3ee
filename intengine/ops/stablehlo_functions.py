"""StableHLO's elementwise operators that LiteRT has in its schema but does not run, as their specification says.

STABLEHLO_SUBTRACT, DIVIDE, REMAINDER, POWER and OR of two inputs of one shape; NEGATE, ABS, FLOOR, COSINE,
EXPONENTIAL, LOG, LOGISTIC, TANH, RSQRT and CBRT of one. Functions of floats are taken in double precision and rounded
once, so float32 results are the nearest numbers in all but rare cases. Quantized numbers are refused.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from intengine.errors import InputError
from intengine.model import TensorType
from intengine.ops import _smooth as smooth
from intengine.ops._context import NodeContext
from intengine.ops._elementwise import (
    COMPLEX,
    FLOATS,
    INTEGERS,
    SIGNED,
    apply,
    one_shape,
    same_types,
    signatures,
)
from intengine.ops._registry import Operator, register
from intengine.step import Call

_NUMBERS = (*FLOATS, *INTEGERS, *COMPLEX)
_SMOOTH = (*FLOATS, *COMPLEX)
_REAL_OF = {TensorType.COMPLEX64: TensorType.FLOAT32, TensorType.COMPLEX128: TensorType.FLOAT64}


def _divide(a: NDArray[Any], b: NDArray[Any], out: NDArray[Any]) -> None:
    """Integers: toward zero; the least one by -1 is itself."""
    if out.dtype.kind not in "iu":
        np.divide(a, b, out=out)
        return
    _check_divisors("STABLEHLO_DIVIDE", b)
    np.floor_divide(a, b, out=out)
    if out.dtype.kind == "i":
        np.add(out, 1, out=out, where=(np.fmod(a, b) != 0) & ((a < 0) != (b < 0)))


def _remainder(a: NDArray[Any], b: NDArray[Any], out: NDArray[Any]) -> None:
    """With the sign of the dividend."""
    if out.dtype.kind in "iu":
        _check_divisors("STABLEHLO_REMAINDER", b)
    np.fmod(a, b, out=out)


def _check_divisors(op: str, b: NDArray[Any]) -> None:
    if (b == 0).any():
        raise InputError(f"{op} needs integer divisors other than 0; an input has one.")


def _power(a: NDArray[Any], b: NDArray[Any], out: NDArray[Any]) -> None:
    """Integers wrap."""
    if out.dtype.kind in "iu":
        if out.dtype.kind == "i" and (b < 0).any():
            raise InputError("STABLEHLO_POWER needs integer exponents of 0 or more; an input has a negative one.")
        np.power(a, b, out=out)
    else:
        out[...] = smooth.power(_wide(a), _wide(b)).astype(out.dtype)


def _wide(x: NDArray[Any]) -> NDArray[Any]:
    return x.astype(np.complex128 if x.dtype.kind == "c" else np.float64)


def _in_double(function: Callable[..., Any], x: NDArray[Any], out: NDArray[Any]) -> None:
    """A function of one array, taken in double precision and rounded once."""
    out[...] = function(_wide(x)).astype(out.dtype)


def _absolute(x: NDArray[Any], out: NDArray[Any]) -> None:
    out[...] = smooth.length(_wide(x)) if x.dtype.kind == "c" else np.abs(x)


_FUNCTIONS: dict[str, tuple[int, Callable[..., Any], tuple[TensorType, ...]]] = {
    "SUBTRACT": (2, np.subtract, _NUMBERS),
    "DIVIDE": (2, _divide, _NUMBERS),
    "REMAINDER": (2, _remainder, (*FLOATS, *INTEGERS)),
    "POWER": (2, _power, _NUMBERS),
    "OR": (2, np.bitwise_or, (*INTEGERS, TensorType.BOOL)),
    "NEGATE": (1, np.negative, _NUMBERS),
    "ABS": (1, _absolute, (*FLOATS, *SIGNED, *COMPLEX)),
    "FLOOR": (1, np.floor, FLOATS),
    "COSINE": (1, partial(_in_double, smooth.cos), _SMOOTH),
    "EXPONENTIAL": (1, partial(_in_double, smooth.exp), _SMOOTH),
    "LOG": (1, partial(_in_double, smooth.log), _SMOOTH),
    "LOGISTIC": (1, partial(_in_double, smooth.logistic), _SMOOTH),
    "TANH": (1, partial(_in_double, smooth.tanh), _SMOOTH),
    "RSQRT": (1, partial(_in_double, smooth.reciprocal_root), _SMOOTH),
    "CBRT": (1, partial(_in_double, smooth.cbrt), FLOATS),
}


def prepare(ctx: NodeContext) -> Sequence[Call]:
    """Source: openxla/stablehlo docs/spec.md"""
    op = ctx.node.op.removeprefix("STABLEHLO_")
    count, function, types = _FUNCTIONS[op]
    out = _REAL_OF.get(ctx.input(0).type) if op == "ABS" else None
    same_types(ctx, types, out)
    operands = [*(ctx.input(i) for i in range(count)), ctx.output()]
    if any(operand.quantization for operand in operands):
        ctx.unsupported("quantized numbers")
    return [Call(apply, (function, *(operand.ref() for operand in operands)))]


for _name, (_count, _, _types) in _FUNCTIONS.items():
    _same = tuple(t for t in _types if _name != "ABS" or t not in COMPLEX)
    _signatures = signatures(_same, inputs=_count)
    if _name == "ABS":
        _signatures += tuple(f"{t.name.lower()} -> {_REAL_OF[t].name.lower()}" for t in COMPLEX)
    register(
        Operator(f"STABLEHLO_{_name}", one_shape, prepare, inputs=(_count, _count), signatures=_signatures),
    )

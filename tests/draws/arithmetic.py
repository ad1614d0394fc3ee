"""ADD, SUB, MUL, DIV, FLOOR_DIV and PRELU."""

from dataclasses import replace

import numpy as np
from hypothesis import strategies as st

from tests.cases import Problem
from tests.cases._build import Operand, one_op
from tests.draws._build import Draw, broadcast_pairs, shapes, tensors
from tests.draws._scaled import ACTIVATIONS, QUANTIZED, near, scale_families, scaled

#: Half the range of a type, the spread of a sum; and what a product of two has in units of the product of scales.
SPREAD = {"INT8": 64.0, "UINT8": 64.0, "INT16": 16384.0}


def _plain(type_: str, operand: Operand) -> Operand:
    return replace(operand, scale=None, zero_point=None)


@st.composite
def _sum(draw: Draw, op: str, type_: str) -> Problem:
    a, b = draw(broadcast_pairs())
    family = draw(scale_families())
    one = draw(family)
    other = draw(st.one_of(st.just(one), family))
    x, y = draw(scaled(type_, a, one)), draw(scaled(type_, b, other, constant=None))
    out = draw(near(type_, np.broadcast_shapes(a, b), max(one, other)))
    pot = {"pot_scale_int16": False} if type_ == "INT16" else {}
    return one_op(op, op, [x, y], [out], fused_activation_function=draw(ACTIVATIONS), **pot)


@st.composite
def _power_of_two_sum(draw: Draw, op: str) -> Problem:
    """The output's scale is that of one input and no less than the other's."""
    a, b = draw(broadcast_pairs())
    if op == "ADD":
        # LiteRT's process aborts where such inputs would have to be broadcast.
        a = b = np.broadcast_shapes(a, b)
    top = draw(st.integers(-14, -1))
    low = top - draw(st.integers(0, 15))
    one, other = draw(st.permutations([top, low]))
    x, y = draw(scaled("INT16", a, 2.0**one)), draw(scaled("INT16", b, 2.0**other, constant=None))
    out = Operand("INT16", np.broadcast_shapes(a, b), None, 2.0**top, 0)
    return one_op(op, op, [x, y], [out], fused_activation_function=draw(ACTIVATIONS))


@st.composite
def _product(draw: Draw, type_: str) -> Problem:
    a, b = draw(broadcast_pairs())
    family = draw(scale_families())
    one, other = draw(family), draw(family)
    x, y = draw(scaled(type_, a, one)), draw(scaled(type_, b, other, constant=None))
    out = draw(near(type_, np.broadcast_shapes(a, b), one * other * SPREAD[type_], -6, 2))
    return one_op("MUL", "MUL", [x, y], [out], fused_activation_function=draw(ACTIVATIONS))


@st.composite
def _fixed_product(draw: Draw, target: str) -> Problem:
    """Factors of scale 2**-15, as LiteRT takes them to be."""
    # LiteRT's process aborts where such inputs would have to be broadcast.
    a = b = draw(shapes())
    x, y = draw(scaled("INT16", a, 2.0**-15)), draw(scaled("INT16", b, 2.0**-15, constant=None))
    out = draw(near(target, np.broadcast_shapes(a, b), 2.0**-7))
    return one_op("MUL", "MUL", [x, y], [out], fused_activation_function=draw(ACTIVATIONS))


@st.composite
def _plain_arithmetic(draw: Draw, op: str, type_: str) -> Problem:
    a, b = draw(broadcast_pairs())
    x, y = (_plain(type_, draw(tensors(type_, s, constant=c))) for s, c in ((a, False), (b, None)))
    assert x.data is not None
    assert y.data is not None
    takes_none = op == "FLOOR_DIV" or type_ == "COMPLEX64"
    options = {} if takes_none else {"fused_activation_function": draw(ACTIVATIONS)}
    if op in ("DIV", "FLOOR_DIV") and x.data.dtype.kind in "iu":
        bits = draw(st.integers(0, 8 * y.data.dtype.itemsize - 2))
        divisors = np.array(y.data >> bits)
        # The least number divided by -1 has no meaning in LiteRT's C++.
        divisors[(divisors == 0) | (divisors == -1)] = 1
        y = replace(y, data=divisors)
    if op in ("ADD", "SUB") and type_ == "INT16":
        options["pot_scale_int16"] = False
    return one_op(op, op, [x, y], [Operand(type_, np.broadcast_shapes(a, b))], **options)


@st.composite
def _quotient(draw: Draw, type_: str) -> Problem:
    a, b = draw(broadcast_pairs())
    family = draw(scale_families())
    one, other = draw(family), draw(family)
    x, y = draw(scaled(type_, a, one)), draw(scaled(type_, b, other, constant=None))
    assert y.data is not None
    # Division by zero is an error.
    other_than = y.data.dtype.type(y.zero_point - 1 if y.zero_point == np.iinfo(y.data.dtype).max else y.zero_point + 1)
    y = replace(y, data=np.where(y.data == y.zero_point, other_than, y.data))
    # One over the scale of the divisor, times up to the range of the dividend.
    out = draw(near(type_, np.broadcast_shapes(a, b), one / other / 8, -4, 4))
    return one_op("DIV", "DIV", [x, y], [out], fused_activation_function=draw(ACTIVATIONS))


@st.composite
def _prelu(draw: Draw, type_: str, slope: str) -> Problem:
    shape = draw(shapes())
    cut = draw(st.integers(0, len(shape)))
    alpha_shape = tuple(1 if draw(st.integers(0, 2)) == 0 else n for n in shape)[cut:]
    if type_ == "FLOAT32":
        x, alpha = draw(tensors(type_, shape)), draw(tensors(type_, alpha_shape, constant=None))
        return one_op("PRELU", "PRELU", [x, alpha], [Operand(type_, shape)])
    family = draw(scale_families())
    one = draw(family)
    x, alpha = draw(scaled(type_, shape, one)), draw(scaled(slope, alpha_shape, draw(family), constant=None))
    return one_op("PRELU", "PRELU", [x, alpha], [draw(near(type_, shape, one))])


_PLAIN = {
    "ADD": ("FLOAT32", "FLOAT16", "INT16", "INT32", "INT64"),
    "SUB": ("FLOAT32", "INT32", "INT64"),
    "MUL": ("FLOAT32", "FLOAT16", "INT16", "INT32", "UINT32", "INT64", "COMPLEX64"),
    "DIV": ("FLOAT32", "INT32"),
    "FLOOR_DIV": ("FLOAT32", "INT8", "INT16", "INT32"),
}
DRAWS = (
    {f"{op} {type_.lower()}": _sum(op, type_) for op in ("ADD", "SUB") for type_ in QUANTIZED}
    | {f"{op} int16 power of two": _power_of_two_sum(op) for op in ("ADD", "SUB")}
    | {f"MUL {type_.lower()}": _product(type_) for type_ in QUANTIZED}
    | {f"MUL int16 to {type_.lower()}": _fixed_product(type_) for type_ in ("INT8", "UINT8")}
    | {f"DIV {type_.lower()}": _quotient(type_) for type_ in QUANTIZED}
    | {
        f"{op} {type_.lower()}{' unscaled' if type_ == 'INT16' and op != 'FLOOR_DIV' else ''}": _plain_arithmetic(
            op, type_
        )
        for op, types in _PLAIN.items()
        for type_ in types
    }
    | {
        f"PRELU {x.lower()}{' x ' + alpha.lower() if x != alpha else ''}": _prelu(x, alpha)
        for x, alpha in (("INT8",) * 2, ("UINT8",) * 2, ("INT16", "INT8"), ("FLOAT32",) * 2)
    }
)

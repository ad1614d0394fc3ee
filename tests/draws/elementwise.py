"""Comparisons, selection, and elementwise operators of one or two inputs."""

from dataclasses import replace

import numpy as np
from hypothesis import strategies as st

from tests.cases import Problem
from tests.cases._build import Operand, given, one_op
from tests.draws._build import Draw, broadcast_pairs, results, scales, shapes, tensors, values

ORDER = ("LESS", "GREATER", "GREATER_EQUAL", "LESS_EQUAL")
EQUALITY = ("EQUAL", "NOT_EQUAL")
ANY = (
    "FLOAT32", "FLOAT16", "BFLOAT16", "FLOAT64", "INT8", "UINT8", "INT16", "UINT16", "INT32", "UINT32", "INT64",
    "UINT64", "BOOL", "COMPLEX64",
)  # fmt: skip
STABLEHLO = ("FLOAT32", "FLOAT16", "FLOAT64", "INT8", "UINT8", "INT16", "INT32", "UINT32", "INT64", "UINT64", "BOOL")
SPECIAL = np.array([0.0, -0.0, np.inf, -np.inf, np.nan, 0.5, -0.5, 1.5, 2.5, -2.5, 1.0, -1.0, 1e-6, 60000.0])
#: Why float64 ATAN2 is compared to one unit.
WIDE_ANGLE = "glibc's atan2 takes the second nearest number in 1 of 4,000 cases; ours is the nearest"


def _with_specials(draw: Draw, operand: Operand) -> Operand:
    """Some floats replaced by special values."""
    if operand.data is None or operand.data.size == 0 or operand.type not in ("FLOAT32", "FLOAT16", "BFLOAT16"):
        return operand
    if draw(st.booleans()):
        return operand
    rng = np.random.default_rng(draw(st.integers(0, 1000)))
    data = np.array(operand.data)
    here = rng.random(data.shape) < 0.3
    data[here] = rng.choice(SPECIAL, int(here.sum())).astype(data.dtype)
    return replace(operand, data=data)


@st.composite
def _pair(draw: Draw, type_: str, *, alike: bool = False) -> tuple[Operand, Operand]:
    """Two operands that broadcast, or of one shape, that share some of their values."""
    a, b = draw(broadcast_pairs())
    if alike:
        a = b = draw(shapes())
    x = _with_specials(draw, draw(tensors(type_, a)))
    y = _with_specials(draw, draw(tensors(type_, b, constant=None)))
    if a == b and draw(st.booleans()):
        mask = np.random.default_rng(draw(st.integers(0, 1000))).random(a) < 0.5
        y = replace(y, data=np.where(mask, x.data, y.data))
    return x, y


@st.composite
def _comparison(draw: Draw, op: str, type_: str) -> Problem:
    x, y = draw(_pair(type_))
    if x.scale is not None:
        # For scales of 1 and more LiteRT's result is undefined.
        below_one = float(np.nextafter(np.float32(1), np.float32(0)))
        x = replace(x, scale=draw(scales(2.0**-12, below_one)))
        y = replace(y, scale=x.scale if draw(st.booleans()) else draw(scales(2.0**-12, below_one)))
        if draw(st.booleans()):
            y = replace(y, zero_point=x.zero_point)
    # LiteRT's NOT_EQUAL of int16 without a scale does not write its output.
    if type_ == "INT16" and op != "NOT_EQUAL" and draw(st.booleans()):
        x, y = replace(x, scale=None, zero_point=None), replace(y, scale=None, zero_point=None)
    return one_op(op, op, [x, y], [Operand("BOOL", np.broadcast_shapes(x.shape, y.shape))])


@st.composite
def _two(draw: Draw, op: str, type_: str, *, alike: bool = False, optimized: bool = False) -> Problem:
    x, y = draw(_pair(type_, alike=alike))
    out = draw(results(type_, np.broadcast_shapes(x.shape, y.shape)))
    ulp = int(op == "ATAN2" and type_ == "FLOAT64")
    resolver = "optimized" if optimized else "reference"
    return one_op(op, op, [x, y], [out], resolver=resolver, ulp=ulp, reason=WIDE_ANGLE if ulp else "")


@st.composite
def _one(draw: Draw, op: str, type_: str, *, optimized: bool = False) -> Problem:
    x = _with_specials(draw, draw(tensors(type_, draw(shapes()))))
    out = draw(results(type_, x.shape, like=x.scale if type_ == "INT16" else None))
    options = {"approximate": draw(st.booleans())} if op == "GELU" else {}
    resolver = "optimized" if optimized else "reference"
    return one_op(op, op, [x], [out], resolver=resolver, **options)


@st.composite
def _gelu_float(draw: Draw) -> Problem:
    x = _with_specials(draw, draw(tensors("FLOAT32", draw(shapes()))))
    approximate = draw(st.booleans())
    out = Operand("FLOAT32", x.shape)
    return one_op("GELU", "GELU", [x], [out], approximate=approximate)


@st.composite
def _select(draw: Draw, op: str, type_: str) -> Problem:
    if op == "SELECT":
        a = b = draw(shapes())
        condition = draw(st.sampled_from([(), a, a[:1]]))
    else:
        a, b = draw(broadcast_pairs())
        full = np.broadcast_shapes(a, b)
        condition = tuple(1 if draw(st.booleans()) else size for size in full)
        condition = condition[draw(st.integers(0, len(full))) :]
    x, y = draw(tensors(type_, a)), draw(tensors(type_, b, constant=None))
    where = draw(tensors("BOOL", condition))
    out = draw(results(type_, a if op == "SELECT" else np.broadcast_shapes(condition, a, b)))
    return one_op(op, op, [where, x, y], [out])


@st.composite
def _squared_difference(draw: Draw, type_: str) -> Problem:
    x, y = draw(_pair(type_))
    like = None
    if x.scale is not None and y.scale is not None:
        like = max(x.scale, y.scale) ** 2 * draw(st.sampled_from([1.0, 16.0, 200.0]))
    out = draw(results(type_, np.broadcast_shapes(x.shape, y.shape), like))
    return one_op("SQUARED_DIFFERENCE", "SQUARED_DIFFERENCE", [x, y], [out])


@st.composite
def _floor_mod(draw: Draw, type_: str) -> Problem:
    x, y = draw(_pair(type_))
    if type_ not in ("FLOAT32",):
        # Division by 0 fails, and the least integer modulo -1 ends LiteRT's process.
        assert y.data is not None
        y = replace(y, data=np.where((y.data == 0) | (y.data == -1), 3, y.data).astype(y.data.dtype))
    return one_op("FLOOR_MOD", "FLOOR_MOD", [x, y], [draw(results(type_, np.broadcast_shapes(x.shape, y.shape)))])


@st.composite
def _pow(draw: Draw, type_: str) -> Problem:
    x, y = draw(_pair(type_))
    if type_ == "INT32":
        # LiteRT has no negative exponents.
        assert y.data is not None
        y = replace(y, data=np.abs(y.data >> draw(st.sampled_from([0, 24, 28]))) & 0x7FFFFFFF)
    elif draw(st.booleans()):
        assert y.data is not None
        y = replace(y, data=np.round(y.data * draw(st.sampled_from([1, 8, 60]))).astype(np.float32))
    return one_op("POW", "POW", [x, y], [Operand(type_, np.broadcast_shapes(x.shape, y.shape))])


@st.composite
def _add_n(draw: Draw, type_: str) -> Problem:
    shape = draw(shapes())
    inputs = [draw(tensors(type_, shape, constant=None)) for _ in range(draw(st.integers(1, 5)))]
    return one_op("ADD_N", "ADD_N", [draw(tensors(type_, shape)), *inputs], [Operand(type_, shape)])


@st.composite
def _shift(draw: Draw, op: str, type_: str, *, optimized: bool) -> Problem:
    """Counts inside and outside the bits of the type; of SHIFT_LEFT within 0..31, beyond which it is undefined in C."""
    x, y = draw(_pair(type_, alike=optimized))
    lo, hi = (0, 31) if optimized else (-9, 40)
    lo = max(lo, 0) if type_.startswith("U") else lo
    rng = np.random.default_rng(draw(st.integers(0, 1000)))
    y = replace(y, data=rng.integers(lo, hi, y.shape, endpoint=True).astype(y.data.dtype))  # type: ignore[union-attr]
    out = draw(results(type_, np.broadcast_shapes(x.shape, y.shape)))
    return one_op(op, op, [x, y], [out], resolver="optimized" if optimized else "reference")


@st.composite
def _mul_complex(draw: Draw) -> Problem:
    a, b = draw(broadcast_pairs())
    x, y = given("COMPLEX64", draw(values("COMPLEX64", a))), given("COMPLEX64", draw(values("COMPLEX64", b)))
    if draw(st.booleans()):
        rng = np.random.default_rng(draw(st.integers(0, 1000)))
        parts = [rng.choice([0.0, 1.0, -2.0, np.inf, -np.inf, np.nan], (2, *shape)) for shape in (a, b)]
        wide = [np.moveaxis(part, 0, -1).astype(np.float32, order="C") for part in parts]
        x, y = (given("COMPLEX64", part.view(np.complex64)[..., 0]) for part in wide)
    return one_op("MUL", "MUL", [x, y], [Operand("COMPLEX64", np.broadcast_shapes(a, b))])


def _keys() -> dict[str, st.SearchStrategy[Problem]]:
    found: dict[str, st.SearchStrategy[Problem]] = {}

    def add(op: str, type_: str, strategy: st.SearchStrategy[Problem]) -> None:
        found[f"{op} {type_.lower()}"] = strategy

    numbers = ("FLOAT32", "FLOAT16", "INT8", "UINT8", "INT16", "INT32", "INT64")
    for op in ORDER:
        for type_ in (*numbers, *(["BFLOAT16"] if op in ("LESS", "GREATER") else [])):
            add(op, type_, _comparison(op, type_))
    for op in EQUALITY:
        for type_ in (*numbers, "BOOL"):
            add(op, type_, _comparison(op, type_))
    for op in ("SELECT", "SELECT_V2"):
        for type_ in ANY:
            add(op, type_, _select(op, type_))
    for op in ("LOGICAL_AND", "LOGICAL_OR"):
        add(op, "BOOL", _two(op, "BOOL"))
    add("LOGICAL_NOT", "BOOL", _one("LOGICAL_NOT", "BOOL"))
    for type_ in ("FLOAT32", "INT8", "INT32"):
        add("SQUARED_DIFFERENCE", type_, _squared_difference(type_))
    for type_ in ("FLOAT32", "INT8", "INT16", "INT32", "INT64"):
        add("FLOOR_MOD", type_, _floor_mod(type_))
    for type_ in ("FLOAT32", "INT32"):
        add("POW", type_, _pow(type_))
        add("ADD_N", type_, _add_n(type_))
        add("SIGN", type_, _one("SIGN", type_))
    add("SIGN", "FLOAT64", _one("SIGN", "FLOAT64"))
    add("GELU", "FLOAT32", _gelu_float())
    add("SQUARE", "FLOAT32", _one("SQUARE", "FLOAT32"))
    for op in ("SIN", "COS", "FLOOR", "ROUND", "CEIL", "ELU", "GELU"):
        found |= _unary(op)
    for type_ in ("FLOAT32", "FLOAT16", "BFLOAT16", "FLOAT64"):
        add("ATAN2", type_, _two("ATAN2", type_, alike=True))
    for type_ in ("INT8", "UINT8", "INT16", "UINT16", "INT32", "UINT32"):
        add("BITWISE_XOR", type_, _two("BITWISE_XOR", type_))
        add("RIGHT_SHIFT", type_, _shift("RIGHT_SHIFT", type_, optimized=False))
    for op in ("ADD", "MULTIPLY", "MAXIMUM", "MINIMUM"):
        for type_ in STABLEHLO:
            add(f"STABLEHLO_{op}", type_, _two(f"STABLEHLO_{op}", type_, alike=True))
    for type_ in STABLEHLO[3:]:
        add("STABLEHLO_AND", type_, _two("STABLEHLO_AND", type_, alike=True, optimized=True))
    for type_ in ("INT8", "INT16", "INT32"):
        add("STABLEHLO_SHIFT_LEFT", type_, _shift("STABLEHLO_SHIFT_LEFT", type_, optimized=True))
    add("MUL", "COMPLEX64 infinities", _mul_complex())
    return found


def _unary(op: str) -> dict[str, st.SearchStrategy[Problem]]:
    types = {
        "SIN": ("FLOAT32", "FLOAT16"),
        "COS": ("FLOAT32", "FLOAT16"),
        "FLOOR": ("FLOAT32", "FLOAT16", "BFLOAT16"),
        "ROUND": ("FLOAT32", "FLOAT16", "BFLOAT16"),
        "CEIL": ("FLOAT32",),
        "ELU": ("FLOAT32", "INT8"),
        "GELU": ("FLOAT16", "INT8", "UINT8", "INT16"),
    }[op]
    optimized = op in ("ROUND", "CEIL", "ELU")
    return {f"{op} {type_.lower()}": _one(op, type_, optimized=optimized) for type_ in types}


DRAWS = _keys()

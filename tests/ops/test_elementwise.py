"""Elementwise operators where LiteRT stops, is undefined or writes nothing: what they mean, or an error."""

from typing import Any

import numpy as np
import pytest

from intengine.errors import InputError, InvalidModelError, UnsupportedOpError
from tests.cases._build import Operand, given, one_op, result
from tests.sides import engine_outputs


def run(op: str, inputs: list[Operand], out: Operand, **options: Any) -> list[Any]:
    return list(engine_outputs(one_op(op, op, inputs, [out], **options))[0].tolist())


def test_the_least_integer_modulo_minus_one_is_0() -> None:
    for kind in ("INT8", "INT32", "INT64"):
        least = np.iinfo(kind.lower()).min
        assert run("FLOOR_MOD", [given(kind, [least, 7]), given(kind, [-1, -4])], result(kind, (2,))) == [0, -1]


@pytest.mark.parametrize("op", ["FLOOR_MOD", "POW"])
def test_what_has_no_integer_result_is_an_error_of_the_input(op: str) -> None:
    second = 0 if op == "FLOOR_MOD" else -1
    with pytest.raises(InputError, match=f"{op} needs"):
        run(op, [given("INT32", [5]), given("INT32", [second])], result("INT32", (1,)))


def test_8_bit_numbers_of_scales_from_1_on_are_compared_as_real_numbers() -> None:
    x, y = given("INT8", [-3, 1, 2, 50], 1.5, 0), given("INT8", [-9, 3, 6, 127], 0.5, 0)
    assert run("LESS", [x, y], result("BOOL", (4,))) == [False, False, False, False]
    assert run("EQUAL", [x, y], result("BOOL", (4,))) == [True, True, True, False]
    assert run("EQUAL", [given("INT8", [1, 2]), given("INT8", [1, 3])], result("BOOL", (2,))) == [True, False]


def test_int16_without_a_scale_is_unequal_where_it_differs() -> None:
    x, y = given("INT16", [607, 5]), given("INT16", [607, -5])
    assert run("NOT_EQUAL", [x, y], result("BOOL", (2,))) == [False, True]


def test_a_shift_beyond_the_bits_leaves_nothing() -> None:
    x, y = given("INT32", [3, 3, 3, 3]), given("INT32", [31, 32, 100, -1])
    assert run("STABLEHLO_SHIFT_LEFT", [x, y], result("INT32", (4,))) == [-(2**31), 0, 0, 0]


def test_products_of_int16_in_8_bits_broadcast() -> None:
    x, y = given("INT16", [[16384], [-32768]]), given("INT16", [16384, 256])
    assert run("MUL", [x, y], result("INT8", (2, 2))) == [[32, 1], [-64, -1]]


def test_integer_powers_of_one_exponent_wrap_and_others_become_the_least_integer() -> None:
    base, out = given("INT32", [3, 2]), result("INT32", (2,))
    assert run("POW", [base, given("INT32", [21])], out) == [3**21 % 2**32, 2**21]
    assert run("POW", [base, given("INT32", [21, 21])], out) == [-(2**31), 2**21]


@pytest.mark.parametrize("shape", [(0,), (2, 0)])
def test_nothing_gives_nothing(shape: tuple[int, ...]) -> None:
    for op, kind, count in [
        ("LESS", "INT8", 2),
        ("POW", "FLOAT32", 2),
        ("SQUARED_DIFFERENCE", "INT8", 2),
        ("GELU", "FLOAT16", 1),
        ("SIN", "FLOAT32", 1),
        ("ATAN2", "FLOAT32", 2),
        ("ADD_N", "INT32", 3),
    ]:
        q = (0.5, 0) if kind == "INT8" else (None, None)
        out = result("BOOL", shape) if op == "LESS" else result(kind, shape, *q)
        assert np.shape(run(op, [given(kind, np.zeros(shape), *q)] * count, out)) == shape


@pytest.mark.parametrize(
    ("op", "inputs"),
    [
        ("SELECT", [given("BOOL", [1]), given("INT32", [[1], [2]]), given("INT32", [[1], [2]])]),
        ("ATAN2", [given("FLOAT32", [1, 2]), given("FLOAT32", [1])]),
        ("ADD_N", [given("FLOAT32", [1, 2]), given("FLOAT32", [1])]),
        ("STABLEHLO_ADD", [given("INT32", [1, 2]), given("INT32", [1])]),
        ("LESS", [given("INT8", [1], np.nan, 0), given("INT8", [1], 0.5, 0)]),
        ("LESS", [given("INT8", [1], 0.5, 0), given("INT8", [1])]),
    ],
)
def test_what_makes_no_sense_is_refused(op: str, inputs: list[Operand]) -> None:
    with pytest.raises(InvalidModelError):
        run(op, inputs, result("BOOL" if op == "LESS" else inputs[-1].type, inputs[-1].shape))


@pytest.mark.parametrize(
    "op", ["LESS", "LOGICAL_AND", "SQUARED_DIFFERENCE", "FLOOR_MOD", "POW", "ATAN2", "BITWISE_XOR"]
)
def test_different_types_are_refused(op: str) -> None:
    with pytest.raises(UnsupportedOpError, match=f"{op} does not support int32 x float32"):
        run(op, [given("INT32", [1]), given("FLOAT32", [1])], result("INT32", (1,)))

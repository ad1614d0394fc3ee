"""StableHLO's elementwise operators that LiteRT does not run, against plain NumPy and exact integers."""

from collections.abc import Callable
from typing import Any

import ml_dtypes
import numpy as np
import pytest

from intengine.errors import InputError, UnsupportedOpError
from tests.cases._build import given, one_op, result
from tests.sides import engine_outputs

FLOATS = np.array([0.0, 0.3, 1.0, 2.5, 7.75, 20.0, -0.5, -3.25, -11.0])
TYPES = {"FLOAT32": np.float32, "FLOAT16": np.float16, "BFLOAT16": ml_dtypes.bfloat16, "FLOAT64": np.float64}
UNARY: dict[str, Callable[..., Any]] = {
    "COSINE": np.cos,
    "EXPONENTIAL": np.exp,
    "LOG": lambda x: np.log(np.abs(x) + 1),
    "LOGISTIC": lambda x: 1 / (1 + np.exp(-x)),
    "TANH": np.tanh,
    "RSQRT": lambda x: 1 / np.sqrt(np.abs(x) + 1),
    "CBRT": np.cbrt,
    "FLOOR": np.floor,
    "ABS": np.abs,
    "NEGATE": np.negative,
}


def run(op: str, kind: str, *inputs: Any, out: str = "") -> np.ndarray:
    operands = [given(kind, x) for x in inputs]
    return engine_outputs(one_op(op, f"STABLEHLO_{op}", operands, [result(out or kind, operands[0].shape)]))[0]


def truncated(a: int, b: int) -> int:
    return abs(a) // abs(b) * (1 if (a < 0) == (b < 0) else -1)


@pytest.mark.parametrize("kind", TYPES)
@pytest.mark.parametrize("op", UNARY)
def test_functions_of_one_float_are_those_of_double_precision_rounded_once(op: str, kind: str) -> None:
    x = FLOATS.astype(TYPES[kind]).astype(np.float64)
    if op in ("LOG", "RSQRT"):
        x = (np.abs(x) + 1).astype(TYPES[kind]).astype(np.float64)
        expected = np.log(x) if op == "LOG" else 1 / np.sqrt(x)
    else:
        expected = UNARY[op](x)
    if op == "TANH" and kind == "FLOAT64":
        # Which the host's library and libm's series round by themselves.
        np.testing.assert_array_max_ulp(run(op, kind, x), expected, 2)
    else:
        np.testing.assert_array_equal(run(op, kind, x), expected.astype(TYPES[kind]))


@pytest.mark.parametrize("op", [op for op in UNARY if op not in ("CBRT", "FLOOR", "ABS", "LOG", "RSQRT")])
def test_complex_functions_are_those_of_numpy(op: str) -> None:
    x = (FLOATS / 4 + 1j * FLOATS[::-1] / 8).astype(np.complex64)
    np.testing.assert_array_equal(run(op, "COMPLEX64", x), UNARY[op](x.astype(np.complex128)).astype(np.complex64))


def test_roots_logarithms_and_powers_of_complex_numbers_are_those_of_numpy() -> None:
    x = np.array([3 + 4j, -1 + 0.5j, -2 - 3j, 1e-3 + 1j, 5], np.complex64)
    wide = x.astype(np.complex128)
    for found, expected in (
        (run("LOG", "COMPLEX64", x), np.log(wide)),
        (run("RSQRT", "COMPLEX64", x), 1 / np.sqrt(wide)),
        (run("POWER", "COMPLEX64", x, x[::-1].copy()), wide ** wide[::-1]),
    ):
        np.testing.assert_allclose(found, expected.astype(np.complex64), rtol=1e-7)


def test_cosines_of_far_numbers_take_all_of_pi() -> None:
    assert run("COSINE", "FLOAT64", [1e22, -1e22]).tolist() == [0.523214785395139] * 2


def test_the_absolute_value_of_a_complex_number_is_real() -> None:
    assert run("ABS", "COMPLEX64", [3 + 4j, -5j], out="FLOAT32").tolist() == [5, 5]


def test_numbers_without_a_root_or_logarithm_give_nan_or_infinity_without_a_warning() -> None:
    np.testing.assert_array_equal(run("LOG", "FLOAT32", [0, -1]), np.array([-np.inf, np.nan], np.float32))
    np.testing.assert_array_equal(run("RSQRT", "FLOAT32", [0, -1]), np.array([np.inf, np.nan], np.float32))
    np.testing.assert_array_equal(run("EXPONENTIAL", "FLOAT32", [200, -200]), np.array([np.inf, 0], np.float32))
    np.testing.assert_array_equal(run("LOGISTIC", "FLOAT32", [-1000, 1000]), np.array([0, 1], np.float32))


@pytest.mark.parametrize("kind", ["INT8", "UINT8", "INT32", "UINT32", "INT64"])
def test_integers_divide_toward_zero_and_wrap(kind: str) -> None:
    info = np.iinfo(kind.lower())
    ends = sorted({info.min, info.min + 1, -7 if info.min else 7, 0, 3, 5, info.max})
    a = np.repeat(ends, len(ends))
    b = np.tile([end if end else 2 for end in ends], len(ends))
    if info.min:
        a, b = np.append(a, [info.min, 9]), np.append(b, [-1, -1])
    pairs = [(int(x), int(y)) for x, y in zip(a, b, strict=True)]
    wrap = np.dtype(kind.lower()).type

    def exact(function: Callable[[int, int], int]) -> list[int]:
        width = info.bits
        lowest = int(info.min)
        return [int(wrap((function(x, y) - lowest) % 2**width + lowest)) for x, y in pairs]

    assert run("DIVIDE", kind, a, b).tolist() == exact(truncated)
    assert run("REMAINDER", kind, a, b).tolist() == exact(lambda x, y: x - y * truncated(x, y))
    assert run("SUBTRACT", kind, a, b).tolist() == exact(lambda x, y: x - y)
    assert run("OR", kind, a, b).tolist() == exact(lambda x, y: x | y)
    assert run("POWER", kind, a, b % 7).tolist() == [
        int(wrap((x ** (y % 7) - int(info.min)) % 2**info.bits + int(info.min))) for x, y in pairs
    ]


def test_floats_divide_and_have_remainders_and_powers_as_ieee_has_them() -> None:
    a, b = np.array([7, -7, 5.5, 1, 0], np.float32), np.array([3, 3, -2, 0, 0], np.float32)
    with np.errstate(all="ignore"):
        np.testing.assert_array_equal(run("DIVIDE", "FLOAT32", a, b), a / b)
        np.testing.assert_array_equal(run("REMAINDER", "FLOAT32", a, b), np.fmod(a, b))
    assert run("POWER", "FLOAT32", [2, 9, 0], [-1, 0.5, 0]).tolist() == [0.5, 3, 1]


def test_bools_are_joined() -> None:
    assert run("OR", "BOOL", [0, 0, 1, 1], [0, 1, 0, 1]).tolist() == [False, True, True, True]


@pytest.mark.parametrize(("op", "divisor"), [("DIVIDE", 0), ("REMAINDER", 0), ("POWER", -1)])
def test_what_has_no_integer_result_is_an_error_of_the_input(op: str, divisor: int) -> None:
    with pytest.raises(InputError, match=f"STABLEHLO_{op} needs"):
        run(op, "INT32", [5], [divisor])


def test_quantized_numbers_are_refused() -> None:
    problem = one_op("q", "STABLEHLO_NEGATE", [given("INT8", [1], 0.5, 0)], [result("INT8", (1,), 0.5, 0)])
    with pytest.raises(UnsupportedOpError, match="quantized"):
        engine_outputs(problem)

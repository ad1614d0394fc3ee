"""Comparisons, selection, and elementwise operators of one or two inputs."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from intengine.runners.litert import Resolver
from tests.cases import Problem
from tests.cases._build import ALL_8, constant, given, one_op, result, uniform

SHAPES = [
    ((2, 3, 4), (2, 3, 4)),
    ((2, 3, 4), (4,)),
    ((2, 1, 3), (4, 1)),
    ((1, 2, 1, 2, 1), (3, 1, 2, 1, 2)),
    ((), (5,)),
]
FLOATS = np.array(
    [0.0, -0.0, 0.5, -0.5, 1.5, 2.5, -2.5, 3.5, 1e-6, -1e-6, 7.25, -9.75, 100.3, -1000.5, 6e4, np.inf, -np.inf, np.nan]
)
SCALES_8 = [(0.1, 3, 0.07, -5), (0.25, -128, 0.5, 127), (0.5, 127, 0.125, -128), (0.0117, -4, 0.0231, 11)]
COMPARISONS = ("LESS", "GREATER", "GREATER_EQUAL", "LESS_EQUAL", "EQUAL", "NOT_EQUAL")


def problems() -> Iterator[Problem]:
    """All but bfloat16, which files of recorded outputs cannot hold; drawn problems have it."""
    yield from _comparisons()
    yield from _selections()
    yield from _squared_differences()
    yield from _integers()
    yield from _floats()
    yield from _activations()
    yield from _stablehlo()
    yield from _products()


def _two(op: str, kind: str, a: Any, b: Any, out: str = "", resolver: Resolver = "reference") -> Problem:
    x, y = np.asarray(a), np.asarray(b)
    end = result(out or kind, np.broadcast_shapes(x.shape, y.shape))
    name = f"{op.lower()}_{kind}_{'x'.join(map(str, x.shape))}_{'x'.join(map(str, y.shape))}"
    return one_op(name, op, [given(kind, x), given(kind, y)], [end], resolver=resolver)


def _one(op: str, kind: str, x: Any, resolver: Resolver = "reference") -> Problem:
    values = np.asarray(x)
    end = [result(kind, values.shape)]
    return one_op(f"{op.lower()}_{kind}", op, [given(kind, values)], end, resolver=resolver)


def _comparisons() -> Iterator[Problem]:
    rng = np.random.default_rng(1)
    scales = [((0.5, 3), (0.25, -7)), ((0.3, 0), (0.3, 0)), ((1e-9, 5), (1e-9, -5)), ((0.999, -128), (2.0**-9, 127))]
    for op in COMPARISONS:
        for kind in ("FLOAT32", "INT32", "INT8", "INT16"):
            if op == "NOT_EQUAL" and kind == "INT16":
                continue
            q = (0.5, 0) if kind in ("INT8", "UINT8") else (None, None)
            a, b = SHAPES[int(rng.integers(0, len(SHAPES)))]
            x, y = (rng.integers(0, 4, shape) for shape in (a, b))
            end = result("BOOL", np.broadcast_shapes(a, b))
            yield one_op(f"{op.lower()}_{kind}", op, [given(kind, x, *q), given(kind, y, *q)], [end])
        special = np.array([np.nan, 1.0, 0.0, -0.0, np.inf])
        yield _two(op, "FLOAT32", special.repeat(5), np.tile(special, 5), "BOOL")
        for kind in ("INT8", "UINT8", "INT16"):
            shift = 128 if kind == "UINT8" else 0
            for i, ((sa, za), (sb, zb)) in enumerate(scales if op in ("LESS", "EQUAL") else scales[:1]):
                x = given(kind, np.arange(-128, 128).repeat(3) + shift, sa, 0 if kind == "INT16" else za + shift)
                around = np.tile([-1, 0, 1], 256) + np.round((np.arange(-128, 128) - za) * sa / sb + zb).repeat(3)
                z = 0 if kind == "INT16" else zb + shift
                y = constant(kind, np.clip(around, -128, 127) + shift, sb, z)
                yield one_op(f"{op.lower()}_{kind}_scale{i}", op, [x, y], [result("BOOL", (768,))])
    for op in ("EQUAL", "NOT_EQUAL", "LOGICAL_AND", "LOGICAL_OR"):
        yield _two(op, "BOOL", [[0], [1]], [0, 1])
    yield _one("LOGICAL_NOT", "BOOL", [0, 1, 1])


def _selections() -> Iterator[Problem]:
    rng = np.random.default_rng(2)
    for kind in ("INT8", "COMPLEX64"):
        shape = (3, 2, 2)
        values = rng.integers(0, 2 if kind == "BOOL" else 100, (2, *shape))
        q = (0.5, 1) if kind == "INT8" else (None, None)
        x, y = (given(kind, v, *q) for v in values)
        for i, condition in enumerate([(), (3,), shape]):
            where = given("BOOL", rng.integers(0, 2, condition))
            yield one_op(f"select_{kind}_{i}", "SELECT", [where, x, y], [result(kind, shape, *q)])
        for i, (condition, a, b) in enumerate(
            [((2,), shape, ()), ((4, 1, 1, 1), (2, 1), (3, 1, 2)), (shape, shape, shape)]
        ):
            where = given("BOOL", rng.integers(0, 2, condition))
            left, right = (given(kind, rng.integers(0, 2, s), *q) for s in (a, b))
            end = result(kind, np.broadcast_shapes(condition, a, b), *q)
            yield one_op(f"select_v2_{kind}_{i}", "SELECT_V2", [where, left, right], [end])


def _squared_differences() -> Iterator[Problem]:
    rng = np.random.default_rng(3)
    for i, (sa, za, sb, zb, so, zo) in enumerate(
        [(0.1, 3, 0.037, -5, 0.9, -128), (0.5, -128, 0.25, 127, 16.0, 0), (0.02, 0, 0.02, 0, 0.01, -100)]
    ):
        for j, (a, b) in enumerate(SHAPES[i : i + 2]):
            x, y = given("INT8", uniform(rng, "INT8", a), sa, za), given("INT8", uniform(rng, "INT8", b), sb, zb)
            end = result("INT8", np.broadcast_shapes(a, b), so, zo)
            yield one_op(f"squared_difference_INT8_{i}_{j}", "SQUARED_DIFFERENCE", [x, y], [end])
        pairs = np.arange(-128, 128, 5)
        x = given("INT8", pairs.repeat(pairs.size), sa, za)
        y = given("INT8", np.tile(pairs, pairs.size), sb, zb)
        end = result("INT8", (pairs.size**2,), so, zo)
        yield one_op(f"squared_difference_INT8_{i}_pairs", "SQUARED_DIFFERENCE", [x, y], [end])
    for kind in ("FLOAT32", "INT32"):
        for a, b in SHAPES[:2]:
            yield _two("SQUARED_DIFFERENCE", kind, uniform(rng, kind, a), uniform(rng, kind, b))


def _integers() -> Iterator[Problem]:
    rng = np.random.default_rng(4)
    for kind in ("INT8", "INT16", "INT32", "INT64"):
        least = np.iinfo(kind.lower()).min
        dividends = np.array([least, least + 1, -7, -1, 0, 1, 7, -least - 1]).repeat(5)
        yield _two("FLOOR_MOD", kind, dividends, np.tile([3, -3, 2, least, -least - 1], 8))
        yield _two("FLOOR_MOD", kind, uniform(rng, kind, (3, 4)), [[5], [-7], [1]])
    yield _two("POW", "INT32", [[2], [-2], [3], [-7], [0], [1], [-1]], [0, 1, 2, 5, 30, 31, 32, 40])
    yield _two("POW", "INT32", [2, -3, 7, 1000, 46341], [7])
    yield _two("POW", "INT32", [5], [20])
    for kind in ("FLOAT32", "INT32"):
        arrays = [given(kind, uniform(rng, kind, (3, 5))) for _ in range(4)]
        yield one_op(f"add_n_{kind}", "ADD_N", arrays, [result(kind, (3, 5))])
    for kind in ("INT8", "UINT8", "INT16", "UINT16", "INT32", "UINT32"):
        for a, b in SHAPES[1:2]:
            yield _two("BITWISE_XOR", kind, uniform(rng, kind, a), uniform(rng, kind, b))
        counts = [0, 1, 7, 8, 15, 16, 31, 32, 100] + ([] if kind[0] == "U" else [-1, -100])
        yield _two("RIGHT_SHIFT", kind, uniform(rng, kind, (5, 1)), counts)
    yield _one("SIGN", "INT32", [-(2**31), -1, 0, 1, 2**31 - 1])


def _floats() -> Iterator[Problem]:
    rng = np.random.default_rng(5)
    angles = np.concatenate([FLOATS, rng.standard_normal(100) * 10, rng.standard_normal(30) * 1e4])
    for op, kinds in (("SIN", 2), ("COS", 2), ("FLOOR", 2), ("ROUND", 2), ("CEIL", 1), ("SQUARE", 1)):
        for kind in ("FLOAT32", "FLOAT16")[:kinds]:
            finite = angles if op not in ("SIN", "COS") else angles[np.abs(angles) < 6e4]
            values = np.clip(finite, -6e4, 6e4) if kind == "FLOAT16" else finite
            yield _one(op, kind, values, "optimized" if op in ("ROUND", "CEIL") else "reference")
    for kind in ("FLOAT32", "FLOAT64"):
        yield _one("SIGN", kind, FLOATS)
    for kind in ("FLOAT32", "FLOAT16", "FLOAT64"):
        yield _two("ATAN2", kind, FLOATS.repeat(18), np.tile(FLOATS, 18))
    yield _two("FLOOR_MOD", "FLOAT32", FLOATS.repeat(18), np.tile(FLOATS, 18))
    yield _two("POW", "FLOAT32", FLOATS.repeat(18), np.tile(FLOATS, 18))
    yield _two("POW", "FLOAT32", np.abs(rng.standard_normal((20, 1))), rng.standard_normal(20) * 3)
    for exponent in (0, 1, 3, 14, 100, -2, 2.5):
        x = given("FLOAT32", np.concatenate([rng.standard_normal(50) * 2, FLOATS]))
        y = given("FLOAT32", [exponent])
        yield one_op(f"pow_FLOAT32_to_{exponent}", "POW", [x, y], [result("FLOAT32", (68,))])
    for op in ("NEG", "LOGISTIC", "TANH"):
        yield _one(op, "FLOAT16", np.concatenate([FLOATS[:-3], rng.standard_normal(100) * 4]))
    for op in ("MAXIMUM", "MINIMUM"):
        yield _two(op, "FLOAT16", FLOATS.repeat(18), np.tile(FLOATS, 18))


def _activations() -> Iterator[Problem]:
    for i, (s_in, z_in, s_out, z_out) in enumerate(SCALES_8):
        for kind, values in ALL_8.items():
            shift = 128 if kind == "UINT8" else 0
            x, end = given(kind, values, s_in, z_in + shift), result(kind, (256,), s_out, z_out + shift)
            approximate = i % 2 == (kind == "INT8")
            yield one_op(f"gelu_{kind}_{i}_{approximate}", "GELU", [x], [end], approximate=approximate)
            if kind == "INT8":
                yield one_op(f"elu_{kind}_{i}", "ELU", [x], [end], resolver="optimized")
    sample = np.unique(np.concatenate([np.arange(-32768, 32768, 137), [-1, 0, 1, 32767]]))
    halves = np.concatenate([FLOATS[:-3], np.linspace(-9, 9, 200)])
    for approximate in (False, True):
        for i, (s_in, s_out) in enumerate([(0.001, 0.0007), (2.0**-10, 2.0**-12), (0.0002, 0.0002)]):
            x, end = given("INT16", sample, s_in, 0), result("INT16", sample.shape, s_out, 0)
            yield one_op(f"gelu_INT16_{i}_{approximate}", "GELU", [x], [end], approximate=approximate)
        x, end = given("FLOAT16", halves), result("FLOAT16", halves.shape)
        yield one_op(f"gelu_FLOAT16_{approximate}", "GELU", [x], [end], approximate=approximate)
        values = np.linspace(-1, 9, 100)
        x, end = given("FLOAT32", values), result("FLOAT32", values.shape)
        yield one_op(f"gelu_FLOAT32_{approximate}", "GELU", [x], [end], approximate=approximate)
    yield _one("ELU", "FLOAT32", np.concatenate([FLOATS, np.linspace(-20, 3, 150)]), "optimized")


def _stablehlo() -> Iterator[Problem]:
    rng = np.random.default_rng(6)
    for kind in ("FLOAT32", "INT8", "UINT32", "BOOL"):
        for op in ("ADD", "MULTIPLY", "MAXIMUM", "MINIMUM"):
            a, b = uniform(rng, kind, (4, 9)), uniform(rng, kind, (4, 9))
            if kind.startswith("FLOAT"):
                a.reshape(-1)[:18], b.reshape(-1)[:18] = FLOATS, FLOATS[::-1]
            yield _two(f"STABLEHLO_{op}", kind, a, b)
        if not kind.startswith("FLOAT"):
            pair = uniform(rng, kind, (4, 9)), uniform(rng, kind, (4, 9))
            yield _two("STABLEHLO_AND", kind, *pair, resolver="optimized")
    for kind in ("INT8", "INT16", "INT32"):
        counts = np.tile([0, 1, 5, 7, 8, 15, 16, 31], 5)
        yield _two("STABLEHLO_SHIFT_LEFT", kind, uniform(rng, kind, (40,)), counts, resolver="optimized")


def _products() -> Iterator[Problem]:
    rng = np.random.default_rng(7)
    numbers = np.array([-32768, -32767, -256, -255, -129, -128, -127, -1, 0, 1, 127, 128, 129, 255, 256, 32767])
    a, b = numbers.repeat(16), np.tile(numbers, 16)
    for kind, zero_point in (("INT8", -100), ("UINT8", 128)):
        for activation in (0, 1, 2, 3):
            x, y = given("INT16", a, 0.5, 0), given("INT16", b, 0.25, 0)
            end = result(kind, a.shape, 0.05, zero_point)
            name = f"mul_INT16_{kind}_{zero_point}_{activation}"
            yield one_op(name, "MUL", [x, y], [end], fused_activation_function=activation)
    parts = np.array([0.0, 1.0, -2.5, 3e38, np.inf, np.nan], np.float32)
    grid = np.stack(np.meshgrid(parts, parts), -1).reshape(-1, 2).copy().view(np.complex64)[:, 0]
    yield _two("MUL", "COMPLEX64", grid[:, None], grid[None])
    z = rng.standard_normal((2, 7, 5)) + 1j * rng.standard_normal((2, 7, 5))
    yield _two("MUL", "COMPLEX64", z[0], z[1, 0])

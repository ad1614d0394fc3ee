"""Rarer types of operators that other modules cover: quantized DIV, 16-bit floats, int16 factors, complex numbers."""

from collections.abc import Iterator

import numpy as np

from tests.cases import Problem
from tests.cases._build import ALL_8, FULL_RANGE, constant, given, one_op, result, uniform
from tests.cases.binary import ALL_PAIRS, SHAPES

SPECIAL = [0.0, -0.0, 1.0, -1.0, np.nan, np.inf, -np.inf, 6e4, -6e4, 1e-7, -9.1, 17.0, 0.5]


def problems() -> Iterator[Problem]:
    rng = np.random.default_rng(1)
    yield from _quotients(rng)
    yield from _products(rng)
    yield from _halves(rng)
    yield from _dense(rng)
    numbers = np.array([1.5 - 2j, -3e9 + 1j, 300.7, -0.0 + 4j, 0.0, 1j])
    for target, code in (("FLOAT32", 0), ("INT8", 9), ("UINT16", 16), ("INT64", 4), ("BOOL", 6), ("FLOAT16", 1)):
        x, out = given("COMPLEX64", numbers), result(target, numbers.shape)
        yield one_op(f"cast_COMPLEX64_{target}", "CAST", [x], [out], in_data_type=8, out_data_type=code)
    a, b = rng.uniform(-1e6, 1e6, (2, 300))
    x, y = given("FLOAT32", np.floor(a)), given("FLOAT32", b * 1e-7)
    yield one_op("floor_div_FLOAT32_great", "FLOOR_DIV", [x, y], [result("FLOAT32", (300,))])


def _quotients(rng: np.random.Generator) -> Iterator[Problem]:
    for kind in ("INT8", "UINT8", "INT16"):
        for i, (one, other, target) in enumerate([(0.5, 0.25, 0.125), (0.1, 0.037, 0.4), (0.02, 0.3, 0.0007)]):
            lo, hi = FULL_RANGE[kind]
            zeros = (0, 0, 0) if kind == "INT16" else (lo + 5, hi - 9, lo + 100)
            for j, (a, b) in enumerate(SHAPES[:4]):
                x, y = uniform(rng, kind, a), uniform(rng, kind, b)
                y[y == zeros[1]] += 1
                out = result(kind, np.broadcast_shapes(a, b), target, zeros[2])
                sources = [given(kind, x, one, zeros[0]), given(kind, y, other, zeros[1])]
                yield one_op(f"div_{kind}_{i}_shape{j}", "DIV", sources, [out], version=2, fused_activation_function=j)
        if kind != "INT16":
            left, right = (pairs - (-128 - lo) for pairs in ALL_PAIRS)
            right = np.where(right == lo + 28, lo + 29, right)
            sources = [given(kind, left, 0.05, lo + 90), given(kind, right, 0.5, lo + 28)]
            yield one_op(f"div_{kind}_pairs", "DIV", sources, [result(kind, left.shape, 0.0625, lo)], version=2)


def _products(rng: np.random.Generator) -> Iterator[Problem]:
    for target, zero in (("INT8", -128), ("INT8", 3), ("UINT8", 128)):
        for activation in (0, 1, 3):
            x, y = (given("INT16", uniform(rng, "INT16", (500,)), 2.0**-15, 0) for _ in range(2))
            out = result(target, (500,), 2.0**-5, zero)
            name = f"mul_INT16_{target}_{zero}_act{activation}"
            yield one_op(name, "MUL", [x, y], [out], fused_activation_function=activation)
    pair = [given("COMPLEX64", rng.standard_normal(shape) + 1j * rng.standard_normal(shape)) for shape in ((9, 1), 40)]
    yield one_op("mul_COMPLEX64", "MUL", pair, [result("COMPLEX64", (9, 40))])
    numbers = [given("UINT32", rng.integers(0, 2**32, 50)) for _ in range(2)]
    for activation in (0, 1, 2, 3):
        name = f"mul_UINT32_act{activation}"
        yield one_op(name, "MUL", numbers, [result("UINT32", (50,))], fused_activation_function=activation)


def _halves(rng: np.random.Generator) -> Iterator[Problem]:
    """float16 only: NumPy's archives do not keep bfloat16, which is drawn instead."""
    x = np.concatenate([np.linspace(-20, 20, 401), SPECIAL])
    for op in ("LOGISTIC", "TANH"):
        yield one_op(f"{op.lower()}_FLOAT16", op, [given("FLOAT16", x)], [result("FLOAT16", x.shape)])
    for op in ("MAXIMUM", "MINIMUM"):
        pair = [given("FLOAT16", rng.choice(SPECIAL, shape)) for shape in ((5, 1, 13), (4, 1))]
        yield one_op(f"{op.lower()}_FLOAT16", op, pair, [result("FLOAT16", (5, 4, 13))])
    for beta in (1.0, 0.37):
        for name, rows in (("normal", rng.standard_normal((4, 60)) * 3), ("special", rng.choice(SPECIAL, (9, 5)))):
            out = result("FLOAT16", rows.shape)
            yield one_op(f"softmax_FLOAT16_{name}_{beta}", "SOFTMAX", [given("FLOAT16", rows)], [out], beta=beta)


def _dense(rng: np.random.Generator) -> Iterator[Problem]:
    for activation in (0, 1, 3):
        x = given("UINT8", ALL_8["UINT8"].reshape(8, 32), 0.1, 100)
        w = constant("UINT8", uniform(rng, "UINT8", (7, 32)), 0.02, 131)
        bias = constant("INT32", rng.integers(-5000, 5000, 7), 0.002, 0)
        name = f"fully_connected_UINT8_INT16_act{activation}"
        out = result("INT16", (8, 7), 0.01, 0)
        yield one_op(name, "FULLY_CONNECTED", [x, w, bias], [out], fused_activation_function=activation)
    for bias_type, declared in (("INT32", 2), ("INT64", 4), ("", 0)):
        for scale in (0.001, np.array([0.001, 0.5, 1e-6, 0.01, 0.001, 0.25, 0.01], np.float32)):
            per_channel = np.ndim(scale) > 0
            zeros = np.zeros(np.size(scale), np.int64)
            x = given("INT16", uniform(rng, "INT16", (5, 33)), 0.001, 0)
            w = constant("INT16", uniform(rng, "INT16", (7, 33)), scale, zeros)
            bias = constant(bias_type or "INT32", rng.integers(-(2**28), 2**28, 7), 0.001 * scale, zeros)
            sources = [x, w, bias if bias_type else None]
            yield one_op(
                f"fully_connected_INT16_{bias_type}_{per_channel}", "FULLY_CONNECTED", sources,
                [result("INT16", (5, 7), 90.0, 0)], quantized_bias_type=declared,
            )  # fmt: skip

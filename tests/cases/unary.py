"""Operators of one input: every 8-bit input, a dense sample of int16, floats with their special values."""

from collections.abc import Iterator

import numpy as np

from tests.cases import Problem
from tests.cases._build import ALL_8, constant, given, one_op, result

FLOATS = np.concatenate(
    [
        np.linspace(-20, 20, 401),
        [0.0, -0.0, 1e-30, -1e-30, 3e38, -3e38, 88.0, -88.0, 120.0, -120.0, 2.5, -2.5, 16.619047, 16.62, -9.0, -9.01],
    ]
).astype(np.float32)
SAMPLE_16 = np.unique(np.concatenate([np.arange(-32768, 32768, 37), [-1, 0, 1, 2, 32766, 32767]])).astype(np.int16)
#: (input scale, input zero point, output scale, output zero point), ties at powers of two among them.
SCALES_8 = [(0.1, 3, 0.07, -5), (0.25, -128, 0.5, 127), (0.5, 127, 0.125, -128), (0.0117, -4, 0.0231, 11)]


def _eight(
    op: str, name: str, *, fixed: tuple[float, dict[str, int]] | None = None, **options: object
) -> Iterator[Problem]:
    for kind, values in ALL_8.items():
        shift = 128 if kind == "UINT8" else 0
        for i, (s_in, z_in, s_out, z_out) in enumerate(SCALES_8):
            scale, zero = (fixed[0], fixed[1][kind]) if fixed else (s_out, z_out + shift)
            x = given(kind, values.reshape(1, 256), s_in, z_in + shift)
            yield one_op(f"{name}_{kind}_{i}", op, [x], [result(kind, (1, 256), scale, zero)], version=2, **options)


def _sixteen(
    op: str, name: str, scales: list[tuple[float, float]], version: int = 3, **options: object
) -> Iterator[Problem]:
    for i, (s_in, s_out) in enumerate(scales):
        x = given("INT16", SAMPLE_16, s_in, 0)
        yield one_op(
            f"{name}_INT16_{i}", op, [x], [result("INT16", SAMPLE_16.shape, s_out, 0)], version=version, **options
        )


def _float(op: str, name: str, values: np.ndarray = FLOATS, **options: object) -> Problem:
    return one_op(f"{name}_float", op, [given("FLOAT32", values)], [result("FLOAT32", values.shape)], **options)


def problems() -> Iterator[Problem]:
    general = [(0.001, 0.0007), (0.25, 0.5), (2.0**-10, 2.0**-12)]
    for op in ("RELU", "RELU6", "RELU_N1_TO_1", "RELU_0_TO_1"):
        for problem in _eight(op, op.lower()):
            if op in ("RELU", "RELU6"):
                yield problem
        yield _float(op, op.lower())
    yield from _sixteen("RELU", "relu", general)
    yield from _sixteen("RELU6", "relu6", general)
    for i, alpha in enumerate((0.1, 0.25, 1.5, -0.5)):
        yield from _eight("LEAKY_RELU", f"leaky_relu_{i}", alpha=alpha)
        yield from _sixteen("LEAKY_RELU", f"leaky_relu_{i}", general[:2], version=2, alpha=alpha)
        yield _float("LEAKY_RELU", f"leaky_relu_{i}", alpha=alpha)
    for kind, values in ALL_8.items():
        shift = 128 if kind == "UINT8" else 0
        for i, (s_in, z_in, s_out, z_out) in enumerate(
            [(0.1, 3, 0.07, -5), (0.05, -128, 0.5, 127), (0.02, 0, 0.02, 0)]
        ):
            x = given(kind, values, s_in, z_in + shift)
            yield one_op(f"hard_swish_{kind}_{i}", "HARD_SWISH", [x], [result(kind, (256,), s_out, z_out + shift)])
    yield _float("HARD_SWISH", "hard_swish")
    yield from _eight("LOGISTIC", "logistic", fixed=(1 / 256, {"INT8": -128, "UINT8": 0}))
    yield from _eight("TANH", "tanh", fixed=(1 / 128, {"INT8": 0, "UINT8": 128}))
    yield from _eight("TANH", "tanh_other")
    sigmoid = [(2.0**-12, 2.0**-15), (2.0**-11, 2.0**-15), (0.001, 2.0**-15), (0.013, 2.0**-15), (1e-5, 2.0**-15)]
    yield from _sixteen("LOGISTIC", "logistic", sigmoid)
    yield from _sixteen("TANH", "tanh", sigmoid)
    yield _float("LOGISTIC", "logistic")
    yield _float("TANH", "tanh")
    yield _float("SQRT", "sqrt", np.abs(FLOATS))
    yield from _functions()
    yield from _quantize()
    yield from _dequantize()


def _functions() -> Iterator[Problem]:
    """EXP, LOG, NEG, ABS, SQRT, RSQRT."""
    int8 = ALL_8["INT8"]
    positive = [(-128, values) for values in (int8,)] + [(5, int8[int8 >= 5])]
    for i, (s_in, z_in, s_out, z_out) in enumerate(SCALES_8):
        x = given("INT8", int8, s_in, z_in)
        for op in ("EXP", "LOG", "ABS", "NEG"):
            version = {"EXP": 2, "LOG": 2, "ABS": 2, "NEG": 1}[op]
            yield one_op(f"{op.lower()}_INT8_{i}", op, [x], [result("INT8", (256,), s_out, z_out)], version=version)
        for zero, values in positive:
            y = given("INT8", values, s_in, zero)
            for op in ("SQRT", "RSQRT"):
                out = result("INT8", values.shape, s_out, z_out)
                yield one_op(f"{op.lower()}_INT8_{i}_{zero}", op, [y], [out], version=2)
    same = given("INT8", int8, 0.1, 3)
    yield one_op("abs_INT8_same", "ABS", [same], [result("INT8", (256,), 0.1, -7)], version=2)
    for i, (s_in, s_out) in enumerate([(0.0001, 0.001), (0.0003, 0.0002), (2.0**-13, 2.0**-10)]):
        x = given("INT16", SAMPLE_16, s_in, 0)
        for op in ("EXP", "LOG", "ABS", "NEG"):
            version = {"EXP": 2, "LOG": 2, "ABS": 3, "NEG": 1}[op]
            out = result("INT16", SAMPLE_16.shape, s_out, 0)
            yield one_op(f"{op.lower()}_INT16_{i}", op, [x], [out], version=version)
        values = SAMPLE_16[SAMPLE_16 >= 0]
        for op in ("SQRT", "RSQRT"):
            out = result("INT16", values.shape, s_out * 10, 0)
            version = 2 if op == "SQRT" else 3
            yield one_op(f"{op.lower()}_INT16_{i}", op, [given("INT16", values, s_in, 0)], [out], version=version)
    yield _float("EXP", "exp")
    yield _float("LOG", "log", np.abs(FLOATS))
    yield _float("NEG", "neg")
    yield _float("ABS", "abs")
    yield _float("RSQRT", "rsqrt", np.abs(FLOATS[FLOATS != 0]))


def _quantize() -> Iterator[Problem]:
    ties = np.arange(-300, 300).astype(np.float32) / 4
    special = np.array([np.inf, -np.inf, np.nan, 1e20, -1e20, 3e9, -3e9, 0.49999997, -0.49999997], np.float32)
    x = np.concatenate([ties, special, FLOATS])
    for kind in ("INT8", "UINT8", "INT16"):
        for i, (scale, zero) in enumerate([(0.5, 0), (0.25, 17), (0.013, 100), (1.0, -3)]):
            if kind == "UINT8" and zero < 0:
                continue
            zero_point = 0 if kind == "INT16" else zero
            out = result(kind, x.shape, scale, zero_point)
            yield one_op(f"quantize_{kind}_{i}", "QUANTIZE", [given("FLOAT32", x)], [out], version=2)
    for source, z_source in (("INT8", -7), ("UINT8", 131)):
        for target, z_target in (("INT8", 5), ("UINT8", 3), ("INT16", 0)):
            for i, (s_in, s_out) in enumerate([(0.5, 0.5), (0.3, 0.11), (0.25, 1.0), (0.5, 0.001)]):
                out = result(target, (256,), s_out, z_target)
                name = f"requantize_{source}_{target}_{i}"
                yield one_op(name, "QUANTIZE", [given(source, ALL_8[source], s_in, z_source)], [out], version=2)
    for target, z_target in (("INT8", 5), ("INT16", 0), ("INT32", 0)):
        for i, (s_in, s_out) in enumerate([(0.001, 0.05), (0.25, 0.5), (2.0**-9, 2.0**-3)]):
            out = result(target, SAMPLE_16.shape, s_out, z_target)
            yield one_op(
                f"requantize_INT16_{target}_{i}", "QUANTIZE", [given("INT16", SAMPLE_16, s_in, 0)], [out], version=2
            )
    wide = np.random.default_rng(0).integers(-(2**20), 2**20, 500)
    for target in ("INT8", "INT16"):
        out = result(target, wide.shape, 0.5, 0)
        yield one_op(f"requantize_INT32_{target}", "QUANTIZE", [given("INT32", wide, 0.0003, 0)], [out], version=2)


def _dequantize() -> Iterator[Problem]:
    for kind, values in ALL_8.items():
        for i, (scale, zero) in enumerate([(0.1, 3), (0.25, 100), (1.7e-3, 0)]):
            x = given(kind, values, scale, zero)
            yield one_op(f"dequantize_{kind}_{i}", "DEQUANTIZE", [x], [result("FLOAT32", (256,))], version=2)
    x16 = given("INT16", SAMPLE_16, 0.0013, 0)
    yield one_op("dequantize_INT16", "DEQUANTIZE", [x16], [result("FLOAT32", SAMPLE_16.shape)], version=3)
    halves = np.random.default_rng(1).standard_normal(100).astype(np.float16)
    out = result("FLOAT32", (100,))
    yield one_op("dequantize_FLOAT16", "DEQUANTIZE", [given("FLOAT16", halves)], [out], version=3)
    rows = np.arange(-128, 128).reshape(4, 64)
    per_channel = constant("INT8", rows, [0.1, 0.2, 0.3, 0.4], [0, 0, 0, 0], axis=0)
    yield one_op("dequantize_per_channel", "DEQUANTIZE", [per_channel], [result("FLOAT32", (4, 64))], version=5)

"""Softmax kernels, compiled and not, against the formula row by row."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from intengine_kernels.libm.exp import exp
from intengine_kernels.log_softmax import log_softmax_fixed, log_softmax_float
from intengine_kernels.softmax import softmax_fixed, softmax_float, softmax_int16

from intengine.ops._table16 import table16
from tests.compare import ulp_distance
from tests.kernels._both import both_ways
from tests.spec import softmax as spec
from tests.spec.fixedpoint import encode_multiplier, srdhm, wrap32

#: Type, bits of the output, its least value.
TARGETS = [(np.int8, np.int8, 8, -128), (np.uint8, np.uint8, 8, 0), (np.int8, np.int16, 16, -32768)]


def rows(dtype: Any, depth: int) -> np.ndarray:
    """Flat, steep, uniform and narrow rows."""
    rng = np.random.default_rng(depth)
    info = np.iinfo(dtype)
    middle = (int(info.min) + int(info.max)) // 2
    narrow = middle + rng.normal(0, 9, (2, depth)).round()
    flat, uniform = np.full((1, depth), middle), rng.integers(info.min, info.max, (2, depth), endpoint=True)
    steep = np.where(np.arange(depth) == depth // 2, info.max, info.min)[None]
    return np.concatenate([flat, steep, uniform, narrow]).astype(dtype)


def exponentials(beta: float, scale: float) -> np.ndarray:
    multiplier, shift, least = spec.scaling(beta, scale)
    table = [spec.exponential(-d, multiplier, shift) if -d >= least else -1 for d in range(256)]
    return np.array(table, np.int32)


@both_ways(softmax_fixed)
@pytest.mark.parametrize(("dtype", "out_type", "bits", "lo"), TARGETS)
def test_8bit_logits(run: Callable[..., Any], dtype: Any, out_type: Any, bits: int, lo: int) -> None:
    for beta, scale in ((1.0, 0.1), (0.5, 0.004), (1.0, 2.0), (3.7, 0.013), (1.0, 40.0)):
        for depth in (1, 2, 21, 100):
            x = rows(dtype, depth)
            out = np.zeros(x.shape, out_type)
            run(x, exponentials(beta, scale), bits, lo, lo + 2**bits - 1, np.empty(depth, np.int32), out)
            assert out.tolist() == [spec.softmax_8bit(row, beta, scale, bits, lo) for row in x.tolist()]


@both_ways(softmax_fixed)
@pytest.mark.parametrize(("dtype", "out_type", "bits", "lo"), TARGETS)
@pytest.mark.parametrize("depth", [511, 512, 1001, 4095, 4096, 8191, 8192, 9000])
def test_long_flat_rows_are_what_the_operator_means(
    run: Callable[..., Any], dtype: Any, out_type: Any, bits: int, lo: int, depth: int
) -> None:
    x, out = np.full((1, depth), 5, dtype), np.zeros((1, depth), out_type)
    run(x, exponentials(1.0, 0.1), bits, lo, lo + 2**bits - 1, np.empty(depth, np.int32), out)
    assert (np.abs(out.astype(np.float64) - lo - 2**bits / depth) <= 0.5).all()


@both_ways(softmax_int16)
def test_int16_logits(run: Callable[..., Any]) -> None:
    tables = np.array(spec.EXP_TABLE, np.int16), np.array(spec.INVERSE_TABLE, np.int16)
    for scale in (1e-3, 1e-5, 2.0**-11, 0.7):
        multiplier, shift = encode_multiplier(scale / (10.0 / 65535.0))
        for depth in (1, 2, 21):
            x = rows(np.int16, depth)
            out = np.zeros(x.shape, np.int16)
            run(x, multiplier, shift, *tables, np.zeros(depth, np.int64), out)
            assert out.tolist() == [spec.softmax_int16(row, multiplier, shift) for row in x.tolist()]


def test_int16_rows_beyond_int32_are_what_the_operator_means() -> None:
    tables = np.array(spec.EXP_TABLE, np.int16), np.array(spec.INVERSE_TABLE, np.int16)
    multiplier, shift = encode_multiplier(1.0)
    for depth, least in ((60000, 1), (70000, 0), (140000, 0)):
        out = np.zeros((1, depth), np.int16)
        softmax_int16(np.zeros((1, depth), np.int16), multiplier, shift, *tables, np.zeros(depth, np.int64), out)
        assert set(out.reshape(-1).tolist()) == {least}


def test_the_tables_of_int16_equal_the_formula() -> None:
    assert table16(exp, 10.0 / 65535.0, 32767, 2.0 / 65535.0, 0).tolist() == spec.EXP_TABLE
    inverse = table16(lambda x: 1.0 / (1.0 + x), 1.0 / 65535.0, -32768, 2.0 / 65535.0, 0)
    assert inverse.tolist() == spec.INVERSE_TABLE


def run_log_softmax(run: Callable[..., Any], x: np.ndarray, scale: float) -> np.ndarray:
    multiplier, shift, least = spec.scaling(1.0, scale)
    back, back_shift = encode_multiplier(2.0 ** (31 - shift) / multiplier)
    scaled = [srdhm(wrap32(max(-d, least) << shift), multiplier) for d in range(256)]
    lo, hi = int(np.iinfo(x.dtype).min), int(np.iinfo(x.dtype).max)
    out = np.zeros_like(x)
    run(x, exponentials(1.0, scale), np.array(scaled, np.int32), least, back, back_shift, hi, lo, hi, out)
    return out


@both_ways(log_softmax_fixed)
@pytest.mark.parametrize("dtype", [np.int8, np.uint8])
def test_logarithms_of_8bit_logits(run: Callable[..., Any], dtype: Any) -> None:
    lo, hi = int(np.iinfo(dtype).min), int(np.iinfo(dtype).max)
    for scale in (0.1, 0.004, 2.0, 0.013, 40.0):
        for depth in (1, 2, 21, 100):
            x = rows(dtype, depth)
            expected = [spec.log_softmax_8bit(row, scale, hi, lo, hi) for row in x.tolist()]
            assert run_log_softmax(run, x, scale).tolist() == expected


@both_ways(log_softmax_fixed)
@pytest.mark.parametrize("depth", [4095, 4096, 9000, 20000])
def test_logarithms_of_long_flat_rows_are_what_the_operator_means(run: Callable[..., Any], depth: int) -> None:
    out = run_log_softmax(run, np.full((1, depth), 5, np.int8), 0.1)
    assert (np.abs((out.astype(np.float64) - 127) / 16 + math.log(depth)) <= 0.5 / 16 + 1e-6).all()


@both_ways(softmax_float)
def test_floats_follow_the_formula(run: Callable[..., Any]) -> None:
    """expf may be one unit off the correctly rounded one, in each term."""
    rng = np.random.default_rng(1)
    for beta, depth in ((1.0, 1), (1.0, 37), (0.3, 200)):
        x = (rng.standard_normal((4, depth)) * 3).astype(np.float32)
        out = np.zeros_like(x)
        run(x, beta, out)
        expected = np.array([spec.softmax_float(row, beta) for row in x])
        assert ulp_distance(out, expected) <= 3


@both_ways(log_softmax_float)
def test_logarithms_of_floats_follow_the_formula(run: Callable[..., Any]) -> None:
    rng = np.random.default_rng(2)
    x = (rng.standard_normal((4, 37)) * 3).astype(np.float32)
    out = np.zeros_like(x)
    run(x, out)
    assert ulp_distance(out, np.array([spec.log_softmax_float(row) for row in x])) <= 3

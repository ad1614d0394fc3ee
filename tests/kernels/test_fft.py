"""The split-radix transform against NumPy's, at every size of its steps; what is transformed side by side."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from intengine_kernels.complex_parts import length_float
from intengine_kernels.double import hypot_double
from intengine_kernels.isa.doubles import LANES
from intengine_kernels.rfft2d import rfft_planes, rfft_rows
from intengine_kernels.spectrogram import spectrogram

from intengine.ops._fft import plan
from tests.kernels._both import both_ways

RNG = np.random.default_rng(0)


def rows_of(run: Callable[..., Any], x: np.ndarray, width: int) -> np.ndarray:
    points = width // 2
    out = np.empty((len(x), points + 1, 2), np.float32)
    run(x, plan(points), np.full((2 * points, LANES), np.nan), out)
    return out.view(np.complex64)[..., 0]


def planes_of(run: Callable[..., Any], x: np.ndarray, height: int, width: int) -> np.ndarray:
    points = max(width // 2, 1)
    out = np.empty((len(x), height, width // 2 + 1, 2), np.float32)
    z, plane = (2 * points, LANES), (-(-points // LANES), 2 * height, LANES)
    run(x, plan(points), plan(height), np.full(z, np.nan), np.full(plane, np.nan), out)
    return out.view(np.complex64)[..., 0]


def is_near(found: np.ndarray, wanted: np.ndarray) -> bool:
    return bool((np.abs(found - wanted) <= 1e-7 * np.abs(wanted).max()).all())


@pytest.mark.parametrize("width", [2**i for i in range(1, 14)])
def test_rows_equal_numpys_but_for_rounding(width: int) -> None:
    x = RNG.standard_normal((3, width)).astype(np.float32)
    assert is_near(rows_of(rfft_rows, x, width), np.fft.rfft(x.astype(np.float64)))


@both_ways(rfft_planes)
@pytest.mark.parametrize(("height", "width"), [(1, 1), (2, 1), (1, 8), (2, 2), (4, 16), (32, 2), (16, 32), (8, 64)])
def test_planes_equal_numpys_but_for_rounding(run: Callable[..., Any], height: int, width: int) -> None:
    x = RNG.standard_normal((2, height, width)).astype(np.float32)
    assert is_near(planes_of(run, x, height, width), np.fft.rfft2(x.astype(np.float64)))


@pytest.mark.parametrize("height", [64, 512])
def test_long_columns_equal_numpys_but_for_rounding(height: int) -> None:
    x = RNG.standard_normal((1, height, 16)).astype(np.float32)
    assert is_near(planes_of(rfft_planes, x, height, 16), np.fft.rfft2(x.astype(np.float64)))


@both_ways(rfft_planes)
def test_planes_are_cut_and_filled_up_with_zeros(run: Callable[..., Any]) -> None:
    x = RNG.standard_normal((1, 5, 9)).astype(np.float32)
    for height, width in ((8, 16), (4, 16), (8, 4), (2, 2), (16, 1)):
        wanted = np.fft.rfft2(x.astype(np.float64), (height, width))
        assert is_near(planes_of(run, x, height, width), wanted)


@both_ways(rfft_rows)
@pytest.mark.parametrize("rows", [1, LANES - 1, LANES, LANES + 1, 2 * LANES + 2])
def test_each_row_is_what_it_is_alone(run: Callable[..., Any], rows: int) -> None:
    x = RNG.standard_normal((rows, 20)).astype(np.float32)
    found = rows_of(run, x, 32)
    for row, alone in enumerate(x):
        assert rows_of(rfft_rows, alone[np.newaxis], 32)[0].tobytes() == found[row].tobytes()
        assert planes_of(rfft_planes, alone[np.newaxis, np.newaxis], 1, 32)[0, 0].tobytes() == found[row].tobytes()


@both_ways(rfft_rows)
def test_rows_that_are_not_finite_spoil_no_other(run: Callable[..., Any]) -> None:
    x = np.ones((3, 16), np.float32)
    x[0, 3], x[2, 5] = np.inf, np.nan
    with np.errstate(invalid="ignore"):
        found = rows_of(run, x, 16)
    assert np.array_equal(found[1], [16] + [0] * 8)
    assert not np.isfinite(found[[0, 2]]).any()


@both_ways(spectrogram)
@pytest.mark.parametrize("is_squared", [False, True])
def test_a_range_of_pieces_is_written_and_nothing_else(run: Callable[..., Any], is_squared: bool) -> None:
    x, window = RNG.standard_normal((40, 2)).astype(np.float32), RNG.uniform(0, 1, 11)
    stride, points = 6, 8
    pieces = 1 + (40 - 11) // stride
    out = np.full((2 * pieces, points + 1), -1, np.float32)
    z = np.full((2 * points, LANES), np.nan)
    begin, end = 2, 2 * pieces - 3
    run(x, pieces, stride, window, is_squared, plan(points), z, begin, end, out)
    starts = stride * np.arange(pieces)
    taps = np.concatenate([x[start : start + 11].T for start in starts]).reshape(pieces, 2, 11).swapaxes(0, 1)
    wanted = np.abs(np.fft.rfft(taps.reshape(-1, 11) * window, 16)) ** (2 if is_squared else 1)
    np.testing.assert_allclose(out[begin:end], wanted[begin:end], rtol=1e-5)
    assert (out[:begin] == -1).all()
    assert (out[end:] == -1).all()


@both_ways(length_float)
def test_lengths_are_rounded_once(run: Callable[..., Any]) -> None:
    parts = (RNG.standard_normal((200, 2)) * 10.0 ** RNG.uniform(-44, 38, (200, 2))).astype(np.float32)
    out = np.empty(200, np.float32)
    run(parts, out)
    wide = parts.astype(np.float64)
    assert np.array_equal(out, np.sqrt((wide * wide).sum(axis=1)).astype(np.float32))


@pytest.mark.parametrize(
    ("kernel", "dtype"), [(length_float, np.float32), (lambda x, y: hypot_double(x[:, 0], x[:, 1], y), np.float64)]
)
def test_lengths_are_infinite_if_a_part_is(kernel: Callable[..., Any], dtype: Any) -> None:
    parts = np.array([[np.inf, np.nan], [np.nan, -np.inf], [np.inf, 1], [np.nan, 1], [-3, 4]], dtype)
    for run in (kernel, getattr(kernel, "py_func", kernel)):
        out = np.empty(5, dtype)
        with np.errstate(invalid="ignore"):
            run(parts, out)
        assert np.array_equal(out, np.array([np.inf, np.inf, np.inf, np.nan, 5], dtype), equal_nan=True)

"""Streaming error sums: against NumPy on the whole, and sample by sample."""

import numpy as np
import pytest
from intengine_kernels import error_sums as kernel

from intengine.accuracy.metrics import TensorErrors
from intengine.model import Quantization, TensorType
from tests.kernels._both import both_ways

SCALE = np.float32(0.05)
INT8 = Quantization(np.float32([SCALE]), np.int64([3]))
NONE = Quantization()


def problem(samples: int = 5, shape: tuple[int, ...] = (1, 6, 4, 3)) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(1)
    real = (rng.standard_normal((samples, *shape)) * np.linspace(0.5, 4, shape[-1])).astype(np.float32)
    return real, np.clip(np.rint(real / SCALE) + 3, -128, 127).astype(np.int8)


def errors(real: np.ndarray, q: np.ndarray, scheme: Quantization = INT8) -> TensorErrors:
    kind = TensorType.INT8 if q.dtype == np.int8 else TensorType.FLOAT32
    made = TensorErrors(real.shape[1:], scheme, kind, keep=2)
    for at in range(len(real)):
        made.add(at, real[at], q[at])
    return made


@both_ways(kernel.error_sums)
def test_sums_equal_numpy(run) -> None:
    real, q = problem(1)
    sums = np.zeros((kernel.ROWS, 3))
    sums[kernel.LEAST], sums[kernel.GREATEST] = np.inf, -np.inf
    bins, squares = np.arange(24, dtype=np.int32), np.zeros(24)
    run(real.reshape(-1), q.reshape(-1), float(SCALE), 3.0, -6.0, 6.0, bins, sums, squares)
    x = real.reshape(-1, 3).astype(np.float64)
    y = float(SCALE) * (q.reshape(-1, 3).astype(np.float64) - 3)
    np.testing.assert_allclose(sums[kernel.ERROR_SQUARES], ((y - x) ** 2).sum(axis=0))
    np.testing.assert_allclose(sums[kernel.PRODUCTS], (x * y).sum(axis=0))
    np.testing.assert_allclose(squares, ((y - x) ** 2).sum(axis=1))
    assert np.array_equal(sums[kernel.MAX_ERROR], np.abs(y - x).max(axis=0))
    assert np.array_equal(sums[kernel.ABOVE], (x > 6).sum(axis=0))
    assert np.array_equal(sums[kernel.COUNT], [24, 24, 24])


def test_figures_are_those_of_all_samples_together() -> None:
    real, q = problem()
    found = errors(real, q).result()
    x, y = real.astype(np.float64), float(SCALE) * (q.astype(np.float64) - 3)
    noise = ((y - x) ** 2).sum()
    assert found.sqnr_db == pytest.approx(10 * np.log10((x * x).sum() / noise))
    assert found.cosine == pytest.approx((x * y).sum() / np.sqrt((x * x).sum() * (y * y).sum()))
    assert found.rmse_lsb == pytest.approx(np.sqrt(noise / x.size) / SCALE)
    assert found.bias == pytest.approx((y - x).mean())
    assert found.max_abs == np.abs(y - x).max()
    hi, lo = float(SCALE) * 124.5, float(SCALE) * -131.5
    assert (found.clipped_lo, found.clipped_hi) == (np.mean(x < lo), np.mean(x > hi))
    assert found.channels is not None
    assert found.spatial is not None
    np.testing.assert_allclose(found.channels.rmse, np.sqrt(((y - x) ** 2).mean(axis=(0, 1, 2, 3))))
    np.testing.assert_allclose(found.spatial, ((y - x) ** 2).mean(axis=(0, 1, 4)))


def test_perfect_rounding_is_0_289_of_a_step() -> None:
    real = np.random.default_rng(0).uniform(-5, 5, (1, 1, 100_000)).astype(np.float32)
    q = np.rint(real / SCALE + 3).astype(np.int8)
    assert errors(real, q).result().rmse_lsb == pytest.approx(12**-0.5, rel=0.01)


def test_the_worst_samples_are_kept() -> None:
    real, q = problem(6)
    q[4] = 3
    q[2] //= 2
    assert [one.sample for one in errors(real, q).result().worst] == [4, 2]


def test_what_is_not_finite_is_counted_and_left_out() -> None:
    real, q = problem(2)
    clean = errors(real[1:], q[1:]).result()
    real[0] = np.nan
    found = errors(real, q).result()
    assert (found.nonfinite, found.rmse) == (real[0].size, clean.rmse)


def test_no_error_is_infinite_sqnr() -> None:
    real, _ = problem(1)
    found = errors(real, real, NONE).result()
    assert (found.sqnr_db, found.rmse_lsb, found.range_use) == (np.inf, None, None)


def test_large_maps_are_binned() -> None:
    real, q = problem(1, (1, 200, 70, 2))
    found = errors(real, q).result().spatial
    assert found is not None
    assert found.shape == (50, 35)
    energy = (float(SCALE) * (q[0, 0, :4, :2].astype(np.float64) - 3) - real[0, 0, :4, :2]) ** 2
    assert found[0, 0] == pytest.approx(energy.mean())


@both_ways(kernel.part_sums)
def test_products_of_parts_equal_numpy(run) -> None:
    stages = np.random.default_rng(2).standard_normal((5, 12))
    slots = np.array([0, 2, 1, 2])
    gram, totals, by_channel = np.zeros((3, 3)), np.zeros(3), np.zeros((3, 4))
    run(stages, slots, np.zeros(3), gram, totals, by_channel)
    steps = np.diff(stages, axis=0)
    parts = np.stack([steps[0], steps[2], steps[1] + steps[3]])
    np.testing.assert_allclose(gram, np.tril(parts @ parts.T))
    np.testing.assert_allclose(totals, parts.sum(axis=1))
    np.testing.assert_allclose(by_channel, (parts**2).reshape(3, 3, 4).sum(axis=1))

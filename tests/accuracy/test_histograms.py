"""Streaming histograms: against NumPy's of all samples together."""

import numpy as np
import pytest
from intengine_kernels.histogram import histogram

from intengine.accuracy.histograms import BINS, TensorHistogram
from intengine.accuracy.records import Histogram
from intengine.model import Quantization, TensorType
from tests.kernels._both import both_ways

SCALE = np.float32(0.05)
INT8 = Quantization(np.float32([SCALE]), np.int64([3]))


def collected(samples: list[np.ndarray], scheme: Quantization = INT8, type: TensorType = TensorType.INT8) -> Histogram:
    made = TensorHistogram(scheme, type)
    for real in samples:
        quantized = np.clip(np.rint(real / SCALE) + 3, -128, 127).astype(np.int8) if scheme else real
        made.add(real, quantized)
    found = made.result()
    assert found is not None
    return found


def draw(*sizes: float) -> list[np.ndarray]:
    rng = np.random.default_rng(3)
    return [(rng.standard_normal(400) * size).astype(np.float32) for size in sizes]


@both_ways(histogram)
def test_counting_stops_at_the_first_value_beyond_the_bins(run) -> None:
    places, counts = np.zeros(3, np.int32), np.zeros((2, 4), np.int64)
    x = np.float32([0.5, 1.5, np.nan, 1.9, -np.inf, 4.0, 0.5])
    assert run(x, 0, 1.0, 0.0, 0.0, places, counts) == 5
    assert np.array_equal(counts.sum(axis=0), [1, 2, 0, 0])
    assert run(x, 6, 1.0, 0.0, 0.0, places, counts) == 7
    assert np.array_equal(counts.sum(axis=0), [2, 2, 0, 0])


def test_counts_are_those_of_all_values_in_the_final_bins() -> None:
    samples = draw(0.1, 1, 8, 2)
    found = collected(samples)
    whole = np.concatenate(samples).astype(np.float64)
    assert np.array_equal(found.float_counts, np.histogram(whole, found.edges)[0])
    real = float(SCALE) * (np.clip(np.rint(np.concatenate(samples) / SCALE) + 3, -128, 127) - 3.0)
    assert np.array_equal(found.quantized_counts, np.histogram(real, found.edges)[0])
    assert found.float_counts.sum() == whole.size
    assert len(found.float_counts) <= BINS


def test_the_order_of_samples_does_not_matter() -> None:
    samples = draw(0.1, 1, 8, 2)
    one, other = collected(samples), collected(samples[::-1])
    for name in ("edges", "float_counts", "quantized_counts"):
        assert np.array_equal(getattr(one, name), getattr(other, name))


def test_clipped_values_have_bins_of_their_own() -> None:
    found = collected(draw(1, 8))
    assert (found.clip_lo, found.clip_hi) == pytest.approx((SCALE * -131.5, SCALE * 124.5))
    assert np.isclose(found.edges, found.clip_lo, atol=1e-9).any()
    beyond = found.edges[1:] <= found.clip_lo + 1e-9
    assert found.float_counts[beyond].sum() > 0
    assert found.quantized_counts[beyond].sum() == 0


def test_small_values_are_shown_by_the_lsb() -> None:
    found = collected(draw(0.5))
    assert np.diff(found.edges) == pytest.approx(float(SCALE))


def test_tensors_without_a_scale_are_counted_too() -> None:
    samples = [np.zeros(3, np.float32), *draw(1e-3, 1)]
    found = collected(samples, Quantization(), TensorType.FLOAT32)
    assert np.array_equal(found.float_counts, found.quantized_counts)
    assert (found.clip_lo, found.clip_hi) == (None, None)
    assert np.array_equal(found.float_counts, np.histogram(np.concatenate(samples), found.edges)[0])


def test_zeros_alone_are_counted() -> None:
    found = collected([np.zeros(5, np.float32)], Quantization(), TensorType.FLOAT32)
    assert (found.float_counts.tolist(), found.edges.tolist()) == ([5], [0.0, 1.0])


def test_nothing_has_no_histogram() -> None:
    made = TensorHistogram(INT8, TensorType.INT8)
    made.add(np.zeros(0, np.float32), np.zeros(0, np.int8))
    assert made.result() is None

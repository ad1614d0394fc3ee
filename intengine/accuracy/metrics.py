"""Streaming measures of the error between two tensors: memory does not grow with the number of samples."""

import heapq
import math
from typing import Any

import numpy as np
from intengine_kernels import error_sums as sums_of
from numpy.typing import NDArray

from intengine.accuracy.records import ChannelErrors, ErrorStats, SampleError
from intengine.model import Quantization, TensorType
from intengine.quantization import INTEGER_RANGE
from intengine.shapes import Shape

#: Rows and columns that a spatial map has at most.
_MAP = 64
_NO_BINS = np.zeros(0, np.int32)
_ADDED = [
    sums_of.COUNT, sums_of.FLOAT_SQUARES, sums_of.REAL_SQUARES, sums_of.PRODUCTS, sums_of.ERROR_SQUARES,
    sums_of.ERRORS, sums_of.BELOW, sums_of.ABOVE,
]  # fmt: skip


def real_range(quantization: Quantization, type: TensorType) -> tuple[float, float]:
    """The least and the greatest real number that a tensor with one scale can hold; infinite where it has none."""
    if quantization.scale.size != 1 or type not in INTEGER_RANGE:
        return -math.inf, math.inf
    zero_point = int(quantization.zero_point[0]) if quantization.zero_point.size else 0
    scale = float(quantization.scale[0])
    lo, hi = INTEGER_RANGE[type]
    return scale * (lo - zero_point), scale * (hi - zero_point)


def decibel(signal: Any, noise: Any) -> Any:
    """10 log10(signal / noise): infinite without noise, NaN without either."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return 10.0 * np.log10(np.divide(signal, noise, dtype=np.float64))


class TensorErrors:
    """The error of one tensor, sample by sample.

    Args:
        shape: of the tensor; its last axis is the channels, if it has more than one.
        quantization, type: of the quantized side; without a scale its values are real numbers.
        keep: how many of the worst samples are kept.
    """

    def __init__(self, shape: Shape, quantization: Quantization, type: TensorType, *, keep: int = 5) -> None:
        channels = shape[-1] if len(shape) > 1 else 1
        has_scale = quantization.scale.size == 1 and type in INTEGER_RANGE
        self._scale = float(quantization.scale[0]) if has_scale else None
        self._zero_point = int(quantization.zero_point[0]) if has_scale and quantization.zero_point.size else 0
        self._range = real_range(quantization, type)
        self._has_channels = len(shape) > 1
        self._bins, self._map, self._per_bin = _map_bins(shape)
        self._squares = np.zeros(self._per_bin.size)
        self._sums = _fresh(channels)
        self._keep = keep
        self._worst: list[tuple[float, int, SampleError]] = []
        self._samples = 0
        self._elements = 0

    def add(self, sample: int, real: NDArray[Any], quantized: NDArray[Any]) -> None:
        """Add one sample.

        Args:
            real: float array of the tensor's size, in its layout. quantized: the tensor's elements.
        """
        half = (self._scale or 0.0) / 2
        lo, hi = self._range
        if real.dtype not in (np.float32, np.float64):
            real = real.astype(np.float64)
        one = _fresh(self._sums.shape[1])
        sums_of.error_sums(
            np.ascontiguousarray(real).reshape(-1), np.ascontiguousarray(quantized).reshape(-1), self._scale or 1.0,
            float(self._zero_point), lo - half, hi + half, self._bins, one, self._squares,
        )  # fmt: skip
        self._sums[_ADDED] += one[_ADDED]
        for row in (sums_of.MAX_ERROR, sums_of.GREATEST):
            np.maximum(self._sums[row], one[row], out=self._sums[row])
        np.minimum(self._sums[sums_of.LEAST], one[sums_of.LEAST], out=self._sums[sums_of.LEAST])
        self._samples += 1
        self._elements += real.size
        self._note_worst(sample, one)

    def _note_worst(self, sample: int, one: NDArray[np.float64]) -> None:
        count, signal, noise = (
            float(one[row].sum()) for row in (sums_of.COUNT, sums_of.FLOAT_SQUARES, sums_of.ERROR_SQUARES)
        )
        if not count:
            return
        quality = float(decibel(signal, noise))
        worst = float(one[sums_of.MAX_ERROR].max())
        # The heap's first entry is the best of those kept.
        entry = (-math.inf if math.isnan(quality) else -quality, -sample)
        record = SampleError(sample, quality, math.sqrt(noise / count), worst)
        if len(self._worst) < self._keep:
            heapq.heappush(self._worst, (*entry, record))
        elif self._worst and entry > self._worst[0][:2]:
            heapq.heapreplace(self._worst, (*entry, record))

    @property
    def samples(self) -> int:
        return self._samples

    def result(self) -> ErrorStats:
        """The figures so far."""
        s = self._sums
        count = s[sums_of.COUNT]
        total = max(float(count.sum()), 1.0)
        signal, real, cross, noise = (
            float(s[row].sum())
            for row in (sums_of.FLOAT_SQUARES, sums_of.REAL_SQUARES, sums_of.PRODUCTS, sums_of.ERROR_SQUARES)
        )
        rmse = math.sqrt(noise / total)
        lo, hi = self._range
        least, greatest = float(s[sums_of.LEAST].min()), float(s[sums_of.GREATEST].max())
        length = math.sqrt(signal) * math.sqrt(real)
        return ErrorStats(
            samples=self._samples,
            elements=self._elements,
            sqnr_db=float(decibel(signal, noise)),
            cosine=cross / length if length else (1.0 if noise == 0.0 else math.nan),
            rmse=rmse,
            rmse_lsb=rmse / self._scale if self._scale else None,
            max_abs=float(s[sums_of.MAX_ERROR].max()),
            bias=float(s[sums_of.ERRORS].sum()) / total,
            float_rms=math.sqrt(signal / total),
            float_min=least,
            float_max=greatest,
            clipped_lo=float(s[sums_of.BELOW].sum()) / total,
            clipped_hi=float(s[sums_of.ABOVE].sum()) / total,
            range_use=(greatest - least) / (hi - lo) if self._scale else None,
            nonfinite=self._elements - int(count.sum()),
            channels=self._channels() if self._has_channels else None,
            worst=tuple(record for *_, record in sorted(self._worst, key=lambda entry: entry[:2], reverse=True)),
            spatial=(self._squares / (self._per_bin * max(self._samples, 1))).reshape(self._map) if self._map else None,
        )

    def _channels(self) -> ChannelErrors:
        s = self._sums
        count = np.maximum(s[sums_of.COUNT], 1.0)
        return ChannelErrors(
            sqnr_db=decibel(s[sums_of.FLOAT_SQUARES], s[sums_of.ERROR_SQUARES]),
            rmse=np.sqrt(s[sums_of.ERROR_SQUARES] / count),
            bias=s[sums_of.ERRORS] / count,
            max_abs=s[sums_of.MAX_ERROR].copy(),
            clipped=(s[sums_of.BELOW] + s[sums_of.ABOVE]) / count,
            float_min=s[sums_of.LEAST].copy(),
            float_max=s[sums_of.GREATEST].copy(),
        )


def _fresh(channels: int) -> NDArray[np.float64]:
    sums = np.zeros((sums_of.ROWS, channels))
    sums[sums_of.LEAST] = math.inf
    sums[sums_of.GREATEST] = -math.inf
    return sums


def _map_bins(shape: Shape) -> tuple[NDArray[np.int32], Shape, NDArray[np.float64]]:
    """(bin of each row of [N * H * W, C], shape of the map, elements of one sample by bin)."""
    if len(shape) != 4 or 0 in shape or shape[1] * shape[2] < 2:
        return _NO_BINS, (), np.zeros(0)
    batch, height, width, channels = shape
    down, right = -(-height // _MAP), -(-width // _MAP)
    rows, columns = -(-height // down), -(-width // right)
    at = (np.arange(height)[:, None] // down) * columns + np.arange(width)[None, :] // right
    bins = np.tile(at.reshape(-1), batch).astype(np.int32)
    return bins, (rows, columns), np.bincount(bins, minlength=rows * columns).astype(np.float64) * channels

"""Streaming histograms of a tensor on both sides, whose bins widen with the values: memory stays flat."""

import math
from typing import Any

import numpy as np
from intengine_kernels.histogram import histogram
from numpy.typing import NDArray

from intengine.accuracy.metrics import real_range
from intengine.accuracy.records import Histogram
from intengine.model import Quantization, TensorType
from intengine.quantization import INTEGER_RANGE

#: Bins that a histogram has at most.
BINS = 128
#: See the kernel.
_LANES, _BLOCK = 4, 512
#: Finest bins of a tensor without a scale, against its greatest value: 2**-12.
_FINEST = -12


class TensorHistogram:
    """Counts of a tensor's values on the float and on the quantized side, in the same bins.

    Bins are 2**exponent LSB wide, and one begins half an LSB below the least integer, so that no bin holds both values
    that the tensor's range has and values that it clips. The exponent is the least for which all values fit into
    `BINS` bins. Without a scale the unit is a power of two.

    Args:
        quantization, type: of the quantized side.
    """

    def __init__(self, quantization: Quantization, type: TensorType) -> None:
        self._has_scale = quantization.scale.size == 1 and type in INTEGER_RANGE
        self._scale = float(quantization.scale[0]) if self._has_scale else 1.0
        self._range = real_range(quantization, type)
        zero_point = int(quantization.zero_point[0]) if self._has_scale and quantization.zero_point.size else 0
        least = INTEGER_RANGE[type][0] if self._has_scale else 0
        half = 0.5 if self._has_scale else 0.0
        #: A value's place in LSB is factor * value + offset; for floats, and for the quantized side's elements.
        self._places = ((1.0 / self._scale, zero_point - least + half), (1.0, half - least))
        self._exponent: int | None = 0 if self._has_scale else None
        self._start = 0
        self._counts = np.zeros((2, _LANES, BINS), np.int64)
        self._scratch = np.zeros(_BLOCK, np.int32)
        #: Zeros of each side, which have no bin before a first value gives the bins their width.
        self._zeros = np.zeros(2, np.int64)

    def add(self, real: NDArray[Any], quantized: NDArray[Any]) -> None:
        """Add one sample.

        Args:
            real: float array, in real numbers. quantized: the tensor's elements.
        """
        for side, array in enumerate((real, quantized)):
            values = np.ascontiguousarray(array).reshape(-1)
            if values.dtype.isbuiltin == 2 or values.dtype == np.float16:
                values = values.astype(np.float32)
            self._count(side, values)

    def _count(self, side: int, values: NDArray[Any]) -> None:
        factor, offset = self._places[side]
        if self._exponent is None:
            sizes = np.abs(values[np.isfinite(values)])
            greatest = float(sizes.max(initial=0.0))
            if not greatest:
                self._zeros[side] += sizes.size
                return
            self._begin(math.frexp(greatest)[1] + _FINEST)
        assert self._exponent is not None
        at = 0
        while True:
            unit = math.ldexp(1.0, -self._exponent)
            at = histogram(
                values, at, factor * unit, offset * unit, float(self._start), self._scratch, self._counts[side]
            )
            if at == values.size:
                return
            self._make_room(math.floor((factor * float(values[at]) + offset) * unit))

    def _begin(self, exponent: int) -> None:
        self._exponent = exponent
        self._counts[:, 0, 0] = self._zeros

    def _make_room(self, place: int) -> None:
        """Move the bins, and merge them in pairs if they must, so that they have the place (in today's bins)."""
        assert self._exponent is not None
        used = np.flatnonzero(self._counts.any(axis=(0, 1)))
        least = min(place, self._start + int(used[0])) if used.size else place
        greatest = max(place, self._start + int(used[-1])) if used.size else place
        shift = 0
        while (greatest >> shift) - (least >> shift) >= BINS:
            shift += 1
        middle = ((least >> shift) + (greatest >> shift) + 1) // 2
        start = middle - BINS // 2
        moved = np.zeros_like(self._counts)
        for index in used:
            moved[:, :, ((self._start + int(index)) >> shift) - start] += self._counts[:, :, index]
        self._counts, self._start, self._exponent = moved, start, self._exponent + shift

    def result(self) -> Histogram | None:
        """The counts so far, from the first to the last bin that has any; None without values."""
        if self._exponent is None:
            self._begin(0)
        used = np.flatnonzero(self._counts.any(axis=(0, 1)))
        if self._exponent is None or not used.size:
            return None
        first, last = int(used[0]), int(used[-1])
        factor, offset = self._places[0]
        real, mine = self._counts[:, :, first : last + 1].sum(axis=1)
        places = np.ldexp(np.arange(self._start + first, self._start + last + 2, dtype=np.float64), self._exponent)
        half = self._scale / 2
        lo, hi = self._range
        return Histogram(
            (places - offset) / factor if self._has_scale else places,
            real,
            mine,
            lo - half if self._has_scale else None,
            hi + half if self._has_scale else None,
        )

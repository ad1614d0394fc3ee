"""The local error of a layer, split by source so that the parts add up to it.

With stages y_0 (the float side's output), y_1, ..., y_n (the node's own output), where one source of error after
another is switched on, the parts e_i = y_i - y_{i-1} add up to the error e = y_n - y_0 exactly. Their energies do not,
since parts correlate; their shares <e_i, e> / <e, e> do add up to 1. What a part holds depends on the order, which is
that of `records.Source`: what the output range cuts off of the float values; then, everything cut to that range, the
operator in real numbers; weights; bias; inputs cut to their range; inputs rounded; and what remains, which is the
rounding of the integer operator.

Kernels take a bias for integers at input scale x weight scale, whatever scale its tensor states. Where these differ,
the bias was made for other scales: a factor that all channels share goes to the input's range, others to the weights.
"""

import math
from collections.abc import Sequence

import numpy as np
from intengine_kernels.error_sums import part_sums
from numpy.typing import NDArray

from intengine.accuracy.metrics import decibel
from intengine.accuracy.records import OWN_SOURCES, Attribution, Part, Source

_SOURCES = tuple(Source)
_OWN = np.array([source in OWN_SOURCES for source in _SOURCES])


class Energies:
    """Sums over samples of one layer's parts.

    Args:
        channels: size of the output's last axis, 1 for ranks below 2.

    Attributes:
        signal: sum of float**2. error: <e, e>, of the error as it is, not of the parts.
        count: elements. samples: how many.
    """

    def __init__(self, channels: int) -> None:
        self.channels = channels
        self.signal = self.error = 0.0
        self.count = self.samples = 0
        self._present: set[Source] = set()
        self._gram = np.zeros((len(_SOURCES), len(_SOURCES)))
        self._totals = np.zeros(len(_SOURCES))
        self._by_channel = np.zeros((len(_SOURCES), channels))

    def add(self, sources: Sequence[Source], values: Sequence[NDArray[np.float64]]) -> None:
        """Add one sample's stages; a sample with a value that is not finite is left out."""
        stages = np.stack(values)
        if not np.isfinite(stages).all():
            return
        slots = np.array([_SOURCES.index(source) for source in sources], np.int64)
        part_sums(stages, slots, np.zeros(len(_SOURCES)), self._gram, self._totals, self._by_channel)
        self._present.update(sources)
        error = stages[-1] - stages[0]
        self.error += float((error * error).sum())
        self.signal += float((stages[0] * stages[0]).sum())
        self.count += stages.shape[1]
        self.samples += 1

    @property
    def _products(self) -> NDArray[np.float64]:
        """float64[P, P], <e_i, e_j>."""
        return self._gram + np.tril(self._gram, -1).T

    @property
    def own(self) -> float:
        """Energy of the own error, the sum of the own parts."""
        return float(self._products[_OWN][:, _OWN].sum())

    def square(self, source: Source) -> float:
        """<e_i, e_i>."""
        at = _SOURCES.index(source)
        return float(self._gram[at, at])

    def mean(self, source: Source) -> float:
        """Mean of e_i."""
        return float(self._totals[_SOURCES.index(source)]) / max(self.count, 1)

    def by_channel(self, source: Source) -> NDArray[np.float64]:
        """float64[C], <e_i, e_i> by the last axis."""
        return self._by_channel[_SOURCES.index(source)]

    def share(self, source: Source) -> float:
        """<e_i, e> / <e, e>."""
        return float(self._products[_SOURCES.index(source)].sum()) / self.error if self.error else 0.0

    def own_share(self, source: Source) -> float:
        """<e_i, own error> / <own error, own error>."""
        with_own = float(self._products[_SOURCES.index(source)][_OWN].sum())
        return with_own / self.own if self.own else 0.0

    def result(self, needed: float) -> Attribution:
        """The split.

        Args:
            needed: energy that the own error has to have with these types.
        """
        parts = tuple(
            Part(
                source,
                self.share(source),
                math.sqrt(self.square(source) / max(self.count, 1)),
                float(decibel(self.signal, self.square(source))),
            )
            for source in _SOURCES
            if source in self._present
        )
        total = sum(part.share for part in parts)
        return Attribution(
            parts,
            self.samples,
            float(decibel(self.signal, self.error)),
            float(decibel(self.signal, self.own)),
            max(self.own - needed, 0.0) / self.signal if self.signal else 0.0,
            abs(1.0 - total) if self.error else 0.0,
        )

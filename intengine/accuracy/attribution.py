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
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from intengine.accuracy.metrics import decibel
from intengine.accuracy.records import OWN_SOURCES, Attribution, Part, Source


@dataclass(eq=False)
class Energies:
    """Sums over samples of one layer's parts.

    Attributes:
        signal: sum of float**2. error: <e, e>. own: energy of the own error, the sum of the own parts.
        count: elements. samples: how many.
        square, with_error, total, with_own: source -> <e_i, e_i>, <e_i, e>, sum of e_i, <e_i, own error>.
        by_channel: source -> float64[C], <e_i, e_i> by the last axis.
    """

    channels: int
    signal: float = 0.0
    error: float = 0.0
    own: float = 0.0
    count: int = 0
    samples: int = 0
    square: dict[Source, float] = field(default_factory=dict)
    with_error: dict[Source, float] = field(default_factory=dict)
    with_own: dict[Source, float] = field(default_factory=dict)
    total: dict[Source, float] = field(default_factory=dict)
    by_channel: dict[Source, NDArray[np.float64]] = field(default_factory=dict)

    def add(self, sources: Sequence[Source], values: Sequence[NDArray[np.float64]]) -> None:
        """Add one sample's stages; a sample with a value that is not finite is left out."""
        if not all(np.isfinite(value).all() for value in values):
            return
        error = values[-1] - values[0]
        parts: dict[Source, NDArray[np.float64]] = {}
        for source, before, after in zip(sources, values[:-1], values[1:], strict=True):
            _add(parts, source, after - before)
        own = np.zeros_like(error)
        for source in OWN_SOURCES:
            if source in parts:
                own += parts[source]
        self.signal += float(values[0] @ values[0])
        self.error += float(error @ error)
        self.own += float(own @ own)
        self.count += error.size
        self.samples += 1
        for source, part in parts.items():
            _add(self.square, source, float(part @ part))
            _add(self.with_error, source, float(part @ error))
            _add(self.with_own, source, float(part @ own))
            _add(self.total, source, float(part.sum()))
            rows = part.reshape(-1, self.channels)
            _add(self.by_channel, source, np.einsum("rc,rc->c", rows, rows))

    def own_share(self, source: Source) -> float:
        """<e_i, own error> / <own error, own error>."""
        return self.with_own.get(source, 0.0) / self.own if self.own else 0.0

    def result(self, needed: float) -> Attribution:
        """The split.

        Args:
            needed: energy that the own error has to have with these types.
        """
        parts = tuple(
            Part(
                source,
                self.with_error[source] / self.error if self.error else 0.0,
                math.sqrt(self.square[source] / max(self.count, 1)),
                float(decibel(self.signal, self.square[source])),
            )
            for source in Source
            if source in self.square
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


def _add(sums: dict[Source, Any], source: Source, value: Any) -> None:
    sums[source] = sums.get(source, 0.0) + value

"""What is measured, as records."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from intengine.benchmark.measure import Spread

#: The side that is always timed.
OURS = "intengine"
#: LiteRT's kernels that it may be timed against.
LITERT = ("reference", "optimized", "xnnpack")


class State(StrEnum):
    """How far a model came."""

    TIMED = "timed"
    DIFFERS = "differs"
    UNSUPPORTED = "unsupported"
    BAD_MODEL = "bad model"
    FAILED = "failed"


@dataclass(frozen=True)
class Options:
    """What is asked of one model's measurement.

    Attributes:
        against: of `LITERT`. profile: intengine's arithmetic, checked against the runtime it is that of.
        seconds: per model, and once more for `ops`. threads: of either side, and cores that they get.
        batch: inputs in one run. ops: whether to time each operator. trace: whether to take a trace of one run.
    """

    against: tuple[str, ...] = LITERT
    profile: str = "litert-reference"
    seconds: float = 2.0
    threads: int = 1
    batch: int = 1
    ops: bool = False
    trace: bool = False


@dataclass(frozen=True)
class Work:
    """Multiply-accumulates by the operands that they multiply ("int8", "int16", "float32").

    Integer products of a wider and a narrower operand count for the wider.
    """

    macs: Mapping[str, int]

    @property
    def total(self) -> int:
        return sum(self.macs.values())

    def least_ms(self, peaks: Mapping[str, float]) -> float:
        """How long it takes at the core's peak, in GMAC/s."""
        return sum(1e-6 * count / peaks[kind] for kind, count in self.macs.items() if count)


@dataclass(frozen=True)
class NodeResult:
    """One node: in the model's run for intengine, as a model of its own for the others.

    Attributes:
        inputs, outputs: types and shapes. times: side -> milliseconds. macs: of the batch.
        gmacs: GMAC/s of intengine. share: of the core's peak; None without products.
    """

    node: int
    op: str
    name: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    macs: int
    times: Mapping[str, Spread]
    gmacs: float | None = None
    share: float | None = None


@dataclass(frozen=True)
class ModelResult:
    """One model.

    Attributes:
        model: name of its file. path: as given. note: why it was not timed, or what could not be checked.
        equal: whether all outputs equal those of the profile's runtime; None where that could not be asked.
        macs: of a run. times: side -> milliseconds of a run, inputs in and outputs out.
        gmacs: side -> GMAC/s. share: side -> share of the peak of the cores it has.
        nodes: with `ops`. trace: events, with `trace`.
    """

    model: str
    path: str
    state: State
    note: str = ""
    equal: bool | None = None
    macs: int = 0
    times: Mapping[str, Spread] = field(default_factory=dict)
    gmacs: Mapping[str, float] = field(default_factory=dict)
    share: Mapping[str, float] = field(default_factory=dict)
    nodes: Sequence[NodeResult] = ()
    trace: Sequence[Mapping[str, Any]] = ()

    def ratio(self, side: str) -> float | None:
        """How many times as fast as `side` intengine is; None if either was not timed."""
        if side not in self.times or OURS not in self.times:
            return None
        return self.times[side].median / self.times[OURS].median


@dataclass(frozen=True)
class About:
    """The machine and the versions that a measurement is of.

    Attributes:
        peaks: operands -> measured GMAC/s of one core. load: processes that wanted a core in the last minute, where
            the system tells it; above 1 for each core in use, times are those of a busy machine.
    """

    machine: str
    system: str
    python: str
    versions: Mapping[str, str]
    instruction_set: str
    peaks: Mapping[str, float]
    options: Options
    load: float | None = None

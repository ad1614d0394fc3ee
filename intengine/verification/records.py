"""What a verification found, as immutable records."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from intengine.comparison import TensorReport, Verdict


class Role(StrEnum):
    """Of one node, as far as the other side lets it be known."""

    EXACT = "exact"
    CULPRIT = "culprit"
    PROPAGATED = "propagated"
    UNDECIDED = "undecided"
    UNSEEN = "not seen"


class Cause(StrEnum):
    """What kind of difference a culprit makes."""

    NONE = ""
    ROUNDING = "rounding"
    NEAR = "near"
    STRUCTURAL = "structural"


#: A culprit whose integers are at most this far off is near; farther, or of another shape, is structural.
NEAR_LSB = 2
#: Differences beyond this many LSB are counted together at the ends of a histogram.
HISTOGRAM_LSB = 8


@dataclass(frozen=True)
class NodeReport:
    """One node over all runs.

    Attributes:
        node, op, name: of the node; the name is its first output's.
        role: exact: every output seen is equal, or would be with the other side's inputs. culprit: differs although
            both sides had the same inputs. propagated: differs only because its inputs do. undecided: differs, and
            the other side does not show all its inputs. not seen: the other side shows none of its outputs.
        cause: of a culprit: rounding (every difference is what a known profile computes), near (integers at most
            NEAR_LSB apart), structural (anything else).
        profiles: names of the profiles that give the other side's bytes in every run, for a culprit.
        elements, differing: of its outputs, as compared; alone on the same inputs where that was done.
        max_lsb: greatest distance of integer outputs; of float ones in units in the last place.
        histogram: of differing integers, other side minus this one in LSB -> elements; HISTOGRAM_LSB stands for that or
            more.
        worst: (tensor, index, here, there) of the greatest distance, or None.
        alone: whether it was also run alone, on the same inputs as the other side's.
    """

    node: int
    op: str
    name: str
    role: Role = Role.UNSEEN
    cause: Cause = Cause.NONE
    profiles: tuple[str, ...] = ()
    elements: int = 0
    differing: int = 0
    max_lsb: int = 0
    histogram: Mapping[int, int] = field(default_factory=dict)
    worst: tuple[int, tuple[int, ...], Any, Any] | None = None
    alone: bool = False

    @property
    def verdict(self) -> str:
        """In a few words."""
        if self.role is not Role.CULPRIT:
            return str(self.role)
        if self.cause is Cause.ROUNDING:
            return f"culprit: computes as {' or '.join(self.profiles)}"
        if self.cause is Cause.NEAR:
            return f"culprit: within {self.max_lsb} {'LSB' if self.histogram else 'ulp'}"
        return "culprit: structural"


@dataclass(frozen=True)
class FirstDifference:
    """Where a model first goes another way: which run (from 0), and the tensor."""

    run: int
    tensor: TensorReport

    def __str__(self) -> str:
        return f"run {self.run}, {self.tensor}"


@dataclass(frozen=True)
class VerifyResult:
    """All runs of one model together.

    Attributes:
        model: its path, "" for bytes.
        profile: of this engine. reference: the other side and its version. way: how the other side was looked into.
        inputs: runs made. inputs_from: where their values came from.
        tensors: for each computed tensor in order of computation, the sums (elements, bytes, differing) and maxima over
            all runs; `first` and `values` are of the first run in which it differed, the verdict is the worst.
        nodes: in order of computation.
        not_shown: tensors that the other side cannot show (handles, strings, or not materialized); not compared.
        quirks: LiteRT's quirks -> nodes whose results may depend on them; `ops.QUIRKS` says what they are.
        first_difference: the earliest run's first tensor beyond its tolerance, or None.
        engine_seconds, reference_seconds: spent running, with keeping every tensor.
    """

    model: str
    profile: str
    reference: str
    way: str
    inputs: int
    inputs_from: str
    tensors: tuple[TensorReport, ...]
    nodes: tuple[NodeReport, ...]
    not_shown: tuple[int, ...]
    quirks: Mapping[str, tuple[int, ...]]
    first_difference: FirstDifference | None
    engine_seconds: float
    reference_seconds: float

    @property
    def ok(self) -> bool:
        """Whether no tensor differs beyond its tolerance in any run."""
        return self.first_difference is None

    @property
    def identical(self) -> bool:
        """Whether everything compared is equal bit for bit."""
        return not self.integer_differing and not self.float_differing and self.ok

    @property
    def culprits(self) -> tuple[NodeReport, ...]:
        """Nodes that compute something else from the same inputs."""
        return tuple(node for node in self.nodes if node.role is Role.CULPRIT)

    @property
    def integer_bytes(self) -> int:
        return sum(tensor.nbytes for tensor in self.tensors if not tensor.is_float)

    @property
    def integer_elements(self) -> int:
        return sum(tensor.elements for tensor in self.tensors if not tensor.is_float)

    @property
    def integer_differing(self) -> int:
        return sum(tensor.differing for tensor in self.tensors if not tensor.is_float)

    @property
    def float_elements(self) -> int:
        return sum(tensor.elements for tensor in self.tensors if tensor.is_float)

    @property
    def float_differing(self) -> int:
        return sum(tensor.differing for tensor in self.tensors if tensor.is_float)

    @property
    def max_ulp(self) -> int:
        """Greatest distance of two floats, 0 without floats."""
        return max((tensor.max_ulp or 0 for tensor in self.tensors), default=0)

    @property
    def max_abs_float(self) -> float:
        return max((tensor.max_abs for tensor in self.tensors if tensor.is_float), default=0.0)

    @property
    def tolerated(self) -> int:
        """Tensors that differ within a stated tolerance."""
        return sum(tensor.verdict is Verdict.WITHIN for tensor in self.tensors)

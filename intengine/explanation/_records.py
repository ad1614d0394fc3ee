"""What an explanation says."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from html import escape
from typing import Any

import numpy as np

from intengine.inside import At, Element

SCHEMA = "intengine.explanation/1"
_SHOWN = 12


@dataclass(frozen=True)
class Read:
    """A tensor that the node reads or writes, as it counts for the element.

    Attributes:
        index, name, type, shape: of the tensor.
        scale, zero_point: per tensor, or of the element's channel; None without quantization.
    """

    index: int
    name: str
    type: str
    shape: tuple[int, ...]
    scale: float | None
    zero_point: int | None


@dataclass(frozen=True)
class ProfileValue:
    """The element under one profile, from the same inputs.

    Attributes:
        profile, runtime, evidence: of the profile. rule: how it rounds here.
        value: None where that profile does not run the node; `rule` then says why.
        agrees: whether it is the explained profile's value.
    """

    profile: str
    runtime: str
    evidence: str
    rule: str
    value: int | float | None
    agrees: bool


@dataclass(frozen=True, eq=False)
class Explanation:
    """One element of one node's output.

    Attributes:
        node, op: which node. signature: its types.
        profile: whose arithmetic. at: place in the output.
        inputs, output: tensors.
        element: taps and steps.
        traced: what the engine gave in the run.
        rules: the value under each rounding rule that the accumulator allows, whatever the profile.
        profiles: the value under each profile.
        elements: profile -> taps and steps.
    """

    node: int
    op: str
    signature: str
    profile: str
    at: At
    inputs: tuple[Read, ...]
    output: Read
    element: Element
    traced: int | float
    rules: Mapping[str, int]
    profiles: tuple[ProfileValue, ...]
    elements: Mapping[str, Element]

    @property
    def value(self) -> int | float:
        """The element as computed here."""
        return self.element.value

    @property
    def real(self) -> float:
        """The real number that it stands for."""
        return self._real(float(self.value))

    @property
    def exact_real(self) -> float | None:
        """The real number that neither rounding nor clamping would give."""
        return None if self.element.exact is None else self._real(float(self.element.exact))

    @property
    def matches(self) -> bool:
        """Whether the engine gave the same; of float32 sums, whose order is the engine's, whether it came near."""
        if self.value == self.traced or (np.isnan(self.value) and np.isnan(self.traced)):
            return True
        if self.element.is_bitwise:
            return False
        reach = sum(abs(tap.product) for tap in self.element.taps) + abs(self.element.accumulator)
        return bool(abs(self.value - self.traced) <= reach * len(self.element.taps) * 2.0**-23)

    @property
    def agreeing(self) -> tuple[str, ...]:
        """Profiles that give this value."""
        return tuple(found.profile for found in self.profiles if found.agrees)

    def _real(self, steps: float) -> float:
        if self.output.scale is None:
            return steps
        return (steps - (self.output.zero_point or 0)) * self.output.scale

    def as_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {
            "schema": SCHEMA,
            "node": self.node,
            "op": self.op,
            "signature": self.signature,
            "at": list(self.at),
            "profile": self.profile,
            "value": self.value,
            "traced": self.traced,
            "matches": self.matches,
            "real": self.real,
            "exact_real": self.exact_real,
            "inputs": [asdict(read) for read in self.inputs],
            "output": asdict(self.output),
            **_element(self.element),
            "rules": dict(self.rules),
            "profiles": [
                asdict(found) | {"stages": _stages(self.elements.get(found.profile))} for found in self.profiles
            ],
        }

    def _repr_html_(self) -> str:
        """For notebooks: the steps, the profiles, the greatest taps."""
        title = f"node {self.node} {self.op} at {list(self.at)}: {self.value} ({self.profile})"
        return "".join([
            f"<p><b>{escape(title)}</b></p>",
            _html(("step", "formula", "value"), ((s.name, s.formula, s.value) for s in self.element.stages)),
            _html(("profile", "value", "rounding"), ((p.profile, p.value, p.rule) for p in self.profiles)),
            _html(("at", "stored", "product"), ((t.at, t.values, t.product) for t in greatest(self.element, _SHOWN))),
        ])  # fmt: skip


def greatest(element: Element, count: int) -> list[Any]:
    """The taps of greatest magnitude, in their own order."""
    taps = element.taps
    order = sorted(range(len(taps)), key=lambda i: -abs(taps[i].product))[:count]
    return [taps[i] for i in sorted(order)]


def _element(element: Element) -> dict[str, Any]:
    return {
        "accumulator": element.accumulator,
        "multiplier": None if element.multiplier is None else float(element.multiplier),
        "exact": None if element.exact is None else float(element.exact),
        "unclamped": element.unclamped,
        "lo": element.lo,
        "hi": element.hi,
        "rule": element.rule,
        "is_bitwise": element.is_bitwise,
        "stages": _stages(element),
        "taps": [{"at": tap.at, "values": tap.values, "product": tap.product} for tap in element.taps],
    }


def _stages(element: Element | None) -> list[dict[str, Any]] | None:
    return None if element is None else [asdict(stage) for stage in element.stages]


def _html(columns: tuple[str, ...], rows: Iterator[tuple[object, ...]]) -> str:
    head = "".join(f"<th>{escape(name)}</th>" for name in columns)
    body = "".join("<tr>" + "".join(f"<td>{escape(str(cell))}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table><tr>{head}</tr>{body}</table>"

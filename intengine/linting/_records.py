"""What a rule finds."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Severity(StrEnum):
    """How much a finding matters."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


@dataclass(frozen=True)
class Finding:
    """One place that breaks a rule.

    Attributes:
        rule: its id. severity: of this finding.
        message: what was found and what the rule is, with numbers.
        subgraph, node, op: where; node is None and op empty for a tensor by itself.
        tensor, name: the tensor, None where it is about the whole node.
        details: numbers for programs, as channels or a counter-example.
    """

    rule: str
    severity: Severity
    message: str
    subgraph: int
    node: int | None = None
    op: str = ""
    tensor: int | None = None
    name: str = ""
    details: Mapping[str, Any] = field(default_factory=dict)

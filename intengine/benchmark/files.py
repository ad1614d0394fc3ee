"""Results as files: JSON that can be compared later, and Chrome traces."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from intengine.benchmark.measure import Spread
from intengine.benchmark.overhead import Overhead
from intengine.benchmark.records import OURS, About, ModelResult
from intengine.benchmark.startup import Startup
from intengine.errors import InputError
from intengine.plain import plain

FORMAT, VERSION = "intengine-bench", 1


def as_data(
    about: About, results: Sequence[ModelResult], overhead: Sequence[Overhead] = (), startup: Sequence[Startup] = ()
) -> dict[str, Any]:
    """Everything but the traces, as JSON data; times are milliseconds."""
    models = [plain(result) for result in results]
    for model in models:
        del model["trace"]
    return {
        "format": FORMAT,
        "version": VERSION,
        "about": plain(about),
        "models": models,
        "overhead": plain(overhead),
        "startup": plain(startup),
    }


def trace(results: Iterable[ModelResult]) -> dict[str, Any]:
    """A trace of one run of each model, a process for each, as Perfetto and chrome://tracing read it."""
    events: list[dict[str, Any]] = []
    for process, result in enumerate(results, 1):
        events.append({"name": "process_name", "ph": "M", "pid": process, "args": {"name": result.model}})
        events += [{**event, "pid": process} for event in result.trace]
    return {"displayTimeUnit": "ms", "traceEvents": events}


def read(path: Path) -> dict[str, Any]:
    """What `as_data` made.

    Raises:
        InputError: if the file is something else.
    """
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"Results of a benchmark must be a readable JSON file; {str(path)!r}: {error}.") from error
    if not isinstance(data, dict) or data.get("format") != FORMAT or data.get("version") != VERSION:
        raise InputError(
            f"Results must be what `intengine bench --json` wrote, version {VERSION}; {str(path)!r} is not."
        )
    return data


@dataclass(frozen=True)
class Change:
    """One time of two results.

    Attributes:
        model: name of its file. node: None for the whole model. op: of the node.
        before, after: milliseconds, or multiples of another side's median. ratio: after / before.
        is_beyond: whether the quartiles of the two do not meet.
    """

    model: str
    node: int | None
    op: str
    before: Spread
    after: Spread
    ratio: float
    is_beyond: bool


def changes(before: dict[str, Any], after: dict[str, Any], *, relative_to: str = "") -> list[Change]:
    """intengine's times of all models and nodes that both results have.

    Args:
        relative_to: a side; times are divided by its median, so that a slower machine is not a slower engine.

    Raises:
        InputError: if no model was timed in both, with that side, or under another profile or batch.
    """
    for option in ("profile", "batch"):
        pair = [data["about"]["options"][option] for data in (before, after)]
        if pair[0] != pair[1]:
            raise InputError(f"Both results must have the same {option}; they have {pair[0]} and {pair[1]}.")
    found = []
    theirs = {model["path"]: model for model in after["models"]}
    for model in before["models"]:
        other = theirs.get(model["path"])
        if other is None:
            continue
        nodes = {node["node"]: node for node in other["nodes"]}
        pairs = [(model, other, None, "")]
        pairs += [(n, nodes[n["node"]], n["node"], n["op"]) for n in model["nodes"] if n["node"] in nodes]
        for a, b, node, op in pairs:
            first, second = (_relative(one["times"], relative_to) for one in (a, b))
            if first and second:
                found.append(_change(model["model"], node, op, first, second))
    if not found:
        also = f" and {relative_to}" if relative_to else ""
        raise InputError(f"Both results must have a model for which {OURS}{also} was timed; they have none in common.")
    return found


def _relative(times: dict[str, dict[str, Any]], side: str) -> Spread | None:
    if OURS not in times or (side and side not in times):
        return None
    unit = times[side]["median"] if side else 1.0
    ours = times[OURS]
    return Spread(ours["median"] / unit, ours["low"] / unit, ours["high"] / unit, ours["samples"])


def _change(model: str, node: int | None, op: str, before: Spread, after: Spread) -> Change:
    is_beyond = after.low > before.high or after.high < before.low
    return Change(model, node, op, before, after, after.median / before.median, is_beyond)

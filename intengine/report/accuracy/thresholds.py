"""Limits that a comparison must keep, from a TOML or JSON file; docs/accuracy.md has an example.

[model]      min_coverage, min_agreement, min_accuracy, max_accuracy_drop
[[output]]   name; min_sqnr_db
[[layer]]    name, op, node, error; min_ or max_ with a figure of the error, or with severity
"""

import json
import math
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from intengine.accuracy.records import Comparison, Layer
from intengine.errors import InputError

_MODEL = ("coverage", "agreement", "accuracy", "accuracy_drop")
_OUTPUT = ("sqnr_db",)
_STATS = ("sqnr_db", "cosine", "rmse", "rmse_lsb", "max_abs", "bias", "clipped", "range_use", "nonfinite")
_LAYER = (*_STATS, "severity")
_ERRORS = ("local", "propagated")


@dataclass(frozen=True)
class Limit:
    """figure >= bound or figure <= bound."""

    figure: str
    least: bool
    bound: float

    def __str__(self) -> str:
        return f"{self.figure} {'>=' if self.least else '<='} {self.bound:g}"

    def holds(self, value: float) -> bool:
        return value >= self.bound if self.least else value <= self.bound


@dataclass(frozen=True)
class Rule:
    """Limits for what fits all that is given.

    Attributes:
        name: of tensors or outputs, with * and ?. op: operator. node: index; None for any.
        error: whose figures, "local" or "propagated".
    """

    limits: tuple[Limit, ...]
    name: str = "*"
    op: str = "*"
    node: int | None = None
    error: str = "local"

    def fits(self, layer: Layer) -> bool:
        here = self.node is None or self.node == layer.node
        return here and fnmatchcase(layer.name, self.name) and fnmatchcase(layer.op, self.op)

    def __str__(self) -> str:
        given = [f"{key} {value!r}" for key, value in (("name", self.name), ("op", self.op)) if value != "*"]
        return " and ".join(given + ([f"node {self.node}"] if self.node is not None else [])) or "any"


@dataclass(frozen=True)
class Thresholds:
    """Limits of the whole model, of outputs and of layers."""

    model: tuple[Limit, ...] = ()
    outputs: tuple[Rule, ...] = ()
    layers: tuple[Rule, ...] = ()


@dataclass(frozen=True)
class Check:
    """One limit on one thing.

    Attributes:
        group: "model", "output" or an operator. name: what was judged. limit: in words.
        value: the figure; None if there is none. passed: None if there is no figure to judge.
    """

    group: str
    name: str
    limit: str
    value: float | None
    passed: bool | None

    def __str__(self) -> str:
        found = "there is no such figure" if self.value is None else f"it is {self.value:.4g}"
        return f"{self.name}: {self.limit}; {found}"


# -- reading ------------------------------------------------------------------------------------------------------


def load_thresholds(path: Path) -> Thresholds:
    """Read a file of limits.

    Raises:
        InputError: if it cannot be read, or says something that is no limit.
    """
    try:
        text = path.read_text(encoding="utf-8")
        data = json.loads(text) if path.suffix == ".json" else tomllib.loads(text)
    except (OSError, ValueError) as error:
        raise InputError(f"Thresholds must be a TOML or JSON file; {path}: {error}.") from None
    try:
        return _thresholds(data)
    except InputError as error:
        error.add_note(f"in {path}")
        raise


def _thresholds(data: Any) -> Thresholds:
    if not isinstance(data, dict):
        raise InputError("Thresholds must have the tables model, output and layer.")
    _no_others(data, ("model", "output", "layer"), "Thresholds")
    model, outputs, layers = data.get("model", {}), data.get("output", []), data.get("layer", [])
    if not isinstance(model, dict) or not all(_is_rules(rules) for rules in (outputs, layers)):
        raise InputError("Thresholds must have one table model, and lists of tables output and layer.")
    found = Thresholds(
        _limits(model, _MODEL, "model"),
        tuple(_rule(one, ("name",), _OUTPUT, "output") for one in outputs),
        tuple(_rule(one, ("name", "op", "node", "error"), _LAYER, "layer") for one in layers),
    )
    if not (found.model or found.outputs or found.layers):
        raise InputError("Thresholds must have a limit; there is none.")
    return found


def _is_rules(rules: Any) -> bool:
    return isinstance(rules, list) and all(isinstance(rule, dict) for rule in rules)


def _rule(data: Mapping[str, Any], keys: tuple[str, ...], figures: tuple[str, ...], what: str) -> Rule:
    given = {key: data[key] for key in keys if key in data}
    for key, value in given.items():
        wanted = int if key == "node" else str
        if not isinstance(value, wanted) or isinstance(value, bool):
            raise InputError(f"{key} of a {what} must be {'a number' if wanted is int else 'a text'}; got {value!r}.")
    if given.get("error", "local") not in _ERRORS:
        raise InputError(f"error of a layer must be local or propagated; got {given['error']!r}.")
    limits = _limits({key: value for key, value in data.items() if key not in keys}, figures, what)
    if not limits:
        raise InputError(f"Every {what} must have a limit; {dict(data)!r} has none.")
    return Rule(limits, **given)


def _limits(data: Mapping[str, Any], figures: tuple[str, ...], what: str) -> tuple[Limit, ...]:
    _no_others(data, [f"{end}_{name}" for name in figures for end in ("min", "max")], f"Limits of a {what}")
    for key, value in data.items():
        if not isinstance(value, int | float) or isinstance(value, bool) or math.isnan(value):
            raise InputError(f"A limit must be a number; {key} is {value!r}.")
    return tuple(Limit(key[4:], key.startswith("min_"), float(value)) for key, value in data.items())


def _no_others(data: Mapping[str, Any], known: Any, what: str) -> None:
    unknown = [key for key in data if key not in known]
    if unknown:
        raise InputError(f"{what} must be {', '.join(known)}; got {', '.join(map(repr, unknown))}.")


# -- judging ------------------------------------------------------------------------------------------------------


def check(found: Comparison, thresholds: Thresholds) -> tuple[Check, ...]:
    """Every limit on everything that it is for; a rule that fits nothing fails."""
    return tuple(_checks(found, thresholds))


def _checks(found: Comparison, thresholds: Thresholds) -> Iterator[Check]:
    whole = _model_figures(found)
    for limit in thresholds.model:
        yield _judge("model", "model", limit, str(limit), whole[limit.figure])
    for rule in thresholds.outputs:
        named = {name: sqnr for name, sqnr in found.outputs.items() if fnmatchcase(name, rule.name)}
        for name, sqnr in named.items():
            for limit in rule.limits:
                yield _judge("output", name, limit, str(limit), sqnr)
        if not named:
            yield Check("output", str(rule), "an output that the rule is for", None, False)
    for rule in thresholds.layers:
        layers = [layer for layer in found.layers if rule.fits(layer)]
        for layer in layers:
            for limit in rule.limits:
                name = f"{'input' if layer.node < 0 else f'node {layer.node}'} {layer.name}"
                text = str(limit) if limit.figure == "severity" else f"{rule.error} {limit}"
                yield _judge(layer.op, name, limit, text, _figure(layer, rule.error, limit.figure))
        if not layers:
            yield Check("layer", str(rule), "a layer that the rule is for", None, False)


def _model_figures(found: Comparison) -> dict[str, float | None]:
    answers = found.agreement
    real, ours = (answers.float_accuracy, answers.quantized_accuracy) if answers else (None, None)
    return {
        "coverage": found.alignment.coverage,
        "agreement": answers.agreement if answers else None,
        "accuracy": ours,
        "accuracy_drop": real - ours if real is not None and ours is not None else None,
    }


def _figure(layer: Layer, error: str, name: str) -> float | None:
    if name == "severity":
        return layer.severity
    stats = layer.local if error == "local" else layer.propagated
    if stats is None:
        return None
    if name == "clipped":
        return stats.clipped_lo + stats.clipped_hi
    value: float | None = getattr(stats, name)
    return abs(value) if name == "bias" and value is not None else value


def _judge(group: str, name: str, limit: Limit, text: str, value: float | None) -> Check:
    known = value is not None and not math.isnan(value)
    return Check(
        group, name, text, value if known else None, limit.holds(value) if known and value is not None else None
    )

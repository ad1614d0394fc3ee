"""The smallest set of operators to run in float32 so that a model is good again."""

import math
import operator
import re
import shlex
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from intengine.accuracy.experiment import Experiment, Metric, Scores
from intengine.errors import InputError
from intengine.plain import plain
from intengine.runners import RunnerError, write_npz
from intengine.writer import dump

#: Name and version of what `to_json` writes.
SCHEMA = "intengine.accuracy.bisect/1"
_COMPARED = {">=": operator.ge, ">": operator.gt}


@dataclass(frozen=True)
class Check:
    """A metric with what it has to reach, as in "sqnr>=30"."""

    metric: Metric
    sign: str
    bound: float

    def __str__(self) -> str:
        return f"{self.metric.value}{self.sign}{self.bound:g}"

    def passes(self, scores: Scores) -> bool:
        return bool(_COMPARED[self.sign](scores.value(self.metric), self.bound))


def parse_check(text: str) -> Check:
    """A check from its text.

    Raises:
        InputError: for another form.
    """
    found = re.fullmatch(r"\s*(\w+)\s*(>=|>)\s*([-+.\w]+)\s*", text)
    try:
        if found is None:
            raise ValueError
        check = Check(Metric(found[1].lower()), found[2], float(found[3]))
        if not math.isfinite(check.bound):
            raise ValueError
    except ValueError:
        raise InputError(
            f'A check is written "sqnr>=30", "agreement>=0.99" or "accuracy>=0.9"; got {text!r}.'
        ) from None
    return check


class Command:
    """A user's program that tells good from bad: called as `program MODEL OUTPUTS`, exit code 0 is good.

    MODEL is a .tflite of the candidate with the original's inputs and outputs, OUTPUTS an .npz with what this engine
    computes with it: output name -> [samples, ...].

    Args:
        text: as a shell would split it; nothing of it is given to a shell.
        seconds: how long one call may take.

    Raises:
        InputError: for an empty or unfinished command.
    """

    def __init__(self, text: str, *, seconds: float = 3600.0) -> None:
        try:
            self.words = shlex.split(text)
        except ValueError as error:
            raise InputError(f"A command must be what a shell can split; got {text!r}: {error}.") from error
        if not self.words:
            raise InputError("A command must name a program; it is empty.")
        self.seconds = seconds

    def __str__(self) -> str:
        return shlex.join(self.words)

    def passes(self, experiment: Experiment, nodes: Sequence[int]) -> bool:
        """Whether the program likes the model with these nodes in float32.

        Raises:
            RunnerError: if it cannot be started, is killed or takes too long.
        """
        model = experiment.floatized(nodes, keep_borders=True).model
        with tempfile.TemporaryDirectory(prefix="intengine-") as folder:
            paths = Path(folder) / "model.tflite", Path(folder) / "outputs.npz"
            paths[0].write_bytes(dump(model))
            write_npz(paths[1], experiment.outputs(model))
            try:
                done = subprocess.run(
                    [*self.words, *map(str, paths)],
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    timeout=self.seconds,
                    check=False,
                )
            except OSError as error:
                raise RunnerError(f"A command must be a program that can be started; {error}.", crashed=True) from error
            except subprocess.TimeoutExpired:
                raise RunnerError(
                    f"A command must end within {self.seconds:g} seconds; {self.words[0]} did not.", crashed=True
                ) from None
        if done.returncode < 0:
            raise RunnerError(
                f"A command must end by itself; {self.words[0]} ended by signal {-done.returncode}.", crashed=True
            )
        return done.returncode == 0


@dataclass(frozen=True)
class Step:
    """One question that was asked: these nodes in float32, and whether that is good. `scores` is None for a command."""

    nodes: tuple[int, ...]
    good: bool
    scores: Scores | None
    phase: str


@dataclass(frozen=True)
class Bisection:
    """What a search found.

    Attributes:
        check: what had to be reached. method: "binary" or "linear".
        reached: whether any set reaches it; if not, not even all operators in float32 do.
        nodes: the set, in the order of the graph; empty if the model is good as it is. No operator of it can be taken
            out alone. Where `reached` is False, every operator that can be float32.
        quantized, all_float, found: scores of the model as it is, with all operators in float32, and with the set.
        order: all candidates, the one that costs most by itself first. sensitivity: node -> SQNR in dB of the outputs
            with it alone quantized.
        steps: every question with its answer, in order.
        checks: how often the check was asked. runs: evaluations of the data in all, the ranking's included.
        refused: node -> why it cannot be float32.
        notes: what was assumed.
    """

    check: str
    method: str
    reached: bool
    nodes: tuple[int, ...]
    quantized: Scores
    all_float: Scores
    found: Scores
    order: tuple[int, ...] = ()
    sensitivity: dict[int, float] = field(default_factory=dict)
    steps: tuple[Step, ...] = ()
    runs: int = 0
    refused: dict[int, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def checks(self) -> int:
        return len(self.steps)

    def to_json(self) -> dict[str, Any]:
        """All of it as JSON data; infinities are "inf" and "-inf"."""
        return {"schema": SCHEMA, **plain(self), "checks": self.checks}


def bisect(
    experiment: Experiment,
    check: Check | Command,
    *,
    method: str = "binary",
    ranking: Experiment | None = None,
) -> Bisection:
    """Find a smallest set of operators whose float32 makes the check pass.

    Operators are ranked by what each costs by itself: the SQNR with it alone quantized. Then the shortest good
    beginning of that order is found, by halving (O(log n) checks) or by adding one after the other (O(n)), and every
    operator that can be taken out again is (O(k) for each round, until none can). The search supposes that more
    float32 is not worse; the set found was checked itself, and so was that no operator of it can be missing.

    Args:
        method: "binary" or "linear".
        ranking: the same model with less data, for ranking alone; by default the experiment itself.

    Raises:
        InputError: for another method.
    """
    if method not in ("binary", "linear"):
        raise InputError(f'A method must be "binary" or "linear"; got {method!r}.')
    search = _Search(experiment, check)
    everything = experiment.candidates
    order: tuple[int, ...] = ()
    sensitivity: dict[int, float] = {}
    reached, nodes = True, tuple[int, ...]()
    if not search.good((), "as it is"):
        nodes = everything
        reached = bool(everything) and search.good(everything, "all")
        if reached:
            ranker = ranking or experiment
            whole = set(everything)
            sensitivity = {node: ranker.score(whole - {node}).sqnr for node in everything}
            order = tuple(sorted(everything, key=lambda node: (sensitivity[node], node)))
            nodes = search.pruned(search.beginning(order, method))
    nodes = tuple(sorted(nodes))
    runs = 0 if ranking is None or ranking is experiment else ranking.runs
    as_it_is, whole_score, found = (experiment.score(chosen) for chosen in ((), everything, nodes))
    return Bisection(
        str(check), method, reached, nodes, as_it_is, whole_score, found, order, sensitivity, tuple(search.steps),
        experiment.runs + runs, dict(experiment.refused), experiment.data.notes,
    )  # fmt: skip


class _Search:
    def __init__(self, experiment: Experiment, check: Check | Command) -> None:
        self._experiment, self._check = experiment, check
        self._known: dict[frozenset[int], bool] = {}
        self.steps: list[Step] = []

    def good(self, nodes: Sequence[int], phase: str) -> bool:
        key = frozenset(nodes)
        if key not in self._known:
            scores = None
            if isinstance(self._check, Check):
                scores = self._experiment.score(key)
                good = self._check.passes(scores)
            else:
                good = self._check.passes(self._experiment, tuple(key))
            self._known[key] = good
            self.steps.append(Step(tuple(sorted(key)), good, scores, phase))
        return self._known[key]

    def beginning(self, order: Sequence[int], method: str) -> tuple[int, ...]:
        """The shortest beginning of the order that is good; the whole of it is."""
        if method == "linear":
            count = next(n for n in range(1, len(order) + 1) if self.good(order[:n], "adding"))
            return tuple(order[:count])
        bad, good = 0, len(order)
        while good - bad > 1:
            middle = (bad + good) // 2
            if self.good(order[:middle], "halving"):
                good = middle
            else:
                bad = middle
        return tuple(order[:good])

    def pruned(self, nodes: Sequence[int]) -> tuple[int, ...]:
        """The nodes without those that can be taken out, the least sensitive tried first, until none can."""
        kept, before = list(nodes), 0
        while len(kept) != before:
            before = len(kept)
            for node in reversed(nodes):
                less = [other for other in kept if other != node]
                if less and len(less) < len(kept) and self.good(less, "taking out"):
                    kept = less
        return tuple(kept)

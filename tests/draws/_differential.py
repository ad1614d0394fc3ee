"""A drawn problem through LiteRT and intengine: what came of it."""

from collections import Counter
from dataclasses import dataclass, field
from enum import Enum

import numpy as np

from intengine.errors import IntEngineError
from intengine.runners.litert import RunnerError
from tests.cases import Problem
from tests.compare import assert_same
from tests.sides import RESOLVERS, LiteRT, engine_outputs, litert_outputs


class Outcome(Enum):
    """What two runtimes made of one problem."""

    EQUAL = "equal"
    LITERT_REFUSED = "refused by LiteRT"
    LITERT_CRASHED = "crashed LiteRT"


@dataclass
class Tally:
    """Counts over many problems of one key.

    Attributes:
        outcomes: how often each came. compared: bytes of outputs compared.
        crashes: names of exit codes of LiteRT's process. refusals: first lines of LiteRT's messages.
    """

    outcomes: Counter[Outcome] = field(default_factory=Counter)
    compared: int = 0
    refusals: Counter[str] = field(default_factory=Counter)


class Sides:
    """LiteRT, whose processes are kept, and intengine."""

    def __init__(self) -> None:
        self.litert = LiteRT()

    def close(self) -> None:
        self.litert.close()

    def compare(self, problem: Problem, tally: Tally, profile: str = "litert-reference") -> Outcome:
        """Run a problem on both sides, here under a profile and in LiteRT as that profile has it.

        LiteRT's reference kernels lack some operators; under their profile a problem names the ones that have them.

        Raises:
            AssertionError: if intengine differs from LiteRT, or refuses what LiteRT runs.
        """
        outcome = Outcome.EQUAL
        expected: list[np.ndarray] = []
        try:
            resolver = problem.resolver if profile == "litert-reference" else RESOLVERS[profile]
            expected = litert_outputs(problem, self.litert[resolver])
        except RunnerError as error:
            outcome = Outcome.LITERT_CRASHED if error.crashed else Outcome.LITERT_REFUSED
            tally.refusals[str(error).split("\n")[0][:120]] += 1
        try:
            found = engine_outputs(problem, profile)
        except IntEngineError as error:
            if outcome is Outcome.EQUAL:
                raise AssertionError(f"{problem.name}: LiteRT runs it, intengine refuses: {error}") from error
            found = []
        if outcome is Outcome.EQUAL:
            assert len(found) == len(expected)
            for got, wanted in zip(found, expected, strict=True):
                assert_same(got, wanted, problem)
                tally.compared += wanted.nbytes
        tally.outcomes[outcome] += 1
        return outcome

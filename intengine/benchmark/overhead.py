"""What calling an operator costs, whatever it computes: chains of tiny operators, short and long."""

from dataclasses import dataclass
from functools import partial

import numpy as np

from intengine.benchmark.measure import interleave
from intengine.interpreter import Interpreter
from intengine.model import Model
from intengine.writer import ModelBuilder

#: Lengths of the chains; their difference tells the cost of an operator from that of a run.
SHORT, LONG = 50, 250
_WIDTH = 8
KINDS = ("ADD", "MUL", "FULLY_CONNECTED", "DEPTHWISE_CONV_2D", "LOGISTIC")


@dataclass(frozen=True)
class Overhead:
    """Cost of an operator on int8[1, 1, 1, 8].

    Attributes:
        op: its name, or "mixed" for a chain of all kinds in turn. microseconds: for each operator of the chain.
        run_microseconds: for a run, without its operators.
    """

    op: str
    microseconds: float
    run_microseconds: float


def chain(length: int, kinds: tuple[str, ...] = KINDS) -> Model:
    """`length` operators on int8[1, 1, 1, 8], one after another, of these kinds in turn."""
    b = ModelBuilder()
    shape = (1, 1, 1, _WIDTH)
    ones = np.ones(_WIDTH * _WIDTH, np.int8)
    matrix = b.tensor("matrix", "INT8", (_WIDTH, _WIDTH), ones, scale=0.1)
    taps = b.tensor("taps", "INT8", shape, ones[:_WIDTH], scale=[0.1] * _WIDTH, axis=3)
    first = here = b.tensor("x", "INT8", shape, scale=1 / 256, zero_point=-128)
    for at in range(length):
        there = b.tensor(f"y{at}", "INT8", shape, scale=1 / 256, zero_point=-128)
        match kinds[at % len(kinds)]:
            case "FULLY_CONNECTED":
                b.op("FULLY_CONNECTED", [here, matrix, -1], [there], version=4, keep_num_dims=True)
            case "DEPTHWISE_CONV_2D":
                b.op("DEPTHWISE_CONV_2D", [here, taps, -1], [there], version=3, stride_h=1, stride_w=1,
                     depth_multiplier=1)  # fmt: skip
            case "LOGISTIC":
                b.op("LOGISTIC", [here], [there])
            case kind:
                b.op(kind, [here, here], [there], version=2)
        here = there
    return b.build([first], [here])


def measure(kinds: tuple[str, ...] = KINDS, *, seconds: float = 0.5) -> list[Overhead]:
    """Cost of each kind, and of all in turn, on this machine."""
    found = []
    x = np.zeros((1, 1, 1, _WIDTH), np.int8)
    for name, chosen in [("mixed", kinds), *((kind, (kind,)) for kind in kinds)]:
        engines = {n: Interpreter(chain(n, chosen)) for n in (SHORT, LONG)}
        runners = {str(n): partial(engine.run, x) for n, engine in engines.items()}
        times = interleave(runners, seconds=seconds)
        short, long = (1e3 * times[str(n)].median for n in (SHORT, LONG))
        each = (long - short) / (LONG - SHORT)
        found.append(Overhead(name, each, short - SHORT * each))
    return found

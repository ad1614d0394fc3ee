"""UNIDIRECTIONAL_SEQUENCE_LSTM and BIDIRECTIONAL_SEQUENCE_LSTM: every kind of cell, over several invocations."""

from collections.abc import Iterator

from tests.cases import Problem
from tests.cases._lstm import BOTH_WAYS, SEQUENCE, Config, kinds, problem


def problems() -> Iterator[Problem]:
    yield from kinds(Config(SEQUENCE, "integer", batch=2, steps=3, inputs=7, units=6, runs=2))
    for power in range(-15, -8):
        config = Config(SEQUENCE, "integer", power=power, units=9, spread="ends", runs=1, seed=power + 20)
        yield problem(f"{SEQUENCE}_integer_power{power}", config)
    for weights in ("FLOAT32", "INT8"):
        yield from kinds(Config(SEQUENCE, weights, batch=3, steps=3, inputs=21, units=9, runs=2))
        for activation in (0, 1, 2, 3, 5):
            config = Config(SEQUENCE, weights, activation=activation, spread="ends", seed=activation, runs=1)
            yield problem(f"{SEQUENCE}_{weights}_activation{activation}", config)
        yield problem(f"{SEQUENCE}_{weights}_diagonal", Config(SEQUENCE, weights, diagonal=True, activation=0))
    for kind in ("INT8", "UINT8"):
        for asymmetric in (False, True):
            config = Config(SEQUENCE, kind, asymmetric=asymmetric, inputs=40, units=20, spread="ends", seed=7, runs=1)
            yield problem(f"{SEQUENCE}_{kind}_asymmetric{asymmetric:d}", config)
    # Every order in which Eigen sums: one row, few terms, whole and partial blocks.
    for batch in (1, 2, 4, 5):
        for inputs, units in ((13, 2), (40, 1), (9, 15), (33, 12)):
            config = Config(SEQUENCE, "FLOAT32", batch, 2, inputs, units, time_major=True, runs=1)
            yield problem(f"{SEQUENCE}_FLOAT32_{batch}x{inputs}x{units}", config)
    for weights in ("FLOAT32", "INT8"):
        yield from kinds(Config(BOTH_WAYS, weights, batch=2, steps=2, inputs=7, units=5, runs=1), ("all", "coupled"))
        for merge in (False, True):
            for aux in ("", "links", "stacked"):
                config = Config(BOTH_WAYS, weights, merge=merge, aux=aux, time_major=True, units=5, seed=3)
                yield problem(f"{BOTH_WAYS}_{weights}_merge{merge:d}_{aux or 'alone'}", config)

"""LSTM: every kind of cell, over several invocations."""

from collections.abc import Iterator

from tests.cases import Problem
from tests.cases._lstm import LSTM, Config, basic, kinds, problem


def problems() -> Iterator[Problem]:
    yield from kinds(Config(LSTM, "integer", batch=2, inputs=7, units=6, runs=2))
    for weights in ("FLOAT32", "INT8"):
        yield from kinds(Config(LSTM, weights, batch=3, inputs=21, units=9, runs=2))
    yield problem(f"{LSTM}_UINT8_asymmetric", Config(LSTM, "UINT8", asymmetric=True, inputs=40, spread="ends"))
    for kind in ("FLOAT32", "UINT8"):
        for batch, units in ((1, 8), (2, 3), (5, 7)):
            config = Config(LSTM, kind, batch, 1, 11, units, spread="ends" if batch == 2 else "whole", runs=2)
            yield basic(f"{LSTM}_basic_{kind}_{batch}x{units}", config)
    for seed in range(4):
        clip = 0.3 * (seed > 1)
        config = Config(
            LSTM, "integer", units=7, outputs=5, norm=True, power=-15, narrow=True, seed=seed,
            cell_clip=clip, proj_clip=clip, cifg=seed > 1, peephole=seed > 2,
        )  # fmt: skip
        yield problem(f"{LSTM}_narrow{seed}", config)

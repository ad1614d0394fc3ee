"""Random numbers from seeds, over several invocations."""

import dataclasses
from collections.abc import Iterator

import numpy as np

from tests.cases import Problem
from tests.cases._build import constant, given, one_op, result

RNG = np.random.default_rng(5)


def problems() -> Iterator[Problem]:
    for op in ("RANDOM_UNIFORM", "RANDOM_STANDARD_NORMAL"):
        for i, (shape, seeds) in enumerate([((7,), (1, 0)), ((2, 3, 5), (0, -9)), ((64,), (2**40 + 3, 5))]):
            options = {"seed": seeds[0], "seed2": seeds[1]}
            for made in (constant, given):
                sizes, name = made("INT32", shape), f"{op}_{made.__name__}_{i}"
                yield _thrice(one_op(name, op, [sizes], [result("FLOAT32", shape)], **options))
    for i, (batch, classes, samples) in enumerate([(1, 5, 9), (3, 4, 5), (2, 1, 3)]):
        logits = RNG.standard_normal((batch, classes)) * 3
        logits[0, 0] = -np.inf
        for out in ("INT32", "INT64"):
            inputs = [given("FLOAT32", logits), constant("INT32", samples)]
            outputs = [result(out, (batch, samples))]
            yield _thrice(one_op(f"multinomial_{out}_{i}", "MULTINOMIAL", inputs, outputs, seed=i + 1, seed2=7))
    op = "STABLEHLO_RNG_BIT_GENERATOR"
    for algorithm, state in [(0, [5, 2**64 - 1]), (1, [2**64 - 3, 2**32 - 1, 77]), (2, [2**63 + 9, 2**64 - 2])]:
        for kind in ("INT32", "INT64", "UINT32", "UINT64"):
            given_state = given("UINT64", np.array(state, np.uint64))
            outputs = [result("UINT64", (len(state),)), result(kind, (3, 3))]
            yield one_op(f"{op}_{algorithm}_{kind}", op, [given_state], outputs, algorithm=algorithm)


def _thrice(problem: Problem) -> Problem:
    return dataclasses.replace(problem, then=(problem.inputs,) * 2)

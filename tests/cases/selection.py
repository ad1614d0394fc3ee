"""Operators that pick, count and group elements: ties, empty groups, wrapping sums."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from tests.cases import Problem
from tests.cases._build import Operand, constant, given, one_op, result, uniform

RNG = np.random.default_rng(2)
ORDERED = ("FLOAT32", "INT8", "UINT8", "INT16", "INT32", "INT64")
Q = {"INT8": (0.5, 3), "UINT8": (0.5, 7), "INT16": (0.5, 0)}


def q(kind: str) -> tuple[Any, Any]:
    return Q.get(kind, (None, None))


def problems() -> Iterator[Problem]:
    yield from _picks()
    yield from _sums()
    yield from _suppressions()


def _picks() -> Iterator[Problem]:
    for kind in ORDERED:
        ties = RNG.integers(0, 4, (3, 9))
        ends = uniform(RNG, kind, (2, 5))
        for name, x, k in (("ties", ties, 4), ("ends", ends, 5), ("one", ends, 1)):
            outputs = [result(kind, (len(x), k), *q(kind)), result("INT32", (len(x), k))]
            yield one_op(f"topk_v2_{kind}_{name}", "TOPK_V2", [given(kind, x, *q(kind)), constant("INT32", k)], outputs)
        for places, number in (("INT32", 2), ("INT64", 4)):
            x = RNG.integers(0, 7, 20)
            outputs = [result(kind, (20,), *q(kind)), result(places, (20,))]
            name = f"unique_{kind}_{places}"
            yield one_op(name, "UNIQUE", [given(kind, x, *q(kind))], outputs, idx_out_type=number)
    outputs = [result("FLOAT32", (2, 3)), result("INT16", (2, 3))]
    short = [given("FLOAT32", uniform(RNG, "FLOAT32", (2, 5))), given("INT16", 3)]
    yield one_op("topk_v2_int16", "TOPK_V2", short, outputs, version=3)
    for kind in ("BOOL", "FLOAT32", "INT8", "UINT8", "INT32", "UINT32", "INT64"):
        x = RNG.integers(0, 2, (2, 3, 4))
        yield one_op(f"where_{kind}", "WHERE", [given(kind, x, *q(kind))], [result("INT64", (1, 3))], version=2)
    for kind in ("FLOAT32", "FLOAT64", "INT32", "INT64"):
        x = [-5, 0, 1, 3, 4, 10, 11, 2**24 + 1]
        options = {"boundaries": [0.0, 3.5, 10.0, 10.0, 2.0**24]}
        yield one_op(f"bucketize_{kind}", "BUCKETIZE", [given(kind, x)], [result("INT32", (8,))], **options)


def _sums() -> Iterator[Problem]:
    for kind in ("FLOAT32", "INT32", "INT64"):
        for exclusive in (False, True):
            for reverse in (False, True):
                inputs = [given(kind, uniform(RNG, kind, (2, 5, 3))), constant("INT32", -2)]
                name, options = f"cumsum_{kind}_{exclusive}_{reverse}", {"exclusive": exclusive, "reverse": reverse}
                yield one_op(name, "CUMSUM", inputs, [result(kind, (2, 5, 3))], **options)
    for kind in ("FLOAT32", "INT32"):
        x = given(kind, uniform(RNG, kind, (7, 2)))
        for made in (constant, given):
            ids = made("INT32", [0, 0, 1, 2, 2, 2, 3])
            name = f"segment_sum_{kind}_{made.__name__}"
            yield one_op(name, "SEGMENT_SUM", [x, ids], [result(kind, (4, 2))], resolver="optimized")
            for function in ("SUM", "PROD", "MAX", "MIN"):
                inputs = [x, made("INT32", [4, 0, -1, 4, 2, 0, 4]), made("INT32", 6)]
                name = f"unsorted_segment_{function}_{kind}_{made.__name__}"
                yield one_op(name, f"UNSORTED_SEGMENT_{function}", inputs, [result(kind, (6, 2))])


def _suppressions() -> Iterator[Problem]:
    for i, (limit, floor, sigma, most) in enumerate(
        [(0.5, 0.0, 0.0, 12), (0.3, 0.25, 0.5, 40), (1.0, -1.0, 0.1, 30), (0.05, 0.0, 2.0, 3)]
    ):
        spread, grid = RNG.random((40, 4)) * 3, RNG.integers(0, 5, (40, 4))
        for name, boxes, scores in (("spread", spread, RNG.random(40)), ("ties", grid, RNG.integers(0, 4, 40) / 4)):
            inputs: list[Operand] = [given("FLOAT32", boxes), given("FLOAT32", scores)]
            inputs += [constant("INT32", most), constant("FLOAT32", limit), given("FLOAT32", floor)]
            boxes_out, count = result("INT32", (most,)), result("INT32", ())
            op = "NON_MAX_SUPPRESSION_V4"
            yield one_op(f"{op}_{name}_{i}", op, inputs, [boxes_out, count])
            inputs.append(constant("FLOAT32", sigma))
            inputs[2] = given("INT32", most) if i % 2 else inputs[2]
            op = "NON_MAX_SUPPRESSION_V5"
            outputs = [boxes_out, result("FLOAT32", (most,)), count]
            yield one_op(f"{op}_{name}_{i}", op, inputs, outputs)

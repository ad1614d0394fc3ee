"""Operators that look rows up, and hashes: every width, combiner and length of key."""

from collections.abc import Iterator

import numpy as np

from tests.cases import Problem
from tests.cases._build import constant, given, one_op, result, uniform

RNG = np.random.default_rng(3)
QUANTIZED = {"INT8": (-128, 127), "UINT8": (0, 255), "INT4": (-8, 7), "INT2": (-2, 1)}
COPIED = ("FLOAT32", "FLOAT16", "INT8", "UINT8", "INT16", "INT32", "INT64", "BOOL")


def problems() -> Iterator[Problem]:
    yield from _embeddings()
    yield from _hashes()


def _embeddings() -> Iterator[Problem]:
    places = given("INT32", [3, 0, 0, 4])
    op = "EMBEDDING_LOOKUP"
    for kind in COPIED:
        table = constant(kind, uniform(RNG, kind, (5, 3, 2)))
        yield one_op(f"embedding_lookup_{kind}", op, [places, table], [result(kind, (4, 3, 2))])
    for kind, (lo, hi) in QUANTIZED.items():
        for columns in (7, 8):
            data = RNG.integers(lo, hi + 1, (5, columns))
            for out in ("FLOAT32", "FLOAT16"):
                for scales in ([0.0123], RNG.random(5)):
                    table = constant(kind, data, scales, [0] * len(scales))
                    name = f"embedding_lookup_{kind}_{out}_{columns}_{len(scales)}"
                    yield one_op(name, op, [places, table], [result(out, (4, columns))], version=4)
    op = "EMBEDDING_LOOKUP_SPARSE"
    for combiner in range(3):
        weights, table = given("FLOAT32", RNG.standard_normal(6)), given("FLOAT32", RNG.standard_normal((4, 3, 2)))
        # The last place comes back to the first row: a run of its own.
        matrix = given("INT32", [[0, 0], [0, 1], [1, 0], [1, 2], [3, 0], [0, 2]])
        inputs = [given("INT32", [1, 3, 0, 1, 2, 2]), matrix, given("INT32", [4, 3]), weights, table]
        yield one_op(f"{op}_matrix_{combiner}", op, inputs, [result("FLOAT32", (4, 3, 2))], combiner=combiner)
        cube = given("INT32", [[0, 1, 0], [0, 1, 1], [0, 1, 2], [1, 2, 0], [1, 2, 1], [1, 2, 2]])
        inputs = [given("INT32", [1, 3, 0, 1, 2, 2]), cube, constant("INT32", [2, 3, 3]), weights, table]
        yield one_op(f"{op}_cube_{combiner}", op, inputs, [result("FLOAT32", (2, 3, 3, 2))], combiner=combiner)


def _hashes() -> Iterator[Problem]:
    for kind in COPIED:
        keys = constant("INT32", [-4, -4, 0, 1, 1, 1, 7])
        inputs = [given("INT32", np.arange(-5, 9)), keys, constant(kind, uniform(RNG, kind, (7, 3)))]
        outputs = [result(kind, (14, 3)), result("UINT8", (14,))]
        yield one_op(f"hashtable_lookup_{kind}", "HASHTABLE_LOOKUP", inputs, outputs)
    for size in (1, 3, 4, 5, 12, 13, 28, 29, 60, 61, 124, 125, 190):
        seeds, items = (
            constant("FLOAT32", RNG.standard_normal((3, 9))),
            given("UINT8", uniform(RNG, "UINT8", (4, size))),
        )
        weights = [given("FLOAT32", RNG.standard_normal(4))] if size % 2 else []
        for kind, out in ((1, 3), (2, 27)):
            name = f"lsh_projection_{size}_{kind}"
            inputs = [seeds, items, *weights]
            yield one_op(name, "LSH_PROJECTION", inputs, [result("INT32", (out,))], type=kind)

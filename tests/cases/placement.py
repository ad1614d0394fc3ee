"""Operators that put elements elsewhere: repeated, cut into blocks, reversed, on diagonals, at listed places."""

from collections.abc import Iterator

import numpy as np

from tests.cases import Problem
from tests.cases._build import Operand, constant, given, one_op, result, uniform

RNG = np.random.default_rng(23)
Q = {"INT8": (0.5, 3), "UINT8": (0.5, 7), "INT16": (0.5, 0)}
NO_Q = (None, None)


def problems() -> Iterator[Problem]:
    for kind in ("INT8", "UINT8", "INT16", "INT32", "INT64", "FLOAT32", "BOOL"):
        yield from _any(kind)
    for kind in ("INT8", "UINT8", "INT32", "INT64", "FLOAT32"):
        yield from _listed(kind)
    yield from _numbers()


def _any(kind: str) -> Iterator[Problem]:
    q = Q.get(kind, NO_Q)
    x = given(kind, uniform(RNG, kind, (2, 3, 2)), *q)

    def out(*shape: int) -> list[Operand]:
        return [result(kind, shape, *q)]

    yield one_op(f"tile_{kind}", "TILE", [x, constant("INT64", [2, 1, 3])], out(4, 3, 6), version=2)
    yield one_op(
        f"broadcast_to_{kind}", "BROADCAST_TO", [x, constant("INT32", [2, 2, 3, 2])], out(2, 2, 3, 2), version=3
    )
    axes = constant("INT32", [2, 1])
    yield one_op(f"reverse_v2_{kind}", "REVERSE_V2", [x, axes], out(2, 3, 2), version=3)
    update = given(kind, uniform(RNG, kind, (1, 2, 2)), *q)
    inputs = [x, update, given("INT64", [-5, 7, 0])]
    yield one_op(f"dynamic_update_slice_{kind}", "DYNAMIC_UPDATE_SLICE", inputs, out(2, 3, 2), version=3)
    image = given(kind, uniform(RNG, kind, (2, 3, 4, 2)), *q)
    block, edges = constant("INT32", [2, 3]), constant("INT32", [[1, 0], [0, 2]])
    inputs = [image, block, edges]
    yield one_op(f"space_to_batch_nd_{kind}", "SPACE_TO_BATCH_ND", inputs, out(12, 2, 2, 2), version=3)
    image = given(kind, uniform(RNG, kind, (12, 2, 2, 2)), *q)
    inputs = [image, block, edges]
    yield one_op(f"batch_to_space_nd_{kind}", "BATCH_TO_SPACE_ND", inputs, out(2, 3, 4, 2), version=3)
    if kind != "BOOL":
        yield one_op(f"matrix_diag_{kind}", "MATRIX_DIAG", [x], out(2, 3, 2, 2))
        diagonal = given(kind, uniform(RNG, kind, (2, 2)), *q)
        yield one_op(f"matrix_set_diag_{kind}", "MATRIX_SET_DIAG", [x, diagonal], out(2, 3, 2))
    if kind in ("UINT8", "INT16", "INT32", "INT64", "FLOAT32"):
        # A negative length reverses nothing.
        inputs = [x, given("INT32", [3, -1])]
        yield one_op(f"reverse_sequence_{kind}", "REVERSE_SEQUENCE", inputs, out(2, 3, 2), seq_dim=1, batch_dim=0)
    if kind != "INT16":
        on, off = given(kind, 1, *q), given(kind, 0, *q)
        inputs = [given("INT64", [-1, 0, 3, 2**32 + 1]), constant("INT32", 4), on, off]
        yield one_op(f"one_hot_{kind}", "ONE_HOT", inputs, out(4, 4), axis=0)


def _listed(kind: str) -> Iterator[Problem]:
    q = Q.get(kind, NO_Q)
    updates = given(kind, uniform(RNG, kind, (5, 2)), *q)
    inputs = [given("INT32", [[1], [3], [1], [0], [1]]), updates, constant("INT32", [4, 2])]
    yield one_op(f"scatter_nd_{kind}", "SCATTER_ND", inputs, [result(kind, (4, 2), *q)])
    values, default = (given(kind, uniform(RNG, kind, shape), *q) for shape in ((3,), ()))
    inputs = [given("INT64", [[0, 1], [2, 2], [0, 1]]), constant("INT32", [3, 4]), values, default]
    yield one_op(f"sparse_to_dense_{kind}", "SPARSE_TO_DENSE", inputs, [result(kind, (3, 4), *q)], version=3)


def _numbers() -> Iterator[Problem]:
    for i, bounds in enumerate([(0.1, 3.7, 0.3), (1e6, 1e6 + 20, 0.7), (3, -3, -0.7)]):
        inputs = [given("FLOAT32", v) for v in bounds]
        yield one_op(f"range_FLOAT32_{i}", "RANGE", inputs, [result("FLOAT32", (1,))])
    for kind in ("INT32", "INT64"):
        inputs = [constant(kind, v) for v in (10, -1, -3)]
        yield one_op(f"range_{kind}", "RANGE", inputs, [result(kind, (4,))])
        yield one_op(f"zeros_like_{kind}", "ZEROS_LIKE", [given(kind, [[1, 2]])], [result(kind, (1, 2))])
        inputs = [given(kind, [1, 5, 1]), given(kind, [4, 1, 1, 3])]
        yield one_op(f"broadcast_args_{kind}", "BROADCAST_ARGS", inputs, [result(kind, (4,))])
    x = given("INT32", uniform(RNG, "INT32", (2, 3)))
    yield one_op("bitcast_narrower", "BITCAST", [x], [result("INT8", (2, 3, 4))])
    x = given("INT16", uniform(RNG, "INT16", (3, 2)))
    yield one_op("bitcast_wider", "BITCAST", [x], [result("FLOAT32", (3,))])

"""BATCH_MATMUL: hybrid and to int32, adjoints, batches whose scales LiteRT finds at the sum of their indices."""

from collections.abc import Iterator

import numpy as np

from tests.cases import Problem
from tests.cases._build import Operand, constant, given, one_op, result, uniform

SHAPES = {
    "matrix": ((3, 5), (5, 4)),
    "batch": ((2, 3, 37), (2, 37, 4)),
    "merged": ((2, 3, 4, 9), (1, 1, 9, 2)),
    "merged_inside": ((2, 3, 4, 9), (2, 1, 9, 2)),
    "two_axes": ((2, 3, 4, 9), (2, 3, 9, 2)),
    "broadcast": ((2, 1, 4, 9), (2, 3, 9, 2)),
}


def _swap(shape: tuple[int, ...], adjoint: bool) -> tuple[int, ...]:
    return (*shape[:-2], shape[-1], shape[-2]) if adjoint else shape


def _problem(where: str, kind: str, adj_x: bool, adj_y: bool) -> Problem:
    a, b = SHAPES[where]
    name = f"batch_matmul_{kind}_{where}_{adj_x}_{adj_y}"
    rng = np.random.default_rng(list(name.encode()))
    shape = (*np.broadcast_shapes(a[:-2], b[:-2]), a[-2], b[-1])
    y = uniform(rng, "INT8", _swap(b, adj_y))
    options = {"adj_x": adj_x, "adj_y": adj_y}
    if kind == "int32":
        x = given("INT8", uniform(rng, "INT8", _swap(a, adj_x)), 0.1, 3)
        return one_op(
            name, "BATCH_MATMUL", [x, constant("INT8", y, 0.2, -5)], [result("INT32", shape)], version=4, **options
        )
    scale = rng.uniform(0.01, 0.1, b[-1] if "channel" in kind else 1)
    axis = len(b) - (2 if adj_y else 1)
    right = Operand("INT8", y.shape, y, scale, np.zeros(scale.size, int), where != "batch", axis)
    x = given("FLOAT32", uniform(rng, "FLOAT32", _swap(a, adj_x)))
    return one_op(
        name, "BATCH_MATMUL", [x, right], [result("FLOAT32", shape)], version=4,
        asymmetric_quantize_inputs="asymmetric" in kind, **options,
    )  # fmt: skip


def problems() -> Iterator[Problem]:
    for kind in ("int32", "symmetric", "asymmetric", "asymmetric_per_channel"):
        for where in SHAPES:
            for adj_x, adj_y in ((False, False), (True, False), (False, True), (True, True)):
                yield _problem(where, kind, adj_x, adj_y)

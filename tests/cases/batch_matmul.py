"""BATCH_MATMUL: types, adjoints, broadcast batches, ties."""

from collections.abc import Iterator

import numpy as np

from tests.cases import Problem
from tests.cases._build import constant, given, one_op, result, uniform

#: (left, right) with K last for the left and first for the right, before any adjoint.
SHAPES = [
    ((3, 5), (5, 4)),
    ((2, 3, 7), (2, 7, 4)),
    ((2, 1, 3, 9), (1, 3, 9, 2)),
    ((1, 1, 1), (1, 1, 1)),
    ((4, 17), (2, 17, 3)),
]


def _swap(shape: tuple[int, ...], adjoint: bool) -> tuple[int, ...]:
    return (*shape[:-2], shape[-1], shape[-2]) if adjoint else shape


def problems() -> Iterator[Problem]:
    rng = np.random.default_rng(1)
    for left, right, out_kind in (
        ("INT8", "INT8", "INT8"),
        ("INT16", "INT16", "INT16"),
        ("INT16", "INT8", "INT16"),
        ("FLOAT32", "FLOAT32", "FLOAT32"),
    ):
        for i, (a, b) in enumerate(SHAPES):
            for adj_x, adj_y in ((False, False), (True, False), (False, True), (True, True)):
                x, y = uniform(rng, left, _swap(a, adj_x)), uniform(rng, right, _swap(b, adj_y))
                shape = (*np.broadcast_shapes(a[:-2], b[:-2]), a[-2], b[-1])
                zeros = (3, -5, 7) if left == "INT8" else (0, 0, 0)
                scales = {"INT8": (0.1, 0.25, 16.0), "INT16": (0.01, 0.02, 40.0)}.get(left, (None, None, None))
                quantized = left != "FLOAT32"
                one = given(left, x, scales[0], zeros[0] if quantized else None)
                make = constant if i == 1 else given
                two = make(right, y, scales[1], zeros[1] if quantized else None)
                out = result(out_kind, shape, scales[2], zeros[2] if quantized else None)
                yield one_op(
                    f"batch_matmul_{left}_{right}_{i}_{adj_x}_{adj_y}", "BATCH_MATMUL", [one, two], [out],
                    version={"INT8": 2, "INT16": 3}.get(left, 1), adj_x=adj_x, adj_y=adj_y,
                )  # fmt: skip

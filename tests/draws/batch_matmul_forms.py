"""BATCH_MATMUL: all types, both adjoints, batches that broadcast."""

import dataclasses
from typing import Any

import numpy as np
from hypothesis import strategies as st

from tests.cases import Problem
from tests.cases._build import Operand, one_op
from tests.draws._build import Draw, broadcast_pairs, results, scales, tensors, values


@st.composite
def _batch_matmul(draw: Draw, left: str, right: str, out: str) -> Problem:
    """Of more than two batch axes, the first is 1: LiteRT computes too few row sums for hybrid products."""
    batches, others = draw(broadcast_pairs(2)) if draw(st.booleans()) else ((), ())
    if draw(st.integers(0, 3)) == 0:
        batches = (1, *batches)
    rows, columns, depth = draw(st.integers(1, 5)), draw(st.integers(1, 5)), draw(st.integers(1, 40))
    adj_x, adj_y = draw(st.booleans()), draw(st.booleans())
    x_shape = (*batches, depth, rows) if adj_x else (*batches, rows, depth)
    y_shape = (*others, columns, depth) if adj_y else (*others, depth, columns)
    x, y = draw(tensors(left, x_shape)), draw(tensors(right, y_shape, constant=None))
    if left == "INT16":
        y = dataclasses.replace(y, zero_point=0)
    more: dict[str, Any] = {}
    if left == "FLOAT32" and right == "INT8":
        more["asymmetric_quantize_inputs"] = draw(st.booleans())
        per_channel = draw(st.booleans())
        size = columns if per_channel else 1
        scale = np.array(draw(st.lists(scales(2.0**-10, 1.0), min_size=size, max_size=size)))
        axis = len(y_shape) - (2 if adj_y else 1)
        y = Operand("INT8", y_shape, draw(values("INT8", y_shape)), scale, np.zeros(size, int), y.constant, axis)
    shape = (*np.broadcast_shapes(batches, others), rows, columns)
    like = None
    if out in ("INT8", "INT16"):
        like = float(np.clip(x.scale * y.scale * depth**0.5 * 64, 2.0**-16, 2.0**16))
    end = draw(results(out, shape, like))
    return one_op("batch_matmul", "BATCH_MATMUL", [x, y], [end], version=4, adj_x=adj_x, adj_y=adj_y, **more)


DRAWS = {
    f"BATCH_MATMUL {left.lower()} x {right.lower()} to {out.lower()}": _batch_matmul(left, right, out)
    for left, right, out in (
        ("INT8", "INT8", "INT8"),
        ("INT8", "INT8", "INT32"),
        ("INT16", "INT16", "INT16"),
        ("INT16", "INT8", "INT16"),
        ("FLOAT32", "FLOAT32", "FLOAT32"),
        ("FLOAT32", "INT8", "FLOAT32"),
    )
}

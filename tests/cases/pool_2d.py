"""AVERAGE_POOL_2D and MAX_POOL_2D: every type, padding, stride, odd sizes, windows over the border, special floats."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from tests.cases import Problem
from tests.cases._build import FULL_RANGE, given, one_op, result, uniform

SAME, VALID = 0, 1
NONE, RELU, RELU_N1_TO_1, RELU6, TANH = range(5)
#: (input shape, window, stride, padding)
POOLS = [
    ((1, 6, 7, 5), (2, 2), (2, 2), VALID),
    ((2, 5, 5, 3), (3, 3), (1, 1), SAME),
    ((1, 7, 4, 1), (3, 2), (2, 3), SAME),
    ((1, 7, 7, 17), (7, 7), (1, 1), VALID),
    ((1, 2, 2, 3), (5, 5), (1, 1), SAME),
    ((1, 9, 3, 2), (4, 1), (3, 1), VALID),
    ((3, 4, 3, 33), (1, 1), (2, 2), SAME),
    ((1, 8, 8, 2), (3, 1), (5, 9), SAME),
]
SPECIAL = [0.0, -0.0, 1, -1, 6, 7, np.nan, np.inf, -np.inf, 3e38, -3e38, 1e-45]


def problems() -> Iterator[Problem]:
    rng = np.random.default_rng(1)
    for op in ("AVERAGE_POOL_2D", "MAX_POOL_2D"):
        for kind in ("INT8", "UINT8", "INT16", "FLOAT32"):
            ends = (0, 0) if kind == "INT16" else FULL_RANGE.get(kind)
            for i, pool in enumerate(POOLS):
                for activation in (NONE, RELU, RELU_N1_TO_1, RELU6) if i == 1 else (NONE,):
                    q = (0.125 if i % 2 else 0.037, ends[i // 2 % 2]) if ends else (None, None)
                    x = uniform(rng, kind, pool[0])
                    yield _pool(f"{op.lower()}_{kind}_{i}_act{activation}", op, kind, x, q, pool, activation)
        x = uniform(rng, "INT8", POOLS[1][0])
        yield _pool(f"{op.lower()}_INT8_unquantized", op, "INT8", x, (None, None), POOLS[1], NONE)
        yield _pool(f"{op.lower()}_INT8_tanh_is_none", op, "INT8", x, (0.5, 0), POOLS[1], TANH)
        for activation in (NONE, RELU, RELU6):
            x = rng.choice(SPECIAL, POOLS[1][0])
            name = f"{op.lower()}_FLOAT32_special_act{activation}"
            yield _pool(name, op, "FLOAT32", x, (None, None), POOLS[1], activation)


def _pool(name: str, op: str, kind: str, x: Any, q: tuple[Any, Any], pool: Any, activation: int) -> Problem:
    shape, window, stride, padding = pool
    if padding == SAME:
        out = [-(-n // s) for n, s in zip(shape[1:3], stride, strict=True)]
    else:
        out = [(n - k) // s + 1 for n, k, s in zip(shape[1:3], window, stride, strict=True)]
    return one_op(
        name,
        op,
        [given(kind, x, *q)],
        [result(kind, (shape[0], *out, shape[3]), *q)],
        version=3 if kind == "INT16" else 2,
        filter_height=window[0],
        filter_width=window[1],
        stride_h=stride[0],
        stride_w=stride[1],
        padding=padding,
        fused_activation_function=activation,
    )

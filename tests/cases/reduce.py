"""Reductions and ARG_MAX, ARG_MIN: all axes, keeping dimensions or not, ties, NaN."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from tests.cases import Problem
from tests.cases._build import FULL_RANGE, constant, given, one_op, result, uniform

SHAPE = (2, 5, 4, 3)
AXES = [(1, 2), (0,), (2,), (-1,), (0, 1, 2, 3), (1, 3), (2, -2), (0, 2), ()]
QUANTIZED = ("INT8", "UINT8", "INT16")
PLAIN = ("INT32", "INT64", "FLOAT32")
#: Operator -> types. SUM leaves half of an int16 output as it was, so that there is nothing to compare.
KINDS = {
    "MEAN": (*QUANTIZED, *PLAIN),
    "SUM": ("INT8", "UINT8", *PLAIN, "BOOL"),
    "REDUCE_MAX": (*QUANTIZED, *PLAIN, "BOOL"),
    "REDUCE_MIN": (*QUANTIZED, *PLAIN, "BOOL"),
    "REDUCE_PROD": ("INT8", "INT16", *PLAIN, "BOOL"),
    "REDUCE_ANY": ("BOOL",),
    "REDUCE_ALL": ("BOOL",),
}
#: Input scale and the output's; ratios of powers of two reach ties.
SCALES = [(0.5, 0.25), (0.03, 0.017), (0.5, 0.5), (0.011, 0.097)]
SPECIAL = [0.0, -0.0, 1, -1, np.nan, np.inf, -np.inf, 3e38]


def problems() -> Iterator[Problem]:
    rng = np.random.default_rng(1)
    for op, kinds in KINDS.items():
        for kind in kinds:
            for i, axes in enumerate(AXES):
                if kind in QUANTIZED or i % 3 == 0:
                    yield _reduction(rng, op, kind, i, axes)
        if "FLOAT32" in kinds:
            x = rng.choice(SPECIAL, (40, 3))
            yield one_op(
                f"{op.lower()}_special", op, [given("FLOAT32", x), constant("INT32", 1)], [result("FLOAT32", (40,))]
            )
    yield from _arguments()


def _reduction(rng: np.random.Generator, op: str, kind: str, i: int, axes: tuple[int, ...]) -> Problem:
    kept, keep = {axis % 4 for axis in axes}, i % 2 == 0
    shape: list[int] = [1 if axis in kept else n for axis, n in enumerate(SHAPE)]
    if not keep:
        shape = [n for axis, n in enumerate(SHAPE) if axis not in kept]
    x: Any = uniform(rng, kind, SHAPE)
    q_in: tuple[Any, Any] = (None, None)
    q_out: tuple[Any, Any] = (None, None)
    if kind in QUANTIZED:
        s_in, s_out = SCALES[i % len(SCALES)]
        ends = (0, 0) if kind == "INT16" else FULL_RANGE[kind]
        q_in, q_out = (s_in, ends[i // 2 % 2]), (s_out, ends[i // 4 % 2])
        count = int(np.prod([SHAPE[axis] for axis in kept], dtype=int))
        if op == "SUM":
            q_out = (s_in * count if i % 2 else s_in * 8, q_out[1])
        elif op == "REDUCE_PROD":
            x = np.clip(q_in[1] + rng.integers(-5, 6, SHAPE), *FULL_RANGE[kind])
        elif op != "MEAN":
            q_out = q_in
    elif kind in ("INT32", "INT64") and op != "REDUCE_PROD" and i:
        x = x // 1000
    version = {"MEAN": 3, "REDUCE_MAX": 3, "REDUCE_MIN": 3, "REDUCE_ANY": 1, "REDUCE_ALL": 1}.get(op, 2)
    return one_op(
        f"{op.lower()}_{kind}_axes{i}",
        op,
        [given(kind, x, *q_in), constant("INT32", np.array(axes, np.int32))],
        [result(kind, shape, *q_out)],
        version=version,
        keep_dims=keep,
    )


def _arguments() -> Iterator[Problem]:
    rng = np.random.default_rng(2)
    for op in ("ARG_MAX", "ARG_MIN"):
        for kind in ("INT8", "UINT8", "INT32", "FLOAT32", "BOOL"):
            for axis in (0, 1, 3, -1):
                x = rng.integers(0, 4, SHAPE) if kind != "FLOAT32" else rng.integers(0, 4, SHAPE) / 2
                yield _argument(f"{op.lower()}_{kind}_{axis}", op, kind, x, axis, "INT64" if axis == 1 else "INT32")
        for size in (1, 3, 4, 5, 8, 11, 16, 21):
            x = rng.choice([*SPECIAL, 2, 3, np.nan], (60, size))
            yield _argument(f"{op.lower()}_special_row{size}", op, "FLOAT32", x, 1, "INT32")
        yield _argument(f"{op.lower()}_special_column", op, "FLOAT32", x, 0, "INT32")


def _argument(name: str, op: str, kind: str, x: Any, axis: int, index: str) -> Problem:
    shape = [n for i, n in enumerate(x.shape) if i != axis % x.ndim]
    scale = 0.5 if kind in QUANTIZED else None
    return one_op(
        name,
        op,
        [given(kind, x, scale), constant("INT64" if axis == 0 else "INT32", axis)],
        [result(index, shape)],
        version=2,
        output_type=4 if index == "INT64" else 2,
    )

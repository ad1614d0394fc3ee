"""MEAN, SUM, ARG_MAX, ARG_MIN: all axes, keeping dimensions or not, ties."""

from collections.abc import Iterator

import numpy as np

from tests.cases import Problem
from tests.cases._build import constant, given, one_op, result, uniform

SHAPE = (2, 5, 4, 3)
AXES = [(1, 2), (0,), (3,), (-1,), (0, 1, 2, 3), (1, 3), (2, 2), (0, 2)]


def problems() -> Iterator[Problem]:
    yield from _sums()
    yield from _arguments()


def _sums() -> Iterator[Problem]:
    rng = np.random.default_rng(1)
    for op, kinds in (
        ("MEAN", ("INT8", "UINT8", "INT16", "INT32", "INT64", "FLOAT32")),
        ("SUM", ("INT8", "UINT8", "INT32", "FLOAT32")),
    ):
        for kind in kinds:
            quantized = kind in ("INT8", "UINT8", "INT16")
            for i, axes in enumerate(AXES):
                kept = {axis % 4 for axis in axes}
                for keep in (True, False):
                    shape = [1 if axis in kept else n for axis, n in enumerate(SHAPE)]
                    if not keep:
                        shape = [n for axis, n in enumerate(SHAPE) if axis not in kept]
                    scales = [(0.5, 0.25), (0.03, 0.017)] if quantized else [(None, None)]
                    for j, (s_in, s_out) in enumerate(scales):
                        z_in, z_out = (None, None) if not quantized else (0, 0) if kind == "INT16" else (5, 9)
                        x = uniform(rng, kind, SHAPE)
                        if kind in ("INT32", "INT64"):
                            x = x // 1000
                        if op == "SUM" and quantized:
                            s_out = 8.0 * s_in
                        yield one_op(
                            f"{op.lower()}_{kind}_axes{i}_{keep}_{j}",
                            op,
                            [given(kind, x, s_in, z_in), constant("INT32", axes)],
                            [result(kind, shape, s_out, z_out)],
                            version=3 if op == "MEAN" and kind == "INT16" else 2 if op == "MEAN" else 1,
                            keep_dims=keep,
                        )


def _arguments() -> Iterator[Problem]:
    rng = np.random.default_rng(2)
    for op in ("ARG_MAX", "ARG_MIN"):
        for kind in ("INT8", "UINT8", "INT32", "FLOAT32"):
            for axis in (0, 1, 3, -1):
                x = rng.integers(0, 4, SHAPE) if kind != "FLOAT32" else rng.integers(0, 4, SHAPE) / 2
                shape = [n for i, n in enumerate(SHAPE) if i != axis % 4]
                out = "INT64" if axis == 1 else "INT32"
                yield one_op(
                    f"{op.lower()}_{kind}_{axis}",
                    op,
                    [given(kind, x, 0.5 if kind[-1] == "8" else None), constant("INT32", axis)],
                    [result(out, shape)],
                    version=2,
                    output_type=4 if out == "INT64" else 2,
                )

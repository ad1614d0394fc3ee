"""RESIZE_BILINEAR and RESIZE_NEAREST_NEIGHBOR: every type and mode, up and down, whole and odd ratios, one pixel."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from tests.cases import Problem
from tests.cases._build import constant, given, one_op, result, uniform

#: (input shape, size)
SIZES = [
    ((1, 3, 4, 2), (7, 5)),
    ((2, 8, 9, 3), (4, 3)),
    ((1, 1, 1, 4), (3, 3)),
    ((1, 5, 5, 1), (5, 5)),
    ((1, 4, 3, 2), (16, 24)),
    ((1, 5, 7, 1), (1, 1)),
    ((1, 2, 6, 17), (3, 2)),
]
MODES: list[dict[str, Any]] = [{}, {"align_corners": True}, {"half_pixel_centers": True}]


def problems() -> Iterator[Problem]:
    rng = np.random.default_rng(2)
    for op in ("RESIZE_BILINEAR", "RESIZE_NEAREST_NEIGHBOR"):
        for kind in ("INT8", "UINT8", "INT16", "FLOAT32"):
            for i in range(len(SIZES)):
                for mode in MODES:
                    yield _resize(op, kind, i, mode, uniform(rng, kind, SIZES[i][0]))
    nearest = "RESIZE_NEAREST_NEIGHBOR"
    yield _resize(nearest, "INT8", 0, MODES[1] | MODES[2], uniform(rng, "INT8", SIZES[0][0]))
    for kind in ("UINT16", "INT32", "UINT32", "FLOAT16", "BOOL"):
        yield _resize(nearest, kind, 0, {}, uniform(rng, kind, SIZES[0][0]))
    for mode in MODES:
        x = rng.choice([-32768, 32767, 0, 1, -1], SIZES[4][0])
        yield _resize("RESIZE_BILINEAR", "INT16", 4, mode, x, "ends")
        x = rng.choice([np.nan, np.inf, 3e38, 0.0, -0.0, 1.0], SIZES[4][0])
        yield _resize("RESIZE_BILINEAR", "FLOAT32", 4, mode, x, "special")


def _resize(op: str, kind: str, i: int, mode: dict[str, Any], x: Any, note: str = "") -> Problem:
    shape, size = SIZES[i]
    q = (0.125, 0 if kind == "INT16" else 7) if kind in ("INT8", "UINT8", "INT16") else (None, None)
    return one_op(
        f"{op.lower()}_{kind}_{i}_{'_'.join(mode) or 'plain'}{note}",
        op,
        [given(kind, x, *q), constant("INT32", size)],
        [result(kind, (shape[0], *size, shape[3]), *q)],
        version=4 if kind == "INT16" or op == "RESIZE_NEAREST_NEIGHBOR" else 3,
        **mode,
    )

"""Pooling and resizing: every type, padding, stride, odd sizes, borders."""

from collections.abc import Iterator

import numpy as np

from tests.cases import Problem
from tests.cases._build import constant, given, one_op, result, uniform

SAME, VALID = 0, 1
#: (input shape, window, stride, padding)
POOLS = [
    ((1, 6, 7, 5), (2, 2), (2, 2), VALID),
    ((2, 5, 5, 3), (3, 3), (1, 1), SAME),
    ((1, 7, 4, 1), (3, 2), (2, 3), SAME),
    ((1, 7, 7, 17), (7, 7), (1, 1), VALID),
    ((1, 2, 2, 3), (5, 5), (1, 1), SAME),
    ((1, 9, 3, 2), (4, 1), (3, 1), VALID),
]


def problems() -> Iterator[Problem]:
    yield from _pools()
    yield from _resizes()


def _pools() -> Iterator[Problem]:
    rng = np.random.default_rng(1)
    for op in ("AVERAGE_POOL_2D", "MAX_POOL_2D"):
        for kind in ("INT8", "UINT8", "INT16", "FLOAT32"):
            q = (None, None) if kind == "FLOAT32" else (0.125, 0 if kind == "INT16" else 7)
            for i, (shape, (kh, kw), (sh, sw), padding) in enumerate(POOLS):
                for activation in (0, 1, 3) if i == 1 else (0,):
                    if padding == SAME:
                        out = (-(-shape[1] // sh), -(-shape[2] // sw))
                    else:
                        out = ((shape[1] - kh) // sh + 1, (shape[2] - kw) // sw + 1)
                    yield one_op(
                        f"{op.lower()}_{kind}_{i}_act{activation}",
                        op,
                        [given(kind, uniform(rng, kind, shape), *q)],
                        [result(kind, (shape[0], *out, shape[3]), *q)],
                        version=3 if kind == "INT16" else 2,
                        filter_height=kh,
                        filter_width=kw,
                        stride_h=sh,
                        stride_w=sw,
                        padding=padding,
                        fused_activation_function=activation,
                    )


def _resizes() -> Iterator[Problem]:
    rng = np.random.default_rng(2)
    sizes = [
        ((1, 3, 4, 2), (7, 5)),
        ((2, 8, 9, 3), (4, 3)),
        ((1, 1, 1, 4), (3, 3)),
        ((1, 5, 5, 1), (5, 5)),
        ((1, 4, 4, 3), (32, 32)),
        ((1, 5, 7, 1), (1, 1)),
    ]
    for op, kinds in (
        ("RESIZE_BILINEAR", ("INT8", "UINT8", "INT16", "FLOAT32")),
        ("RESIZE_NEAREST_NEIGHBOR", ("INT8", "UINT8", "INT16", "FLOAT32")),
    ):
        for kind in kinds:
            q = (None, None) if kind == "FLOAT32" else (0.125, 0 if kind == "INT16" else 7)
            for i, (shape, size) in enumerate(sizes):
                for mode in ({}, {"align_corners": True}, {"half_pixel_centers": True}):
                    yield one_op(
                        f"{op.lower()}_{kind}_{i}_{'_'.join(mode) or 'plain'}",
                        op,
                        [given(kind, uniform(rng, kind, shape), *q), constant("INT32", size)],
                        [result(kind, (shape[0], *size, shape[3]), *q)],
                        version=4 if kind == "INT16" else 3,
                        **mode,
                    )

"""CONV_2D: every type, grouped, dilated, strided, padded, with and without bias."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from tests.cases import Problem
from tests.cases._matrix import (
    NONE,
    RELU,
    RELU6,
    RELU_N1_TO_1,
    SAME,
    SCHEMES,
    VALID,
    near_halves,
    quantized,
    real,
)
from tests.spec import matrix

#: name -> (input shape, filter shape, padding, stride, dilation)
Geometry = tuple[tuple[int, ...], tuple[int, ...], int, tuple[int, int], tuple[int, int]]
GEOMETRIES: dict[str, Geometry] = {
    "3x3_same": ((1, 6, 7, 3), (5, 3, 3, 3), SAME, (1, 1), (1, 1)),
    "pointwise": ((2, 5, 3, 19), (9, 1, 1, 19), VALID, (1, 1), (1, 1)),
    "one": ((1, 1, 1, 1), (1, 1, 1, 1), SAME, (1, 1), (1, 1)),
    "strided": ((2, 9, 6, 5), (7, 3, 2, 5), SAME, (2, 3), (1, 1)),
    "strided_1x1": ((1, 7, 7, 6), (4, 1, 1, 6), VALID, (2, 2), (1, 1)),
    "dilated": ((1, 9, 11, 2), (3, 3, 3, 2), SAME, (1, 1), (2, 3)),
    "dilated_valid": ((1, 11, 9, 2), (4, 2, 3, 2), VALID, (2, 1), (3, 2)),
    "grouped": ((2, 4, 5, 6), (9, 3, 3, 2), SAME, (1, 1), (1, 1)),
    "grouped_1x1": ((1, 3, 4, 8), (4, 1, 1, 2), VALID, (1, 1), (1, 1)),
    "many_channels": ((1, 3, 3, 37), (41, 2, 2, 37), SAME, (1, 1), (1, 1)),
    "larger_than_image": ((1, 2, 3, 4), (6, 5, 5, 4), SAME, (1, 1), (1, 1)),
    # Winograd's: by tiles of 4 x 4.
    "tiled": ((2, 7, 8, 51), (44, 3, 3, 51), SAME, (1, 1), (1, 1)),
    "wide": ((1, 1, 40, 1), (2, 1, 8, 1), SAME, (1, 2), (1, 1)),
}


def _options(geometry: Geometry) -> dict[str, int]:
    _, _, padding, stride, dilation = geometry
    return {
        "padding": padding, "stride_h": stride[0], "stride_w": stride[1],
        "dilation_h_factor": dilation[0], "dilation_w_factor": dilation[1],
    }  # fmt: skip


def _quantized(where: str, kind: str, activation: int = NONE) -> Problem:
    geometry = GEOMETRIES[where]
    x_shape, w_shape, padding, stride, dilation = geometry

    def sums(x: NDArray, w: NDArray) -> NDArray:
        return matrix.conv(x, w, same=padding == SAME, stride=stride, dilation=dilation)

    name = f"conv_2d_{where}_{kind}" + (f"_act{activation}" if activation else "")
    return quantized(
        name, "CONV_2D", x_shape, w_shape, sums, SCHEMES[kind], activation=activation, **_options(geometry)
    )


def _real(where: str, kind: str, **more: object) -> Problem:
    geometry = GEOMETRIES[where]
    x_shape, w_shape, padding, stride, dilation = geometry
    *_, out_h, out_w = matrix.geometry(
        x_shape, w_shape[1], w_shape[2], same=padding == SAME, stride=stride, dilation=dilation
    )
    out = (x_shape[0], out_h, out_w, w_shape[0])
    return real(
        f"conv_2d_{where}_{kind}", "CONV_2D", x_shape, w_shape, out, channels=w_shape[0],
        **_options(geometry), **more,
    )  # fmt: skip


def problems() -> Iterator[Problem]:
    everywhere = ("per_channel", "uint8", "int16")
    for where in GEOMETRIES:
        for kind in everywhere:
            yield _quantized(where, kind)
    for kind in (
        "per_tensor",
        "odd_scales",
        "int16_odd_scales",
        "ties",
        "uint8_ties",
        "uint8_far",
        "int16_ties",
        "int16_bias32",
        "int16_bias64",
        "int16_int4",
        "int4",
    ):
        for where in ("3x3_same", "pointwise", "grouped"):
            yield _quantized(where, kind)
    for kind in ("per_channel", "ties", "uint8", "int16", "int16_bias32"):
        for activation in (RELU, RELU_N1_TO_1, RELU6):
            yield _quantized("3x3_same", kind, activation)
    for where in GEOMETRIES:
        yield _real(where, "float")
    for activation in (RELU, RELU_N1_TO_1, RELU6):
        yield _real("3x3_same", f"float_act{activation}", activation=activation)
    extremes = np.full((1, 6, 7, 3), 3e38, np.float32)
    extremes[0, 2, 3, 1] = -0.0
    yield _real("3x3_same", "float_overflow", x=extremes)
    yield from _hybrid()


def _hybrid() -> Iterator[Problem]:
    for where, (x_shape, w_shape, *_) in GEOMETRIES.items():
        if w_shape[3] == x_shape[3]:
            yield _real(where, "hybrid", weights="INT8")
        yield _real(where, "hybrid_per_channel", weights="INT8", per_channel=True)
    x_shape, w_shape, *_ = GEOMETRIES["3x3_same"]
    zeros = np.zeros(x_shape, np.float32)
    yield _real("3x3_same", "hybrid_zero", weights="INT8", x=zeros)
    yield _real("3x3_same", "hybrid_zero_per_channel", weights="INT8", x=zeros, per_channel=True)
    yield _real("3x3_same", "hybrid_positive", weights="INT8", x=zeros + 3, per_channel=True)
    yield _real("3x3_same", "hybrid_negative", weights="INT8", x=zeros - 3, per_channel=True)
    yield _real("3x3_same", "hybrid_equal_scales", weights="INT8", filter_scale=np.full(5, 0.01))
    yield _real("3x3_same", "hybrid_uint8", weights="UINT8")
    yield _real("3x3_same", "hybrid_int4", weights="INT4")
    yield _real("3x3_same", "hybrid_int4_per_channel", weights="INT4", per_channel=True)
    for activation in (RELU, RELU_N1_TO_1, RELU6):
        yield _real("3x3_same", f"hybrid_act{activation}", weights="INT8", activation=activation)
    rng = np.random.default_rng(5)
    for where in ("3x3_same", "many_channels", "strided_1x1"):
        x_shape, w_shape, *_ = GEOMETRIES[where]
        x = near_halves(rng, x_shape)
        yield _real(where, "hybrid_halves", weights="INT8", x=x)
        yield _real(where, "hybrid_halves_per_channel", weights="INT8", x=x, per_channel=True)
        w = rng.choice([-128, -128, -127, 5, 127], w_shape)
        yield _real(where, "hybrid_lowest", weights="INT8", w=w)
        yield _real(where, "hybrid_lowest_per_channel", weights="INT8", w=w, per_channel=True)

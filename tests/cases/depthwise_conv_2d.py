"""DEPTHWISE_CONV_2D: every type, depth multipliers, dilated, strided, with and without bias."""

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
    "3x3_same": ((1, 6, 7, 5), (1, 3, 3, 5), SAME, (1, 1), (1, 1)),
    "valid": ((2, 5, 6, 19), (1, 3, 2, 19), VALID, (1, 1), (1, 1)),
    "one": ((1, 1, 1, 1), (1, 1, 1, 1), SAME, (1, 1), (1, 1)),
    "strided": ((2, 9, 6, 8), (1, 3, 3, 8), SAME, (2, 2), (1, 1)),
    "strides_differ": ((1, 9, 6, 3), (1, 2, 3, 3), SAME, (2, 3), (1, 1)),
    "dilated": ((1, 9, 11, 3), (1, 3, 3, 3), SAME, (1, 1), (2, 3)),
    "dilated_valid": ((1, 11, 9, 2), (1, 2, 3, 2), VALID, (2, 1), (3, 2)),
    "multiplier_2": ((1, 4, 5, 3), (1, 3, 3, 6), SAME, (1, 1), (1, 1)),
    "multiplier_3": ((2, 5, 5, 4), (1, 2, 2, 12), VALID, (2, 2), (1, 1)),
    "from_one_channel": ((1, 6, 5, 1), (1, 3, 3, 8), SAME, (2, 1), (1, 1)),
    "many_channels": ((1, 3, 3, 67), (1, 3, 3, 67), SAME, (1, 1), (1, 1)),
    "larger_than_image": ((1, 2, 3, 4), (1, 5, 5, 4), SAME, (1, 1), (1, 1)),
}


def _options(geometry: Geometry) -> dict[str, int]:
    x_shape, w_shape, padding, stride, dilation = geometry
    return {
        "padding": padding, "stride_h": stride[0], "stride_w": stride[1],
        "dilation_h_factor": dilation[0], "dilation_w_factor": dilation[1],
        "depth_multiplier": w_shape[3] // x_shape[3],
    }  # fmt: skip


def _quantized(where: str, kind: str, activation: int = NONE) -> Problem:
    geometry = GEOMETRIES[where]
    x_shape, w_shape, padding, stride, dilation = geometry

    def sums(x: NDArray, w: NDArray) -> NDArray:
        return matrix.depthwise_conv(x, w, same=padding == SAME, stride=stride, dilation=dilation)

    name = f"depthwise_conv_2d_{where}_{kind}" + (f"_act{activation}" if activation else "")
    return quantized(
        name, "DEPTHWISE_CONV_2D", x_shape, w_shape, sums, SCHEMES[kind], axis=3, activation=activation,
        **_options(geometry),
    )  # fmt: skip


def _real(where: str, kind: str, **more: object) -> Problem:
    geometry = GEOMETRIES[where]
    x_shape, w_shape, padding, stride, dilation = geometry
    *_, out_h, out_w = matrix.geometry(
        x_shape, w_shape[1], w_shape[2], same=padding == SAME, stride=stride, dilation=dilation
    )
    out = (x_shape[0], out_h, out_w, w_shape[3])
    return real(
        f"depthwise_conv_2d_{where}_{kind}", "DEPTHWISE_CONV_2D", x_shape, w_shape, out, axis=3,
        channels=w_shape[3], **_options(geometry), **more,
    )  # fmt: skip


def problems() -> Iterator[Problem]:
    everywhere = ("per_channel", "uint8", "int16")
    for where in GEOMETRIES:
        for kind in everywhere:
            yield _quantized(where, kind)
    others = (
        "per_tensor", "odd_scales", "int16_odd_scales", "ties", "no_bias",
        "uint8_ties", "uint8_far", "int16_ties", "int16_no_bias", "int4"
    )  # fmt: skip
    for kind in others:
        for where in ("3x3_same", "multiplier_3"):
            yield _quantized(where, kind)
    for kind in ("per_channel", "ties", "uint8", "int16"):
        for activation in (RELU, RELU_N1_TO_1, RELU6):
            yield _quantized("3x3_same", kind, activation)
    for where in GEOMETRIES:
        yield _real(where, "float")
        yield _real(where, "hybrid", weights="INT8", per_channel=True)
    yield _real("strided", "float_no_bias", bias=False)
    yield _real("strided", "hybrid_no_bias", weights="INT8", per_channel=True, bias=False)
    for activation in (RELU, RELU_N1_TO_1, RELU6):
        yield _real("3x3_same", f"float_act{activation}", activation=activation)
        yield _real("3x3_same", f"hybrid_act{activation}", weights="INT8", per_channel=True, activation=activation)
    shape = GEOMETRIES["3x3_same"][0]
    yield _real("3x3_same", "float_overflow", x=np.full(shape, 3e38, np.float32))
    yield _real("3x3_same", "hybrid_zero", weights="INT8", per_channel=True, x=np.zeros(shape, np.float32))
    rng = np.random.default_rng(6)
    for where in ("3x3_same", "many_channels", "multiplier_3"):
        x_shape, w_shape, *_ = GEOMETRIES[where]
        yield _real(where, "hybrid_halves", weights="INT8", per_channel=True, x=near_halves(rng, x_shape))
        w = rng.choice([-128, -128, -127, 5, 127], w_shape)
        yield _real(where, "hybrid_lowest", weights="INT8", per_channel=True, w=w)

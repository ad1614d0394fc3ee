"""TRANSPOSE_CONV: every type, strides and paddings, with int32, int64 and no bias."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from intengine.writer import ModelBuilder
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

#: name -> (input shape, filter shape, output shape, padding, stride)
Geometry = tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...], int, tuple[int, int]]
GEOMETRIES: dict[str, Geometry] = {
    "same_2": ((1, 4, 5, 3), (5, 3, 3, 3), (1, 8, 10, 5), SAME, (2, 2)),
    "same_odd": ((2, 4, 3, 5), (7, 3, 3, 5), (2, 7, 5, 7), SAME, (2, 2)),
    "same_1": ((1, 5, 4, 6), (4, 3, 2, 6), (1, 5, 4, 4), SAME, (1, 1)),
    "valid_2": ((1, 3, 4, 2), (3, 3, 2, 2), (1, 7, 8, 3), VALID, (2, 2)),
    "valid_longer": ((2, 3, 3, 4), (2, 2, 2, 4), (2, 7, 7, 2), VALID, (2, 2)),
    "strides_differ": ((1, 3, 4, 7), (9, 4, 3, 7), (1, 6, 12, 9), SAME, (2, 3)),
    "one": ((1, 1, 1, 1), (1, 1, 1, 1), (1, 1, 1, 1), SAME, (1, 1)),
    "gaps": ((1, 3, 3, 3), (4, 1, 2, 3), (1, 9, 9, 4), SAME, (3, 3)),
    "many_channels": ((1, 2, 3, 41), (37, 2, 2, 41), (1, 4, 6, 37), SAME, (2, 2)),
    "line": ((1, 1, 12, 3), (2, 1, 8, 3), (1, 1, 48, 2), SAME, (1, 4)),
}


def _output_shape(shape: tuple[int, ...]) -> Any:
    def before(b: ModelBuilder, _: object) -> list[int]:
        return [b.tensor("output_shape", "INT32", (4,), np.array(shape))]

    return before


def _options(geometry: Geometry) -> dict[str, int]:
    *_, padding, stride = geometry
    return {"padding": padding, "stride_h": stride[0], "stride_w": stride[1]}


def _quantized(where: str, kind: str, activation: int = NONE) -> Problem:
    geometry = GEOMETRIES[where]
    x_shape, w_shape, out_shape, padding, stride = geometry

    def sums(x: NDArray, w: NDArray) -> NDArray:
        return matrix.transpose_conv(x, w, out_shape, same=padding == SAME, stride=stride)

    name = f"transpose_conv_{where}_{kind}" + (f"_act{activation}" if activation else "")
    return quantized(
        name, "TRANSPOSE_CONV", x_shape, w_shape, sums, SCHEMES[kind], activation=activation, version=4,
        before=_output_shape(out_shape), **_options(geometry),
    )  # fmt: skip


def _real(where: str, kind: str, **more: Any) -> Problem:
    geometry = GEOMETRIES[where]
    x_shape, w_shape, out_shape, *_ = geometry
    return real(
        f"transpose_conv_{where}_{kind}", "TRANSPOSE_CONV", x_shape, w_shape, out_shape, channels=w_shape[0],
        before=_output_shape(out_shape), version=4, **_options(geometry), **more,
    )  # fmt: skip


def problems() -> Iterator[Problem]:
    everywhere = ("per_channel", "uint8", "int16")
    for where in GEOMETRIES:
        for kind in everywhere:
            yield _quantized(where, kind)
    others = (
        "per_tensor", "odd_scales", "int16_odd_scales", "ties", "no_bias",
        "uint8_ties", "uint8_far", "int16_ties", "int16_no_bias", "int16_bias32",
    )  # fmt: skip
    for kind in others:
        for where in ("same_2", "valid_longer"):
            yield _quantized(where, kind)
    for kind in ("per_channel", "ties", "uint8", "int16"):
        for activation in (RELU, RELU_N1_TO_1, RELU6):
            yield _quantized("same_2", kind, activation)
    for where in GEOMETRIES:
        yield _real(where, "float")
        yield _real(where, "hybrid", weights="INT8", per_channel=True)
    yield _real("same_odd", "float_no_bias", bias=False)
    yield _real("same_odd", "hybrid_no_bias", weights="INT8", per_channel=True, bias=False)
    yield _real("same_odd", "hybrid_per_tensor", weights="INT8")
    for activation in (RELU, RELU_N1_TO_1, RELU6):
        yield _real("same_2", f"float_act{activation}", activation=activation)
        yield _real("same_2", f"hybrid_act{activation}", weights="INT8", per_channel=True, activation=activation)
    shape = GEOMETRIES["same_2"][0]
    yield _real("same_2", "float_overflow", x=np.full(shape, 3e38, np.float32))
    yield _real("same_2", "hybrid_zero", weights="INT8", per_channel=True, x=np.zeros(shape, np.float32))
    rng = np.random.default_rng(8)
    for where in ("same_2", "many_channels"):
        x_shape, w_shape, *_ = GEOMETRIES[where]
        yield _real(where, "hybrid_halves", weights="INT8", per_channel=True, x=near_halves(rng, x_shape))
        w = rng.choice([-128, -128, -127, 5, 127], w_shape)
        yield _real(where, "hybrid_lowest", weights="INT8", per_channel=True, w=w)

"""FULLY_CONNECTED: every type, batches, kept dimensions, filter zero points, with and without bias."""

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
    SCHEMES,
    Scheme,
    near_halves,
    quantized,
    real,
)
from tests.spec import matrix

HERE = {
    **SCHEMES,
    # Unlike convolutions, per-tensor int8 filters may have a zero point.
    "filter_zero_point": Scheme(per_channel=False, input_zero_point=-3, output_zero_point=20, weight_zero_point=-9),
    "filter_zero_point_ties": Scheme(
        per_channel=False, powers_of_two=True, input_zero_point=3, output_zero_point=-20, weight_zero_point=127
    ),
    "int16_per_tensor": Scheme(activation="INT16", bias="INT64", per_channel=False),
}

#: name -> (input shape, filter shape)
SHAPES = {
    "row": ((1, 19), (10, 19)),
    "batch": ((5, 32), (7, 32)),
    "large": ((3, 100), (37, 100)),
    "one": ((1, 1), (1, 1)),
    "column": ((9, 1), (3, 1)),
    "image": ((2, 3, 2, 4), (6, 24)),
    "flattened": ((2, 6, 5), (4, 5)),
    "vector": ((12,), (5, 12)),
}
KEPT = {"rank_3": ((2, 6, 5), (4, 5)), "rank_4": ((1, 2, 3, 8), (1, 8)), "rank_2": ((4, 9), (17, 9))}


def _quantized(where: str, kind: str, activation: int = NONE, *, keep: bool = False) -> Problem:
    x_shape, w_shape = (KEPT if keep else SHAPES)[where]

    def sums(x: NDArray, w: NDArray) -> NDArray:
        acc = matrix.fully_connected(x.reshape(-1, w.shape[1]), w)
        return acc.reshape(*x_shape[:-1], -1) if keep else acc

    name = f"fully_connected_{where}_{kind}" + (f"_act{activation}" if activation else "") + "_kept" * keep
    return quantized(
        name, "FULLY_CONNECTED", x_shape, w_shape, sums, HERE[kind], activation=activation, keep_num_dims=keep
    )


def _real(where: str, kind: str, *, keep: bool = False, **more: Any) -> Problem:
    x_shape, w_shape = (KEPT if keep else SHAPES)[where]
    n, k = w_shape
    out = (*x_shape[:-1], n) if keep else (int(np.prod(x_shape)) // k, n)
    name = f"fully_connected_{where}_{kind}" + "_kept" * keep
    return real(name, "FULLY_CONNECTED", x_shape, w_shape, out, channels=n, keep_num_dims=keep, **more)


def problems() -> Iterator[Problem]:
    everywhere = ("per_channel", "uint8", "int16")
    for where in SHAPES:
        for kind in everywhere:
            yield _quantized(where, kind)
    for where in KEPT:
        for kind in everywhere:
            yield _quantized(where, kind, keep=True)
    others = (
        "per_tensor", "odd_scales", "int16_odd_scales", "ties", "no_bias",
        "filter_zero_point", "filter_zero_point_ties", "uint8_ties", "uint8_far",
        "int16_ties", "int16_no_bias", "int16_bias32", "int16_bias64", "int16_int4", "int16_per_tensor", "int4", "int2",
    )  # fmt: skip
    for kind in others:
        for where in ("batch", "large"):
            yield _quantized(where, kind)
    for kind in ("per_channel", "ties", "uint8", "int16", "int16_bias32"):
        for activation in (RELU, RELU_N1_TO_1, RELU6):
            yield _quantized("batch", kind, activation)
    for where in SHAPES:
        yield _real(where, "float")
        yield _real(where, "hybrid", weights="INT8")
        yield _real(where, "hybrid_per_channel", weights="INT8", per_channel=True)
        yield _real(where, "hybrid_asymmetric", weights="INT8", asymmetric_quantize_inputs=True)
    for where in KEPT:
        yield _real(where, "float", keep=True)
        yield _real(where, "hybrid", keep=True, weights="INT8")
    yield _real("batch", "float_no_bias", bias=False)
    yield _real("batch", "hybrid_no_bias", weights="INT8", bias=False)
    for activation in range(1, 4):
        yield _real("batch", f"float_act{activation}", activation=activation)
        yield _real("batch", f"hybrid_act{activation}", weights="INT8", activation=activation)
    for zero_point in (-5, 0, 5):
        yield _beyond_int32(zero_point)
    yield from _hybrid()


def _beyond_int32(zero_point: int) -> Problem:
    """Products that int32 cannot hold: LiteRT's answer is that of the x86 instruction."""
    rng = np.random.default_rng(9)
    b = ModelBuilder()
    x = b.tensor("x", "INT8", (4, 8), scale=1.0)
    w = b.tensor("w", "INT8", (6, 8), rng.integers(-127, 128, (6, 8)), scale=2.0**18)
    y = b.tensor("y", "INT8", (4, 6), scale=1.0, zero_point=zero_point)
    b.op("FULLY_CONNECTED", [x, w, -1], [y])
    name = f"fully_connected_beyond_int32_{zero_point}"
    return Problem(name, b.to_bytes([x], [y]), (rng.integers(-128, 128, (4, 8), np.int8),))


def _hybrid() -> Iterator[Problem]:
    asymmetric = {"asymmetric_quantize_inputs": True}
    yield _real("large", "hybrid_asymmetric_per_channel", weights="INT8", per_channel=True, **asymmetric)
    yield _real("large", "hybrid_int4", weights="INT4")
    yield _real("large", "hybrid_int4_asymmetric", weights="INT4", **asymmetric)
    yield _real("batch", "hybrid_int4_per_channel", weights="INT4", per_channel=True)
    yield _real("batch", "hybrid_int2", weights="INT2")
    yield _real("batch", "hybrid_uint8", weights="UINT8")
    yield _real("batch", "hybrid_uint8_per_channel", weights="UINT8", per_channel=True)
    tiny = np.random.default_rng(1).standard_normal((5, 32)).astype(np.float32) * np.float32(1e-40)
    yield _real("batch", "hybrid_tiny", weights="INT8", x=tiny)
    yield _real("batch", "hybrid_tiny_asymmetric", weights="INT8", x=tiny, **asymmetric)
    zeros = np.zeros((5, 32), np.float32)
    one_row = zeros.copy()
    one_row[2] = 1.5
    for kind, x in (("zero", zeros), ("one_row", one_row), ("positive", zeros + 3), ("negative", zeros - 3)):
        yield _real("batch", f"hybrid_{kind}", weights="INT8", x=x)
        yield _real("batch", f"hybrid_{kind}_asymmetric", weights="INT8", x=x, **asymmetric)
    rng = np.random.default_rng(7)
    for where in ("row", "batch", "large"):
        x_shape, w_shape = SHAPES[where]
        x = near_halves(rng, x_shape)
        yield _real(where, "hybrid_halves", weights="INT8", x=x)
        yield _real(where, "hybrid_halves_asymmetric", weights="INT8", x=x, **asymmetric)
        w = rng.choice([-128, -128, -127, 5, 127], w_shape)
        yield _real(where, "hybrid_lowest", weights="INT8", w=w)
        yield _real(where, "hybrid_lowest_asymmetric", weights="INT8", w=w, **asymmetric)
        yield _real(where, "hybrid_lowest_per_channel", weights="INT8", w=w, per_channel=True)

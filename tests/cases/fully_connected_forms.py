"""Rarer forms of FULLY_CONNECTED: uint8 to int16, int16 and narrow weights, shuffled weights, blocks of int4."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from intengine.model import BlockwiseQuantization, TensorType
from intengine.writer import ModelBuilder
from tests.cases import Problem
from tests.cases._matrix import integers


def _problem(
    name: str, source: str, weights: str, out: str, shape: tuple[int, int, int], *,
    zero_points: tuple[int, int] = (0, 0), per_channel: bool = False, bias: str | None = "INT32", **options: Any,
) -> Problem:  # fmt: skip
    """Sums of random values, at output scales that they fill."""
    rows, channels, depth = shape
    rng = np.random.default_rng(list(name.encode()))
    x, w = integers(rng, source, (rows, depth)), integers(rng, weights, (channels, depth))
    b = ModelBuilder()
    here = b.tensor("x", source, x.shape, scale=0.01, zero_point=zero_points[0])
    scale = rng.uniform(0.01, 0.05, channels if per_channel else 1).astype(np.float32)
    w_zero_points = np.full(scale.size, zero_points[1])
    operands = [here, b.tensor("w", weights, w.shape, w, scale=scale, zero_point=w_zero_points)]
    acc = (x - zero_points[0]) @ (w - zero_points[1]).T
    if bias:
        found = rng.integers(-1000, 1000, channels)
        operands.append(b.tensor("b", bias, (channels,), found, scale=np.float32(0.01) * scale))
    reach = 128 if out == "INT8" else 32768
    y = b.tensor("y", out, (rows, channels), scale=float(np.abs(acc).max() * 0.01 * scale.max() / reach))
    ends = [y]
    if options.get("weights_format"):
        ends.append(b.tensor("space", "UINT8", (rows, depth)))
    b.op("FULLY_CONNECTED", operands, ends, options=options)
    return Problem(name, b.to_bytes([here], ends), (x.astype(TensorType[source].dtype),))


def _blockwise(block: int, *, bias: bool, activation: int = 0) -> Problem:
    name = f"fully_connected_blockwise_{block}_{bias}_{activation}"
    rng = np.random.default_rng(list(name.encode()))
    rows, channels, depth = 5, 6, 96
    b = ModelBuilder()
    scales = rng.uniform(0.001, 0.1, (channels, depth // block)).astype(np.float16)
    found = b.tensor("scales", "FLOAT16", scales.shape, scales)
    x = rng.standard_normal((rows, depth)).astype(np.float32)
    here = b.tensor("x", "FLOAT32", x.shape)
    details = BlockwiseQuantization(found, -1, block)
    operands = [
        here,
        b.tensor("w", "INT4", (channels, depth), integers(rng, "INT4", (channels, depth)), details=details),
    ]
    if bias:
        operands.append(b.tensor("b", "FLOAT32", (channels,), rng.standard_normal(channels)))
    y = b.tensor("y", "FLOAT32", (rows, channels))
    b.op("FULLY_CONNECTED", operands, [y], fused_activation_function=activation)
    return Problem(name, b.to_bytes([here], [y]), (x,), resolver="optimized")


def problems() -> Iterator[Problem]:
    one = "fully_connected_"
    for activation in range(4):
        more = {"zero_points": (128, 117), "fused_activation_function": activation}
        yield _problem(f"{one}uint8_int16_{activation}", "UINT8", "UINT8", "INT16", (3, 5, 19), **more)
    for rows in (1, 4):
        more = {"zero_points": (128, 128), "weights_format": 1}
        yield _problem(f"{one}shuffled_{rows}", "UINT8", "UINT8", "INT16", (rows, 12, 48), **more)
    for weights in ("INT16", "INT8", "INT4", "INT2"):
        unset = "INT32" if weights == "INT16" else "INT64"
        for per_channel in (False, True):
            for bias, declared in ((unset, 0), ("INT32", 2), ("INT64", 4), (None, 0)):
                zero_point = 5 if weights in ("INT16", "INT8") and not per_channel else 0
                yield _problem(
                    f"{one}int16_{weights}_{per_channel}_{bias}_{declared}", "INT16", weights, "INT16", (3, 5, 37),
                    zero_points=(0, zero_point), per_channel=per_channel, bias=bias, quantized_bias_type=declared,
                )  # fmt: skip
    for block in (4, 16, 32):
        yield _blockwise(block, bias=True)
    yield _blockwise(32, bias=False)
    yield _blockwise(32, bias=True, activation=1)
    yield _long_rows()


def _long_rows() -> Problem:
    """Sums of weights that int16 lanes cannot hold."""
    rng = np.random.default_rng(2088)
    b = ModelBuilder()
    x = (rng.random((2, 2093)) + 1).astype(np.float32)
    here = b.tensor("x", "FLOAT32", x.shape)
    w = b.tensor("w", "INT8", (2, 2093), np.repeat([[127], [-128]], 2093, axis=1), scale=0.01)
    y = b.tensor("y", "FLOAT32", (2, 2))
    b.op("FULLY_CONNECTED", [here, w], [y], version=9, asymmetric_quantize_inputs=True)
    return Problem("fully_connected_long_rows", b.to_bytes([here], [y]), (x,))

"""Rarer types of FULLY_CONNECTED: uint8 to int16, int16 and narrow weights, shuffled weights, blocks of int4."""

from typing import Any

import numpy as np
from hypothesis import strategies as st

from intengine.model import BlockwiseQuantization, TensorType
from intengine.writer import ModelBuilder
from tests.cases import Problem
from tests.cases._build import Operand
from tests.draws._build import Draw, results, scales, tensors, values, zero_points

_RANGES = {"INT4": (-8, 7), "INT2": (-2, 1)}


def _problem(
    name: str, x: Operand, weights: dict[str, Any], bias: dict[str, Any] | None, out: Operand, *,
    space: int = 0, resolver: Any = "reference", block_scales: Any = None, **options: Any,
) -> Problem:  # fmt: skip
    b = ModelBuilder()
    here = b.tensor("x", x.type, x.shape, scale=x.scale, zero_point=x.zero_point)
    if block_scales is not None:
        found = b.tensor("scales", "FLOAT16", block_scales.shape, block_scales)
        weights["details"] = BlockwiseQuantization(found, -1, weights.pop("block"))
    w = b.tensor(**weights)
    operands = [here, w]
    if bias:
        scale = np.float32(x.scale) * weights["scale"].astype(np.float32) if x.scale else None
        operands.append(b.tensor(**bias, scale=scale))
    ends = [b.tensor("y", out.type, out.shape, scale=out.scale, zero_point=out.zero_point)]
    if space:
        ends.append(b.tensor("space", "UINT8", (space,)))
    b.op("FULLY_CONNECTED", operands, ends, options=options)
    return Problem(name, b.to_bytes([here], ends), (x.data,), resolver=resolver)


@st.composite
def _weights(draw: Draw, type_: str, shape: tuple[int, int], *, per_channel: bool, zero_point: int = 0) -> Any:
    """A filter; its scales go with its values, so that those of int16 are not all above the output's range."""
    if type_ in _RANGES:
        lo, hi = _RANGES[type_]
        rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
        data = rng.integers(lo, hi + 1, shape)
    else:
        data = draw(values(type_, shape, near=zero_point))
    some = scales(2.0**-10, 0.25)
    scale = np.array(draw(st.lists(some, min_size=shape[0], max_size=shape[0])) if per_channel else [draw(some)])
    return {
        "name": "w", "type": type_, "shape": shape, "data": data, "scale": scale,
        "zero_point": np.full(scale.size, zero_point),
    }  # fmt: skip


@st.composite
def _bias(draw: Draw, type_: str, channels: int) -> dict[str, Any] | None:
    if draw(st.integers(0, 3)) == 0:
        return None
    chosen = draw(values("INT16", (channels,)))
    return {"name": "b", "type": type_, "shape": (channels,), "data": chosen.astype(TensorType[type_].dtype)}


def _like(x: Operand, weights: dict[str, Any], out: str) -> float:
    """An output scale at which sums of these values fill the range."""
    depth = weights["shape"][1]
    reach = {"UINT8": 255, "INT8": 128, "INT16": 32768, "INT4": 8, "INT2": 2}
    real = x.scale * reach[x.type] * weights["scale"].max() * reach[weights["type"]] * depth**0.5
    return float(np.clip(real / reach[out], 2.0**-20, 2.0**20))


@st.composite
def _widening(draw: Draw) -> Problem:
    """Without a bias LiteRT reads from nowhere; an output zero point it takes only in release builds."""
    rows, channels, depth = draw(st.integers(1, 5)), draw(st.integers(1, 40)), draw(st.integers(1, 40))
    x = draw(tensors("UINT8", (rows, depth)))
    w = draw(_weights("UINT8", (channels, depth), per_channel=False, zero_point=draw(zero_points("UINT8"))))
    bias = {"name": "b", "type": "INT32", "shape": (channels,), "data": draw(values("INT16", (channels,)))}
    out = draw(results("INT16", (rows, channels), _like(x, w, "INT16")))
    return _problem("fc_uint8_int16", x, w, bias, out, fused_activation_function=draw(st.integers(0, 3)))


@st.composite
def _int16(draw: Draw, type_: str) -> Problem:
    rows, channels, depth = draw(st.integers(1, 5)), draw(st.integers(1, 9)), draw(st.integers(1, 70))
    x = draw(tensors("INT16", (rows, depth)))
    per_channel = draw(st.booleans())
    zero_point = 0
    if not per_channel and type_ in ("INT8", "INT16") and draw(st.booleans()):
        zero_point = draw(st.integers(-128, 127))
    w = draw(_weights(type_, (channels, depth), per_channel=per_channel, zero_point=zero_point))
    # LiteRT reads a bias of undeclared type as int32 for int16 weights and as int64 for others.
    declared = draw(st.sampled_from([0, 2, 4]))
    kind = {0: "INT32" if type_ == "INT16" else "INT64", 2: "INT32", 4: "INT64"}[declared]
    out = draw(results("INT16", (rows, channels), _like(x, w, "INT16")))
    return _problem(
        "fc_int16", x, w, draw(_bias(kind, channels)), out, fused_activation_function=draw(st.integers(0, 3)),
        quantized_bias_type=declared,
    )  # fmt: skip


@st.composite
def _narrow(draw: Draw, type_: str) -> Problem:
    rows, channels, depth = draw(st.integers(1, 5)), draw(st.integers(1, 9)), draw(st.integers(1, 70))
    x = draw(tensors("INT8", (rows, depth)))
    w = draw(_weights(type_, (channels, depth), per_channel=draw(st.booleans())))
    out = draw(results("INT8", (rows, channels), _like(x, w, "INT8")))
    bias = draw(_bias("INT32", channels))
    return _problem("fc_narrow", x, w, bias, out, fused_activation_function=draw(st.integers(0, 3)))


@st.composite
def _shuffled(draw: Draw) -> Problem:
    """LiteRT computes 1 or 4 rows, and takes all zero points to be 128."""
    rows, channels, depth = draw(st.sampled_from([1, 4])), 4 * draw(st.integers(1, 5)), 16 * draw(st.integers(1, 3))
    x = draw(tensors("UINT8", (rows, depth)))
    w = draw(_weights("UINT8", (channels, depth), per_channel=False, zero_point=128))
    bias = {"name": "b", "type": "INT32", "shape": (channels,), "data": draw(values("INT16", (channels,)))}
    out = draw(results("INT16", (rows, channels), _like(x, w, "INT16")))
    return _problem(
        "fc_shuffled", x, w, bias, out, space=rows * depth, weights_format=1,
        fused_activation_function=draw(st.integers(0, 3)),
    )  # fmt: skip


@st.composite
def _blockwise(draw: Draw) -> Problem:
    """LiteRT's optimized kernels take this form from 4 x 32 weights on."""
    block = draw(st.sampled_from([4, 16, 32]))
    rows, channels = draw(st.integers(1, 9)), draw(st.integers(4, 9))
    depth = block * draw(st.integers(32 // block, 96 // block))
    x = draw(tensors("FLOAT32", (rows, depth)))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    found = rng.uniform(0.001, 0.1, (channels, depth // block)).astype(np.float16)
    data = rng.integers(-8, 8, (channels, depth))
    w = {"name": "w", "type": "INT4", "shape": (channels, depth), "data": data, "block": block}
    bias = {"name": "b", "type": "FLOAT32", "shape": (channels,), "data": draw(values("FLOAT32", (channels,)))}
    out = Operand("FLOAT32", (rows, channels))
    return _problem(
        "fc_blockwise", x, w, bias if draw(st.booleans()) else None, out, block_scales=found, resolver="optimized",
        fused_activation_function=draw(st.integers(0, 3)),
    )  # fmt: skip


DRAWS = {
    "FULLY_CONNECTED uint8 to int16 rows": _widening(),
    "FULLY_CONNECTED shuffled": _shuffled(),
    "FULLY_CONNECTED blockwise int4": _blockwise(),
    **{f"FULLY_CONNECTED int16 x {type_.lower()} rows": _int16(type_) for type_ in ("INT16", "INT8", "INT4", "INT2")},
    **{f"FULLY_CONNECTED int8 x {type_.lower()} rows": _narrow(type_) for type_ in ("INT4", "INT2")},
}

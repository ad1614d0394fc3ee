"""One-op models of the matrix operators, with scales chosen from the sums that really occur."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from intengine.model import TensorType
from intengine.writer import ModelBuilder
from tests.cases import Problem

SAME, VALID = 0, 1
NONE, RELU, RELU_N1_TO_1, RELU6 = range(4)
RANGES = {"INT8": (-128, 127), "UINT8": (0, 255), "INT16": (-32768, 32767), "INT4": (-8, 7), "INT2": (-2, 1)}

Sums = Callable[[NDArray[Any], NDArray[Any]], NDArray[Any]]


def near_halves(rng: np.random.Generator, shape: Sequence[int]) -> NDArray[np.float32]:
    """float32 values that quantize on the fly with scale 1, at halves and next to them."""
    halves = rng.integers(-126, 126, shape) + rng.choice([0.5, -0.5, 0.25], shape)
    x = halves.astype(np.float32)
    x += np.where(rng.random(shape) < 0.4, np.spacing(x) * rng.choice([-1, 1], shape), 0).astype(np.float32)
    x[rng.random(shape) < 0.2] = np.nextafter(np.float32(0.5), np.float32(0))
    x[rng.random(shape) < 0.1] = np.nextafter(np.float32(-0.5), np.float32(0))
    x.reshape(x.shape[0], -1)[:, 0] = 127
    return x


@dataclass(frozen=True, kw_only=True)
class Scheme:
    """How a matrix operator is quantized.

    Attributes:
        activation, weights, bias: type names; bias None leaves it out.
        per_channel: whether filter scales differ by output channel.
        powers_of_two: whether all scales are powers of two, so that ties abound.
        odd_scales: whether one filter scale is negative and one is zero, as a few real models have it.
        input_zero_point, output_zero_point, weight_zero_point: as stored.
        options: further options of the operator.
    """

    activation: str = "INT8"
    weights: str = "INT8"
    bias: str | None = "INT32"
    per_channel: bool = True
    powers_of_two: bool = False
    odd_scales: bool = False
    input_zero_point: int = 0
    output_zero_point: int = 0
    weight_zero_point: int = 0
    options: Mapping[str, Any] = field(default_factory=dict)


UINT8 = {"activation": "UINT8", "weights": "UINT8", "per_channel": False}
INT16 = {"activation": "INT16", "bias": "INT64"}
SCHEMES = {
    "per_channel": Scheme(input_zero_point=-7, output_zero_point=11),
    "per_tensor": Scheme(per_channel=False, input_zero_point=127, output_zero_point=-128),
    "ties": Scheme(powers_of_two=True, input_zero_point=-128, output_zero_point=3),
    "odd_scales": Scheme(odd_scales=True, input_zero_point=4, output_zero_point=-9),
    "int16_odd_scales": Scheme(odd_scales=True, **INT16),
    "no_bias": Scheme(bias=None, input_zero_point=5, output_zero_point=-1),
    "uint8": Scheme(input_zero_point=128, output_zero_point=100, weight_zero_point=121, **UINT8),
    "uint8_ties": Scheme(
        powers_of_two=True, input_zero_point=128, output_zero_point=120, weight_zero_point=128, **UINT8
    ),
    "uint8_far": Scheme(input_zero_point=0, output_zero_point=255, weight_zero_point=255, **UINT8),
    "int16": Scheme(**INT16),
    "int16_ties": Scheme(powers_of_two=True, **INT16),
    "int16_no_bias": Scheme(activation="INT16", bias=None),
    "int16_bias32": Scheme(activation="INT16", bias="INT32", options={"quantized_bias_type": 2}),
    "int16_bias64": Scheme(options={"quantized_bias_type": 4}, **INT16),
    "int16_int4": Scheme(weights="INT4", **INT16),
    "int4": Scheme(weights="INT4", input_zero_point=-20, output_zero_point=9),
    "int2": Scheme(weights="INT2", input_zero_point=-20, output_zero_point=9),
}


def integers(rng: np.random.Generator, type: str, shape: Sequence[int]) -> NDArray[np.int64]:
    """Values over the whole range of a type, both ends among them as often as chance has it."""
    lo, hi = RANGES[type]
    return rng.integers(lo, hi + 1, shape)


def quantized(
    name: str,
    op: str,
    x_shape: Sequence[int],
    w_shape: Sequence[int],
    sums: Sums,
    scheme: Scheme,
    *,
    axis: int = 0,
    seed: int = 0,
    activation: int = NONE,
    before: Callable[[ModelBuilder, Sequence[int]], list[int]] | None = None,
    version: int = 1,
    **options: Any,
) -> Problem:
    """A problem whose outputs fill their range without saturating.

    Args:
        sums: (x - z_x, w - z_w) -> accumulators without bias, exact in int64.
        axis: of the filter's output channels.
        before: adds inputs before the operator's own, given the output's shape.
    """
    rng = np.random.default_rng([seed, *name.encode()])
    s = scheme
    x = integers(rng, s.activation, x_shape)
    w = integers(rng, s.weights, w_shape)
    if s.powers_of_two:
        # Small sums, and below multipliers of 1/2 to 1/16: every second to every sixteenth sum is a tie.
        lo, hi = RANGES[s.activation]
        x = np.clip(s.input_zero_point + rng.integers(-16, 17, x_shape), lo, hi)
        lo, hi = RANGES[s.weights]
        w = np.clip(s.weight_zero_point + rng.integers(-2, 3, w_shape), lo, hi)
    acc = sums(x - s.input_zero_point, w - s.weight_zero_point)
    channels = acc.shape[-1]
    flat = acc.reshape(-1, channels)
    # The bias brings the sums about zero; real models' sums do not wrap, so it stays within its type.
    centre = flat.mean(axis=0) if flat.size else np.zeros(channels)
    spread = np.maximum(flat.std(axis=0) if flat.size else centre, 1.0)
    bias = np.clip(np.rint(spread * rng.normal(0, 0.5, channels) - centre), -(2**30), 2**30).astype(np.int64)
    if s.bias:
        flat = flat + bias
    # The arithmetic after an int64 sum is made for multipliers below 2**7.
    reach = np.maximum(np.abs(flat).max(axis=0, initial=1), (RANGES[s.activation][1] + 1) // 128)

    lo, hi = RANGES[s.activation]
    input_scale = 0.0625 if s.powers_of_two else rng.uniform(0.002, 0.2)
    # 6.0 lies inside the range, so that clamps can be seen.
    output_scale = 2.0 ** np.rint(np.log2(16 / (hi - lo))) if s.powers_of_two else rng.uniform(9, 25) / (hi - lo)
    half = (hi - lo) / 2
    real = half / reach * 2.0 ** rng.uniform(-2.0, 0.2, channels)
    if s.powers_of_two:
        real = np.exp2(-rng.integers(1, 5, channels).astype(np.float64))
    weight_scale = (real * output_scale / input_scale).astype(np.float32)
    if not s.per_channel:
        one = output_scale / input_scale / 4 if s.powers_of_two else np.median(weight_scale)
        weight_scale = np.full(1, one, np.float32)
    elif channels > 3:
        weight_scale[1] *= np.float32(2.0**-12)
        weight_scale[2] *= np.float32(2.0**8)
    if s.odd_scales:
        weight_scale[0] *= np.float32(-1.0)
        weight_scale[-1] = 0

    b = ModelBuilder()
    here = b.tensor("x", s.activation, x_shape, scale=input_scale, zero_point=s.input_zero_point)
    filter_ = b.tensor(
        "w", s.weights, w_shape, w, scale=weight_scale, axis=axis,
        zero_point=np.full(weight_scale.size, s.weight_zero_point),
    )  # fmt: skip
    operands = [here, filter_]
    if before:
        operands = [*before(b, acc.shape), filter_, here]
    if s.bias:
        bias_scale = np.float32(input_scale) * weight_scale
        operands.append(b.tensor("bias", s.bias, (channels,), bias, scale=bias_scale))
    y = b.tensor("y", s.activation, acc.shape, scale=output_scale, zero_point=s.output_zero_point)
    b.op(op, operands, [y], version=version, options={"fused_activation_function": activation, **s.options, **options})
    return Problem(name, b.to_bytes([here], [y]), (x.astype(TensorType[s.activation].dtype),))


def real(
    name: str,
    op: str,
    x_shape: Sequence[int],
    w_shape: Sequence[int],
    out_shape: Sequence[int],
    *,
    weights: str = "FLOAT32",
    per_channel: bool = False,
    bias: bool = True,
    axis: int = 0,
    channels: int,
    seed: int = 0,
    activation: int = NONE,
    x: NDArray[np.float32] | None = None,
    w: NDArray[Any] | None = None,
    filter_scale: NDArray[Any] | None = None,
    before: Callable[[ModelBuilder, Sequence[int]], list[int]] | None = None,
    version: int = 1,
    **options: Any,
) -> Problem:
    """A problem with float32 activations; integer `weights` make it a hybrid one."""
    rng = np.random.default_rng([seed, *name.encode()])
    if x is None:
        x = rng.standard_normal(x_shape).astype(np.float32) * np.float32(3.0)
    scale = filter_scale
    if weights == "FLOAT32":
        if w is None:
            w = rng.standard_normal(w_shape).astype(np.float32)
    else:
        if w is None:
            # Converters never write the least number of a symmetric type.
            w = np.maximum(integers(rng, weights, w_shape), RANGES[weights][0] + 1)
        if scale is None:
            scale = rng.uniform(0.001, 0.05, channels if per_channel else 1).astype(np.float32)
    b = ModelBuilder()
    here = b.tensor("x", "FLOAT32", x_shape)
    filter_ = b.tensor("w", weights, w_shape, w, scale=scale, axis=axis)
    operands = [here, filter_]
    if before:
        operands = [*before(b, out_shape), filter_, here]
    if bias:
        operands.append(b.tensor("bias", "FLOAT32", (channels,), rng.standard_normal(channels).astype(np.float32)))
    y = b.tensor("y", "FLOAT32", out_shape)
    b.op(op, operands, [y], version=version, options={"fused_activation_function": activation, **options})
    return Problem(name, b.to_bytes([here], [y]), (x,))

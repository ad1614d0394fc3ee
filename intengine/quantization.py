"""The real-number side of quantization: scales to fixed-point multipliers, activations to integer ranges.

Widths matter: a multiplier formed in float32 differs from one formed in double by one part in 2**24, and that flips
outputs. Functions here take Python floats (doubles) or np.float32 and say which they need.
"""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from intengine.errors import InvalidModelError
from intengine.model import Quantization, TensorType

INTEGER_RANGE: dict[TensorType, tuple[int, int]] = {
    TensorType.INT4: (-8, 7),
    TensorType.UINT4: (0, 15),
    TensorType.INT2: (-2, 1),
    TensorType.INT8: (-128, 127),
    TensorType.UINT8: (0, 255),
    TensorType.INT16: (-32768, 32767),
    TensorType.INT32: (-(2**31), 2**31 - 1),
}

#: ActivationFunctionType of the schema.
NONE, RELU, RELU_N1_TO_1, RELU6, TANH, SIGN_BIT = range(6)
_REAL_BOUNDS: dict[int, tuple[float, float]] = {
    NONE: (-math.inf, math.inf),
    RELU: (0.0, math.inf),
    RELU_N1_TO_1: (-1.0, 1.0),
    RELU6: (0.0, 6.0),
    TANH: (-math.inf, math.inf),
    SIGN_BIT: (-math.inf, math.inf),
}


def round_half_away(x: float) -> int:
    """Nearest integer, halves away from zero (C round)."""
    whole = math.trunc(x)
    if abs(x - whole) >= 0.5:
        whole += 1 if x > 0 else -1
    return whole


def quantize_multiplier(real: float) -> tuple[int, int]:
    """(multiplier, shift) with real ~= multiplier * 2**(shift - 31), positive shift to the left.

    The multiplier is in 2**30..2**31-1 (negative for a negative real); a real below 2**-32 becomes (0, 0).

    Args:
        real: a double.

    Raises:
        InvalidModelError: for NaN, infinity, or a shift above 31.

    Source: tflite/kernels/internal/quantization_util.cc
    """
    if not math.isfinite(real):
        raise InvalidModelError(f"A requantization multiplier must be finite; the scales give {real}.")
    if real == 0.0:
        return 0, 0
    fraction, shift = math.frexp(real)
    multiplier = round_half_away(fraction * 2.0**31)
    if abs(multiplier) == 2**31:
        multiplier //= 2
        shift += 1
    if shift < -31:
        return 0, 0
    if shift > 31:
        raise InvalidModelError(f"A requantization multiplier must be below 2**31; the scales give {real}.")
    return multiplier, shift


def quantize_multipliers(real: NDArray[np.float64]) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """`quantize_multiplier` of each double of an array: (multipliers, shifts).

    Raises:
        InvalidModelError: as `quantize_multiplier`.
    """
    fraction, exponent = np.frexp(np.where(np.isfinite(real), real, 0))
    # At most 22 bits lie behind the point, so that adding a half is exact enough to be cut.
    multiplier = np.trunc(fraction * 2.0**31 + np.copysign(0.5, fraction))
    is_power = np.abs(multiplier) == 2.0**31
    multiplier, shift = np.where(is_power, multiplier / 2, multiplier), exponent + is_power
    for value in real[~np.isfinite(real) | (shift > 31)][:1]:
        quantize_multiplier(float(value))
    is_tiny = (shift < -31) | (real == 0)
    return np.where(is_tiny, 0, multiplier).astype(np.int32), np.where(is_tiny, 0, shift).astype(np.int32)


def real_bounds(activation: int) -> tuple[float, float]:
    """The interval a fused activation clamps real values to.

    Raises:
        InvalidModelError: for a number that is no activation.
    """
    try:
        return _REAL_BOUNDS[activation]
    except KeyError:
        raise InvalidModelError(f"A fused activation must be one of 0..5 of the schema; got {activation}.") from None


def quantize_real(value: float, scale: np.float32, zero_point: int) -> int:
    """zero_point + round_half_away(float32(value / scale)), the quantized form of a clamp bound.

    Source: tflite/kernels/kernel_util.cc
    """
    with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
        quotient = float(np.float32(np.float32(value) / scale))
    if not math.isfinite(quotient) or abs(quotient) > 2**31 - 1:
        raise InvalidModelError(f"A clamp bound must fit int32; {value} at scale {scale} does not.")
    return zero_point + round_half_away(quotient)


def quantize_real_even(value: float, scale: np.float32, zero_point: int) -> int:
    """round_half_even(float32(float32(value / scale) + zero_point)), cut to int32; XNNPACK's form of a clamp bound.

    Source: XNNPACK src/subgraph/clamp.c
    """
    with np.errstate(over="ignore"):
        real = float(np.float32(np.float32(value) / scale) + np.float32(zero_point))
    return int(min(max(np.rint(real), -(2.0**31)), 2.0**31 - 1))


#: (real bound, scale, zero_point) -> its quantized form.
ActivationBound = Callable[[float, np.float32, int], int]


def activation_range(
    activation: int, dtype: TensorType, scale: np.float32, zero_point: int, bound: ActivationBound = quantize_real
) -> tuple[int, int]:
    """(lo, hi) that a fused activation clamps quantized outputs to, within the range of the type.

    lo may exceed hi for odd zero points; kernels apply lo first, then hi.

    Args:
        bound: how a bound of the activation is quantized; a profile's `activation_bound`.
    """
    lo, hi = INTEGER_RANGE[dtype]
    real_lo, real_hi = real_bounds(activation)
    if real_lo > -math.inf:
        lo = max(lo, bound(real_lo, scale, zero_point))
    if real_hi < math.inf:
        hi = min(hi, bound(real_hi, scale, zero_point))
    return lo, hi


def quantize(real: NDArray[np.float32], quantization: Quantization, dtype: TensorType) -> NDArray[Any]:
    """clamp(round_half_away(float32(real / scale)) + zero_point), the values of LiteRT's QUANTIZE.

    Args:
        real: float32 of any shape; NaN becomes the zero point, infinities the ends of the range.

    Returns:
        An array of the type's dtype and the shape of `real`.
    """
    scale, zero_point = _along_axis(quantization, real.ndim)
    with np.errstate(over="ignore"):
        quotient = np.nan_to_num(real.astype(np.float32) / scale).astype(np.float64)
    whole = np.trunc(quotient)
    whole += np.copysign(np.abs(quotient - whole) >= 0.5, quotient)
    lo, hi = INTEGER_RANGE[dtype]
    return np.clip(whole + zero_point, lo, hi).astype(dtype.dtype)


def dequantize(values: NDArray[Any], quantization: Quantization) -> NDArray[np.float32]:
    """float32(scale * (q - zero_point)), rounded once."""
    scale, zero_point = _along_axis(quantization, values.ndim)
    return ((values.astype(np.int64) - zero_point) * scale.astype(np.float64)).astype(np.float32)


def _along_axis(quantization: Quantization, rank: int) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    scale = quantization.scale
    zero_point = quantization.zero_point if quantization.zero_point.size else np.zeros(1, np.int64)
    if quantization.per_channel:
        shape = [1] * rank
        shape[quantization.axis] = scale.size
        scale = scale.reshape(shape)
        zero_point = np.broadcast_to(zero_point, quantization.scale.size).reshape(shape)
    return scale, zero_point

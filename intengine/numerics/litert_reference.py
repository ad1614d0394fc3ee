"""LiteRT's reference kernels: OpResolverType.BUILTIN_REF of ai-edge-litert 2.3.0."""

import numpy as np
from intengine_kernels.requantize import DOUBLE_ROUNDING, INT64_15BIT, REAL_DOUBLE
from numpy.typing import NDArray

from intengine.errors import InvalidModelError
from intengine.model import TensorType
from intengine.numerics._record import ConvScales, Numerics, Requantizer, fixed_point

#: The greatest left shift of INT64_15BIT, which keeps 15 bits of a multiplier.
_MOST_LEFT = 14


def _per_channel(filter_scale: NDArray[np.float32], channels: int) -> NDArray[np.float64]:
    return np.broadcast_to(filter_scale.astype(np.float64), channels)


def _conv_real(scales: ConvScales) -> NDArray[np.float64]:
    """double(input) * double(filter) / double(output); for uint8 the product is rounded to float32 first.

    Source: tflite/kernels/kernel_util.cc
    """
    if scales.input_type is TensorType.UINT8:
        product = (scales.input * scales.filter).astype(np.float32)
        return _per_channel(product, scales.channels) / np.float64(scales.output)
    return np.float64(scales.input) * _per_channel(scales.filter, scales.channels) / np.float64(scales.output)


def convolution(scales: ConvScales) -> Requantizer:
    """Two roundings after an int32 accumulator, a 15-bit multiplier and one rounding after an int64 one.

    Raises:
        InvalidModelError: for a multiplier that the scheme cannot express.

    Source: tflite/kernels/internal/reference/integer_ops/conv.h
    """
    if not scales.wide:
        return fixed_point(DOUBLE_ROUNDING, _conv_real(scales))
    requantizer = fixed_point(INT64_15BIT, _conv_real(scales))
    if (requantizer.shift > _MOST_LEFT).any():
        raise InvalidModelError(
            f"A multiplier after an int64 accumulator must be below 2**{_MOST_LEFT}; "
            f"the scales give {_conv_real(scales).max()}."
        )
    return requantizer


def fully_connected(scales: ConvScales) -> Requantizer:
    """The accumulator times a double, rounded half away from zero; no fixed point at all.

    Source: tflite/kernels/internal/reference/integer_ops/fully_connected.h
    """
    real = np.float64(scales.input) * _per_channel(scales.filter, scales.channels) / np.float64(scales.output)
    none = np.zeros(scales.channels, np.int32)
    return Requantizer(REAL_DOUBLE, none, none, real)


def product_scales(scales: ConvScales) -> NDArray[np.float64]:
    """The real multipliers of FULLY_CONNECTED in fixed point: per tensor, the product of scales is a float32.

    Source: tflite/kernels/kernel_util.cc
    """
    if scales.filter.size == 1:
        products = (scales.input * scales.filter).astype(np.float32).astype(np.float64)
    else:
        products = np.float64(scales.input) * scales.filter.astype(np.float64)
    return np.asarray(products / np.float64(scales.output))


def batch_matmul(scales: ConvScales) -> Requantizer:
    """As a convolution, but with the product of the input scales in float32.

    Source: tflite/kernels/batch_matmul.cc
    """
    real = (scales.input * scales.filter).astype(np.float32) / np.float64(scales.output)
    every = np.broadcast_to(real.astype(np.float64), scales.channels)
    return fixed_point(INT64_15BIT if scales.wide else DOUBLE_ROUNDING, every)


LITERT_REFERENCE = Numerics(
    name="litert-reference",
    runtime="LiteRT, OpResolverType.BUILTIN_REF",
    version="ai-edge-litert 2.3.0",
    cpu="x86-64",
    evidence="compared with the live runtime: docs/exactness.md",
    conv=convolution,
    depthwise_conv=convolution,
    transpose_conv=convolution,
    fully_connected=fully_connected,
    batch_matmul=batch_matmul,
    sum_reads_bytes=True,
)

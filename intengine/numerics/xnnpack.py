"""XNNPACK's arithmetic on x86-64, for the nodes that LiteRT's delegate gives it."""

from dataclasses import replace

import numpy as np
from intengine_kernels.requantize import FLOAT32

from intengine.numerics import _arithmetic as arithmetic
from intengine.numerics._matrix_arithmetic import DepthwiseFloat, PackedInt4
from intengine.numerics._record import ConvScales, Hybrid, Requantizer
from intengine.numerics.litert_optimized import LITERT_OPTIMIZED
from intengine.quantization import quantize_real_even


def float_requantization(scales: ConvScales) -> Requantizer:
    """The accumulator in float32 times float32(float32(input * filter) / output), halves to even.

    Source: XNNPACK/src/qs8-gemm, src/qs8-requantization, src/operators/convolution-nhwc.c
    """
    factor = (scales.input * scales.filter).astype(np.float32) / scales.output
    none = np.zeros(scales.channels, np.int32)
    real = np.broadcast_to(factor.astype(np.float32), scales.channels).astype(np.float64)
    return Requantizer(FLOAT32, none, none, real)


XNNPACK = replace(
    LITERT_OPTIMIZED,
    name="xnnpack",
    runtime="XNNPACK, as LiteRT's delegate calls it",
    conv=float_requantization,
    depthwise_conv=float_requantization,
    transpose_conv=float_requantization,
    fully_connected=float_requantization,
    batch_matmul=float_requantization,
    hybrid=Hybrid(is_dynamic=True),
    float_is_fused=True,
    packed_int4=PackedInt4.AS_INT8,
    depthwise_float=DepthwiseFloat.FUSED,
    activation_bound=quantize_real_even,
    quantizing=arithmetic.Quantizing.RECIPROCAL,
    requantizing=arithmetic.Requantizing.MULTIPLIER_8,
    dequantizing=arithmetic.Dequantizing.SUBTRACTED,
    summing=arithmetic.Summing.FLOAT_EVEN,
    averaging=arithmetic.Averaging.FLOAT_EVEN,
    float_elements=arithmetic.FloatElements.FLUSHED,
    float_averaging=arithmetic.FloatAveraging.UNITS,
    addition=arithmetic.Addition.MULTIPLIER_21,
    multiplication=arithmetic.Multiplication.FLOAT_EVEN,
    leaky_relu=arithmetic.LeakyRelu.MULTIPLIER_8,
    table_rounding=arithmetic.TableRounding.HALF_EVEN,
    resizing=arithmetic.Resizing.WEIGHTS_11_BITS,
)

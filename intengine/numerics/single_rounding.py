"""LiteRT's reference kernels in builds with TFLITE_SINGLE_ROUNDING: one rounding where there were two.

FULLY_CONNECTED stays with its double, int64 accumulators with 15 bits, and so do arithmetics that are written out in
high multiplies and shifts (HARD_SWISH, DIV, softmax, 16-bit cells of LSTM). The inverse root in RSQRT and in layer
normalization is applied with two roundings here.

Source: tflite/kernels/internal/common.h
"""

from dataclasses import replace

from intengine_kernels.requantize import SINGLE

from intengine.numerics._arithmetic import Rounding
from intengine.numerics._record import ConvScales, Requantizer
from intengine.numerics.litert_reference import LITERT_REFERENCE, batch_matmul, convolution


def convolution_once(scales: ConvScales) -> Requantizer:
    """One rounding of the whole product with ties up; a 15-bit multiplier after an int64 accumulator."""
    found = convolution(scales)
    return found if scales.wide else replace(found, scheme=SINGLE)


def product_once(scales: ConvScales) -> Requantizer:
    """As a convolution, but with the product of the input scales in float32."""
    found = batch_matmul(scales)
    return found if scales.wide else replace(found, scheme=SINGLE)


SINGLE_ROUNDING = replace(
    LITERT_REFERENCE,
    name="single-rounding",
    runtime="LiteRT, reference kernels built with TFLITE_SINGLE_ROUNDING",
    evidence="source reading, unverified",
    conv=convolution_once,
    depthwise_conv=convolution_once,
    transpose_conv=convolution_once,
    batch_matmul=product_once,
    rounding=Rounding.ONCE,
)

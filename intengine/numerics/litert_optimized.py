"""LiteRT's optimized kernels: OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES of ai-edge-litert 2.3.0 on x86-64.

ruy's kernels and the vector bodies of NEON code, which x86 builds translate to SSE, round ties of the second rounding
up; the tails of vector loops are the reference's.
"""

from dataclasses import replace

import numpy as np
from intengine_kernels.isa.hybrid_lanes import BLOCKS_OF_4, SCALES_FIRST
from intengine_kernels.requantize import UPWARD, UPWARD_BLOCKS

from intengine.model import TensorType
from intengine.numerics import _arithmetic as arithmetic
from intengine.numerics._matrix_arithmetic import DepthwiseFloat, PackedInt4
from intengine.numerics._record import ConvScales, Hybrid, Requantizer, fixed_point
from intengine.numerics.litert_reference import LITERT_REFERENCE, convolution, fully_connected, product_scales

#: Elements that the requantization of uint8 TRANSPOSE_CONV takes at a time.
_FLAT_BLOCK = 16


def ruy_convolution(scales: ConvScales) -> Requantizer:
    """Two roundings, the second up (ruy); as the reference with groups, and after an int64 accumulator.

    Source: tflite/kernels/internal/optimized/integer_ops/conv.h, ruy/kernel_avx512.cc
    """
    found = convolution(scales)
    return found if scales.wide or scales.groups > 1 else replace(found, scheme=UPWARD)


def vector_depthwise(scales: ConvScales) -> Requantizer:
    """Two roundings, the second up in whole blocks of 8 channels and away from zero in the rest; uint8 always away.

    Source: tflite/kernels/internal/optimized/integer_ops/depthwise_conv.h
    """
    found = convolution(scales)
    return replace(found, scheme=UPWARD_BLOCKS) if scales.input_type is TensorType.INT8 else found


def vector_transpose(scales: ConvScales) -> Requantizer:
    """Two roundings, the second up in whole blocks and away from zero in the rest; as the reference after int64.

    Blocks are of 8 channels for int8 and int16, of 16 elements of the whole output for uint8.

    Source: tflite/kernels/internal/optimized/optimized_ops.h
    """
    found = convolution(scales)
    if scales.wide:
        return found
    if scales.input_type is TensorType.UINT8:
        return replace(found, scheme=UPWARD, block=_FLAT_BLOCK)
    return replace(found, scheme=UPWARD_BLOCKS)


def ruy_product(scales: ConvScales) -> Requantizer:
    """Two roundings, the second up (ruy); as the reference after an int64 accumulator.

    Source: tflite/kernels/internal/optimized/integer_ops/fully_connected.h
    """
    if scales.wide:
        return fully_connected(scales)
    return fixed_point(UPWARD, np.broadcast_to(product_scales(scales), scales.channels))


LITERT_OPTIMIZED = replace(
    LITERT_REFERENCE,
    name="litert-optimized",
    runtime="LiteRT, OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES",
    evidence="compared with the live runtime: docs/profiles.md",
    conv=ruy_convolution,
    depthwise_conv=vector_depthwise,
    transpose_conv=vector_transpose,
    fully_connected=ruy_product,
    fully_connected_int16_narrow=True,
    shuffled_is_clamped=False,
    hybrid=Hybrid(conv=SCALES_FIRST, depthwise_conv=BLOCKS_OF_4),
    packed_int4=PackedInt4.NIBBLES,
    depthwise_float=DepthwiseFloat.BIAS_FIRST,
    sum_reads_bytes=False,
    quantizing=arithmetic.Quantizing.RECIPROCAL_BLOCKS,
    requantizing=arithmetic.Requantizing.UPWARD_BLOCKS,
    dequantizing=arithmetic.Dequantizing.SHIFTED_BLOCKS,
    summing=arithmetic.Summing.FLOAT,
    averaging=arithmetic.Averaging.IMAGE_BLOCKS,
    float_elements=arithmetic.FloatElements.SIXTH,
    float_averaging=arithmetic.FloatAveraging.LANES_OF_LAST_AXIS,
    sigmoid16=arithmetic.Sigmoid16.FIXED_POINT,
    exponentials=arithmetic.Exponentials.FLOAT_TABLE,
    addition=arithmetic.Addition.BLOCKS,
    leaky_relu=arithmetic.LeakyRelu.NEGATIVE_MULTIPLIER,
    resizing=arithmetic.Resizing.WEIGHTS_FIRST,
    product_of_none=arithmetic.ProductOfNone.COPIED,
)

"""LiteRT's optimized kernels: OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES of ai-edge-litert 2.3.0 on x86-64."""

from dataclasses import replace

from intengine.numerics import _arithmetic as arithmetic
from intengine.numerics.litert_reference import LITERT_REFERENCE

LITERT_OPTIMIZED = replace(
    LITERT_REFERENCE,
    name="litert-optimized",
    runtime="LiteRT, OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES",
    evidence="compared with the live runtime: docs/exactness.md",
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

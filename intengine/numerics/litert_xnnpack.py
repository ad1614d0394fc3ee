"""LiteRT's default, OpResolverType.BUILTIN of ai-edge-litert 2.3.0 on x86-64: XNNPACK, and the optimized kernels."""

from dataclasses import replace

from intengine.numerics import _arithmetic as arithmetic
from intengine.numerics._record import Delegate
from intengine.numerics.litert_optimized import LITERT_OPTIMIZED
from intengine.numerics.xnnpack_delegate import takes
from intengine.quantization import quantize_real_even

XNNPACK = replace(
    LITERT_OPTIMIZED,
    name="xnnpack",
    runtime="XNNPACK as LiteRT builds it",
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

LITERT_XNNPACK = replace(
    LITERT_OPTIMIZED,
    name="litert-xnnpack",
    runtime="LiteRT, OpResolverType.BUILTIN",
    delegate=Delegate(takes, XNNPACK),
)

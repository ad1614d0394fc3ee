"""LiteRT's optimized kernels and its default on arm64, by their sources; nothing of it was run.

ruy's NEON kernels round once where those for x86 round twice. The vector bodies of LiteRT's own kernels are the NEON
code that x86 builds translate, and XNNPACK's formulas are the same; so all else is as on x86. Known to differ and not
stated here: hybrid quantization rounds halves away exactly, softmax has a uint16 table with clang, and 3x3 depthwise
convolutions have kernels of their own.

Source: ruy/kernel_arm64.cc
"""

from dataclasses import replace

from intengine_kernels.requantize import SINGLE

from intengine.numerics._record import ConvScales, Requantizer
from intengine.numerics.litert_optimized import LITERT_OPTIMIZED, ruy_convolution, ruy_product
from intengine.numerics.litert_xnnpack import LITERT_XNNPACK


def neon_convolution(scales: ConvScales) -> Requantizer:
    """One rounding with ties up (ruy); as the reference with groups, and after an int64 accumulator."""
    found = ruy_convolution(scales)
    return found if scales.wide or scales.groups > 1 else replace(found, scheme=SINGLE)


def neon_product(scales: ConvScales) -> Requantizer:
    """One rounding with ties up (ruy); as the reference after an int64 accumulator."""
    found = ruy_product(scales)
    return found if scales.wide else replace(found, scheme=SINGLE)


LITERT_OPTIMIZED_ARM64 = replace(
    LITERT_OPTIMIZED,
    name="litert-optimized-arm64",
    cpu="arm64",
    evidence="source reading, unverified",
    conv=neon_convolution,
    fully_connected=neon_product,
)
LITERT_XNNPACK_ARM64 = replace(
    LITERT_XNNPACK,
    name="litert-xnnpack-arm64",
    cpu="arm64",
    evidence="source reading, unverified",
    conv=neon_convolution,
    fully_connected=neon_product,
)

"""Exactness profiles: which arithmetic each runtime uses, one file per profile.

A profile is a frozen `Numerics` record with one slot for each place where runtimes differ. A slot holds a factory
from scales to a `Requantizer`, because runtimes encode the same real multiplier differently.
"""

from intengine.errors import InputError
from intengine.numerics._arithmetic import (
    Addition,
    Averaging,
    Dequantizing,
    Exponentials,
    FloatAveraging,
    FloatElements,
    LeakyRelu,
    Multiplication,
    ProductOfNone,
    Quantizing,
    Requantizing,
    Resizing,
    Rounding,
    Sigmoid16,
    Summing,
    TableRounding,
)
from intengine.numerics._matrix_arithmetic import DepthwiseFloat, PackedInt4
from intengine.numerics._micro_arithmetic import (
    CastToInteger,
    Ratio,
    Relu6,
    Rsqrt16,
    SequenceLstm,
    Sigmoid8,
    Softmax16,
    SvdfState,
    SvdfSum,
)
from intengine.numerics._record import ConvScales, Delegate, Hybrid, Numerics, Requantizer, fixed_point
from intengine.numerics.arm64 import LITERT_OPTIMIZED_ARM64, LITERT_XNNPACK_ARM64
from intengine.numerics.cmsis_nn import CMSIS_NN
from intengine.numerics.litert_optimized import LITERT_OPTIMIZED
from intengine.numerics.litert_reference import LITERT_REFERENCE
from intengine.numerics.litert_xnnpack import LITERT_XNNPACK
from intengine.numerics.single_rounding import SINGLE_ROUNDING
from intengine.numerics.tflm import TFLM

PROFILES: dict[str, Numerics] = {
    profile.name: profile
    for profile in (
        LITERT_REFERENCE, LITERT_OPTIMIZED, LITERT_XNNPACK, TFLM, CMSIS_NN, SINGLE_ROUNDING, LITERT_OPTIMIZED_ARM64,
        LITERT_XNNPACK_ARM64,
    )
}  # fmt: skip


def get(profile: str | Numerics) -> Numerics:
    """The profile of that name.

    Raises:
        InputError: for an unknown name; lists the known ones.
    """
    if isinstance(profile, Numerics):
        return profile
    try:
        return PROFILES[profile]
    except KeyError:
        raise InputError(f"A profile must be one of {', '.join(PROFILES)}; got {profile!r}.") from None


__all__ = [
    "PROFILES",
    "Addition",
    "Averaging",
    "CastToInteger",
    "ConvScales",
    "Delegate",
    "DepthwiseFloat",
    "Dequantizing",
    "Exponentials",
    "FloatAveraging",
    "FloatElements",
    "Hybrid",
    "LeakyRelu",
    "Multiplication",
    "Numerics",
    "PackedInt4",
    "ProductOfNone",
    "Quantizing",
    "Ratio",
    "Relu6",
    "Requantizer",
    "Requantizing",
    "Resizing",
    "Rounding",
    "Rsqrt16",
    "SequenceLstm",
    "Sigmoid8",
    "Sigmoid16",
    "Softmax16",
    "Summing",
    "SvdfState",
    "SvdfSum",
    "TableRounding",
    "fixed_point",
    "get",
]

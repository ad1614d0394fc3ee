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
    Sigmoid16,
    Summing,
    TableRounding,
)
from intengine.numerics._record import ConvScales, Numerics, Requantizer, fixed_point
from intengine.numerics.litert_optimized import LITERT_OPTIMIZED
from intengine.numerics.litert_reference import LITERT_REFERENCE
from intengine.numerics.litert_xnnpack import LITERT_XNNPACK
from intengine.numerics.tflm import TFLM

PROFILES: dict[str, Numerics] = {
    profile.name: profile for profile in (LITERT_REFERENCE, LITERT_OPTIMIZED, LITERT_XNNPACK, TFLM)
}


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
    "ConvScales",
    "Dequantizing",
    "Exponentials",
    "FloatAveraging",
    "FloatElements",
    "LeakyRelu",
    "Multiplication",
    "Numerics",
    "ProductOfNone",
    "Quantizing",
    "Requantizer",
    "Requantizing",
    "Resizing",
    "Sigmoid16",
    "Summing",
    "TableRounding",
    "fixed_point",
    "get",
]

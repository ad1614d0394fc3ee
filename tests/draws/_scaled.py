"""Quantized operands whose scales fit together, so that results are mostly not saturated and ties are common."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from hypothesis import strategies as st

from tests.cases._build import Operand, constant, given
from tests.draws._build import Draw, scales, tensors, zero_points

QUANTIZED = ("INT8", "UINT8", "INT16")
ACTIVATIONS = st.sampled_from([0, 0, 1, 2, 3])


def scale_families() -> st.SearchStrategy[st.SearchStrategy[float]]:
    """Where all input scales of one problem come from: powers of two, which make ties, or anything."""
    powers = st.integers(-8, 1).map(lambda e: 2.0**e)
    return st.sampled_from([powers, scales(2.0**-10, 2.0)])


@st.composite
def ratios(draw: Draw, least: int = -3, most: int = 3) -> float:
    """What an output's scale is to the natural one: a power of two, an odd multiple of one, or anything between."""
    power = 2.0 ** draw(st.integers(least, most))
    kind = draw(st.sampled_from(["power", "power", "odd", "any"]))
    if kind == "odd":
        return power * draw(st.sampled_from([1.5, 1.25, 1.75, 4 / 3]))
    return power if kind == "power" else power * draw(st.floats(1.0, 2.0))


@st.composite
def scaled(draw: Draw, type_: str, shape: Sequence[int], scale: float, *, constant: bool | None = False) -> Operand:
    """An operand of drawn values and zero point with this scale."""
    return replace(draw(tensors(type_, shape, constant=constant)), scale=float(np.float32(scale)))


@st.composite
def near(draw: Draw, type_: str, shape: Sequence[int], like: float, least: int = -3, most: int = 3) -> Operand:
    """An output with a drawn zero point and a scale of 2**least to 2**(most + 1) times `like`."""
    scale = float(np.float32(like * draw(ratios(least, most))))
    return Operand(type_, tuple(shape), None, scale, draw(zero_points(type_)))


@st.composite
def parameter(draw: Draw, type_: str, data: Any) -> Operand:
    """Axes, sizes, indices...: mostly a constant, now and then an input of the graph."""
    make = given if draw(st.integers(0, 3)) == 0 else constant
    return make(type_, np.asarray(data))

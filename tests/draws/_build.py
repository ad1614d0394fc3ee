"""What problems are drawn from: shapes, scales with ties, zero points and values that reach the ends of ranges."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

from intengine.model import TensorType
from tests.cases._build import FULL_RANGE, Operand

Draw = st.DrawFn


def shapes(least: int = 1, most: int = 4, sizes: tuple[int, int] = (1, 7)) -> st.SearchStrategy[tuple[int, ...]]:
    """Shapes of rank `least` to `most`, with sizes in the closed range `sizes`."""
    return st.lists(st.integers(*sizes), min_size=least, max_size=most).map(tuple)


@st.composite
def broadcast_pairs(draw: Draw, most: int = 4) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Two shapes that broadcast."""
    full = draw(shapes(1, most))
    pair = []
    for _ in range(2):
        shape = tuple(1 if draw(st.integers(0, 3)) == 0 else size for size in full)
        pair.append(shape[draw(st.integers(0, len(shape))) if draw(st.booleans()) else 0 :])
    return pair[0], pair[1]


def scales(least: float = 2.0**-12, most: float = 4.0) -> st.SearchStrategy[float]:
    """float32 scales: powers of two (which make ties), their neighbours, thirds, and any."""
    lo, hi = int(np.ceil(np.log2(least))), int(np.floor(np.log2(most)))
    powers = st.integers(lo, hi).map(lambda e: 2.0**e)
    near = st.tuples(powers, st.sampled_from([-1, 1])).map(
        lambda pair: float(np.nextafter(np.float32(pair[0]), np.float32(pair[1] * np.inf)))
    )
    thirds = powers.map(lambda power: float(np.float32(power / 3)))
    anything = st.floats(np.float32(least), np.float32(most), width=32)
    return st.one_of(powers, anything, near, thirds).map(lambda s: min(max(s, least), most))


def zero_points(type_: str) -> st.SearchStrategy[int]:
    """Zero points of 8-bit types, ends and middle often; 0 for the others, which are symmetric."""
    if type_ not in ("INT8", "UINT8"):
        return st.just(0)
    lo, hi = FULL_RANGE[type_]
    return st.one_of(st.sampled_from([lo, hi, (lo + hi + 1) // 2]), st.integers(lo, hi))


@st.composite
def values(draw: Draw, type_: str, shape: Sequence[int], near: int = 0) -> NDArray[Any]:
    """Elements of a type: the whole range, its ends, or a few around `near`; of floats also special values."""
    dtype = TensorType[type_].dtype
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    kind = draw(st.sampled_from(["whole", "whole", "ends", "near"]))
    if dtype == np.bool_:
        return rng.integers(0, 2, shape).astype(bool)
    if dtype.kind not in "iu":
        spread = {"whole": 3.0, "ends": 1e4, "near": 0.05}[kind]
        found = rng.standard_normal(shape) * spread
        if dtype.kind == "c":
            found = found + 1j * rng.standard_normal(shape) * spread
        return found.astype(dtype)
    info = np.iinfo(dtype)
    if kind == "near":
        return np.clip(near + rng.integers(-3, 4, shape), info.min, info.max).astype(dtype)
    if kind == "ends":
        return rng.choice(np.array([info.min, info.min + 1, info.max - 1, info.max], dtype), shape).astype(dtype)
    return rng.integers(info.min, info.max, shape, dtype=dtype, endpoint=True)


@st.composite
def tensors(draw: Draw, type_: str, shape: Sequence[int], *, constant: bool | None = False) -> Operand:
    """An operand with drawn values, and for 8- and 16-bit integers a drawn scale and zero point.

    Args:
        constant: whether it is a constant of the model; None draws it.
    """
    fixed = draw(st.booleans()) if constant is None else constant
    scale = draw(scales()) if type_ in ("INT8", "UINT8", "INT16") else None
    zero_point = draw(zero_points(type_)) if scale is not None else None
    data = draw(values(type_, shape, near=zero_point or 0))
    return Operand(type_, tuple(shape), data, scale, zero_point, constant=fixed)


@st.composite
def results(draw: Draw, type_: str, shape: Sequence[int], like: float | None = None) -> Operand:
    """An output; quantized ones get a drawn zero point and a scale, within a factor of 8 of `like` if given."""
    if type_ not in ("INT8", "UINT8", "INT16"):
        return Operand(type_, tuple(shape))
    scale = draw(scales() if like is None else scales(float(np.float32(like / 8)), float(np.float32(like * 8))))
    return Operand(type_, tuple(shape), None, scale, draw(zero_points(type_)))

"""Copies between any views: without Python as np.copyto makes them."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from intengine_kernels.copying import copy_strided
from intengine_kernels.jit import specialize

from intengine.copying import strided

DTYPES = [np.dtype(name) for name in ("int8", "uint16", "float32", "int64", "complex128")]


def view(draw: st.DrawFn, shape: tuple[int, ...], dtype: np.dtype) -> np.ndarray:
    """A view of this shape: axes in any order, steps, reversed axes."""
    order = draw(st.permutations(range(len(shape))))
    steps = [draw(st.sampled_from((1, 1, 2, -1, -2))) for _ in shape]
    whole = np.arange(np.prod([shape[axis] * abs(steps[axis]) for axis in order], dtype=int), dtype=np.int64)
    whole = (whole * 37 % 251).astype(dtype).reshape([shape[axis] * abs(steps[axis]) for axis in order])
    whole = whole.transpose(np.argsort(order))
    return whole[tuple(slice(None, None, step) for step in steps)]


@st.composite
def pairs(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    dtype = draw(st.sampled_from(DTYPES))
    shape = tuple(draw(st.lists(st.integers(0, 4), min_size=0, max_size=6)))
    target = view(draw, shape, dtype)
    fewer = tuple(draw(st.sampled_from((size, 1))) for size in shape)[draw(st.integers(0, len(shape))) :]
    return target, view(draw, fewer, dtype)


@given(pairs())
def test_a_strided_copy_is_copyto(pair: tuple[np.ndarray, np.ndarray]) -> None:
    target, source = pair
    args = strided(target, source)
    if args is None:
        return
    target[...] = 99
    specialize(copy_strided, args).call(*args)
    assert np.array_equal(target, np.broadcast_to(source, target.shape))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", [(16, 16), (17, 33), (85, 40), (8, 100), (15, 50), (3, 20, 18), (18, 2, 35)])
def test_planes_are_turned(dtype: np.dtype, shape: tuple[int, ...]) -> None:
    source = np.random.default_rng(len(shape)).integers(0, 256, shape).astype(dtype)
    for order in itertools.permutations(range(len(shape))):
        turned = source.transpose(order)
        around = np.zeros([size + 2 for size in turned.shape], dtype)
        target = around[(slice(1, -1),) * len(shape)]
        args = strided(target, turned)
        assert args is not None
        specialize(copy_strided, args).call(*args)
        assert np.array_equal(target, turned)
        assert np.count_nonzero(around) == np.count_nonzero(turned)


def test_what_it_leaves_to_numpy() -> None:
    a = np.arange(12.0)
    assert strided(a, np.arange(12)) is None
    assert strided(a, 1.0) is None
    assert strided(a[1:], a[:-1]) is None
    assert strided(a.astype(object), a.astype(object)) is None
    assert strided(a[:0], a[:0].copy()) is None


def test_as_many_axes_as_it_walks() -> None:
    """Every second element of six axes is one axis too many."""
    big = np.zeros((4,) * 6, np.int8)[(slice(None, None, 2),) * 6]
    small = np.ones((2,) * 6, np.int8)
    assert strided(big, small) is None
    assert strided(big[0], small[0]) is not None

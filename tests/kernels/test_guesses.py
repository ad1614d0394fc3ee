"""Guessed results are those of the plain formulas, above all close to halfway, where a guess is no proof."""

from collections.abc import Callable

import numba
import numpy as np
import pytest
from intengine_kernels import isa
from intengine_kernels.isa.fused_tile import requantize_by_tiles
from intengine_kernels.isa.tile import FULL, HALF
from intengine_kernels.isa.words import GUESSED, GUESSED_RELU, LIMIT, NOT, PAIR, UNPROVEN
from intengine_kernels.requantize import FLOAT32, Missed, requantize_block, requantize_missed

from intengine.numerics import Requantizer
from intengine.ops._rule import padded_rule
from tests.kernels.test_isa import NAMES, SCHEMES, number

#: One kernel for each instruction set, since that is a type: see `isa.tag`.
block = numba.njit(lambda *args: requantize_block(*args), _nrt=False) if NAMES else None


def _fused(part, bias, rows, rule, channel, missed, x, w, offsets, out):
    some = requantize_by_tiles(
        part, rule.form, x, 0, 0, rows, offsets, 0, 0, 0, 0, w, 0, bias, channel, rule.guess, rule.lo,
        rule.hi, out, 0, part, missed.sums, missed.places,
    )  # fmt: skip
    requantize_missed(missed, some, part, rule, channel, out, 0, part)
    return some


#: Tiles without a single step: their sums are the biases.
fused = numba.njit(_fused, _nrt=False) if NAMES else None

ROWS, COLUMNS = 11, 48


def accumulators(scale: np.ndarray, span: int, seed: int) -> np.ndarray:
    """int32[ROWS, COLUMNS]: the integers next to halfway between two results, for results of up to `span`."""
    rng = np.random.default_rng(seed)
    halfway = rng.integers(-span, span, (ROWS, COLUMNS)) + 0.5
    near = np.rint(halfway / scale) + rng.integers(-2, 3, (ROWS, COLUMNS))
    return np.clip(near, -(2**31), 2**31 - 1).astype(np.int32)


def rule_with(scheme: int, span: int) -> tuple[np.ndarray, Requantizer]:
    rng = np.random.default_rng(span + scheme)
    scale = 2.0 ** rng.uniform(-14, -2, COLUMNS)
    scale[::5] = 2.0 ** rng.integers(-14, -2, scale[::5].size)
    fraction, exponent = np.frexp(scale)
    real = scale.astype(np.float32).astype(np.float64)
    rule = Requantizer(scheme, np.rint(fraction * (2.0**31 - 1)).astype(np.int32), exponent.astype(np.int32), real)
    return accumulators(scale, span, scheme), rule


def bounds(dtype: type) -> tuple[int, int, int]:
    """(zero point, lo, hi)."""
    info = np.iinfo(dtype)
    return int(info.min) + 100, int(info.min) + 3, int(info.max) - 1


def relu(dtype: type) -> tuple[int, int, int]:
    """(zero point, lo, hi)."""
    info = np.iinfo(dtype)
    return int(info.min), int(info.min), int(info.max)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("dtype", [np.int8, np.uint8])
@pytest.mark.parametrize("span", [140, 30_000])
def test_a_guess_close_to_halfway_is_what_the_integers_say(name: str, scheme: int, dtype: type, span: int) -> None:
    acc, rule_of = rule_with(scheme, span)
    for bound in (np.abs(acc.astype(np.int64)).max(axis=0), np.full(COLUMNS, 2**30)):
        found = []
        for instruction_set in (isa.GENERIC, number(name)):
            with isa.use(instruction_set):
                rule = padded_rule(rule_of, bound, 1, COLUMNS, np.dtype(dtype), *bounds(dtype))
                out = np.zeros(ROWS * 50, dtype)
                block(isa.tag(instruction_set), acc.reshape(-1), COLUMNS, ROWS, rule, 0, out, 1, 50, COLUMNS - 3)
                found.append(out)
        assert np.array_equal(*found)
        assert len(np.unique(found[0])) > 2


@pytest.mark.skipif("avx512vnni" not in NAMES, reason="needs AVX512-VNNI")
@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("dtype", [np.int8, np.uint8])
@pytest.mark.parametrize(
    ("span", "limits", "form"),
    [
        (140, bounds, GUESSED),
        (10_000, bounds, GUESSED),
        (140, relu, GUESSED_RELU),
        (10_000, relu, GUESSED_RELU),
        # Beyond what int32 holds with the fraction.
        (200_000, relu, GUESSED_RELU),
    ],
)
def test_a_guess_in_registers_is_what_the_integers_say(
    scheme: int, dtype: type, span: int, limits: Callable[[type], tuple[int, int, int]], form: int
) -> None:
    acc, rule_of = rule_with(scheme, span)
    rule = padded_rule(rule_of, np.abs(acc.astype(np.int64)).max(axis=0), 1, COLUMNS, np.dtype(dtype), *limits(dtype))
    if scheme == FLOAT32:
        form = UNPROVEN if span < LIMIT else NOT
    assert rule.form == form
    if form == NOT:
        return
    missed = Missed(np.zeros(isa.ROW_BLOCK * PAIR, np.int32), np.zeros(isa.ROW_BLOCK, np.int64))
    nothing = np.zeros(4, np.uint8), np.zeros(4, np.int8), np.zeros(1, np.int64)
    wanted = np.zeros(ROWS * COLUMNS, dtype)
    block(None, acc.reshape(-1), COLUMNS, ROWS, rule, 0, wanted, 0, COLUMNS, COLUMNS)
    some = 0
    for i, sums in enumerate(acc):
        for part, channel in ((FULL, 0), (HALF, FULL)):
            rows = 1 + i
            out = np.full((rows + 1, part), 77, dtype)
            some += fused(part, sums, rows, rule, channel, missed, *nothing, out.reshape(-1))
            here = wanted.reshape(ROWS, COLUMNS)[i, channel : channel + part]
            assert np.array_equal(out[:rows], np.broadcast_to(here, (rows, part)))
            assert (out[rows] == 77).all()
    assert (some > 0) == (scheme != FLOAT32)


@pytest.mark.parametrize("span", [32_000, 33_000])
def test_sums_that_int32_cannot_hold_with_their_fraction_are_not_small(span: int) -> None:
    rule = Requantizer(0, np.full(16, 2**30, np.int32), np.zeros(16, np.int32), np.full(16, 0.5))
    found = padded_rule(rule, np.full(16, 2 * span), 1, 16, np.dtype(np.int8), 0, -128, 127)
    assert found.form == (GUESSED if span < LIMIT else NOT)

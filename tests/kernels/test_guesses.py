"""Guessed results are those of the plain formulas, above all close to halfway, where a guess is no proof."""

import numba
import numpy as np
import pytest
from intengine_kernels import isa
from intengine_kernels.requantize import requantize_block

from intengine.numerics import Requantizer
from intengine.ops._packed import padded_rule
from tests.kernels.test_isa import NAMES, SCHEMES, number

#: One kernel for each instruction set, since that is a type: see `isa.tag`.
block = numba.njit(lambda *args: requantize_block(*args), _nrt=False) if NAMES else None

ROWS, COLUMNS = 11, 48


def accumulators(scale: np.ndarray, span: int, seed: int) -> np.ndarray:
    """int32[ROWS, COLUMNS]: the integers next to halfway between two results, for results of up to `span`."""
    rng = np.random.default_rng(seed)
    halfway = rng.integers(-span, span, (ROWS, COLUMNS)) + 0.5
    near = np.rint(halfway / scale) + rng.integers(-2, 3, (ROWS, COLUMNS))
    return np.clip(near, -(2**31), 2**31 - 1).astype(np.int32)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("dtype", [np.int8, np.uint8])
@pytest.mark.parametrize("span", [140, 30_000])
def test_a_guess_close_to_halfway_is_what_the_integers_say(name: str, scheme: int, dtype: type, span: int) -> None:
    rng = np.random.default_rng(span + scheme)
    scale = 2.0 ** rng.uniform(-14, -2, COLUMNS)
    scale[::5] = 2.0 ** rng.integers(-14, -2, scale[::5].size)
    fraction, exponent = np.frexp(scale)
    real = scale.astype(np.float32).astype(np.float64)
    rule_of = Requantizer(scheme, np.rint(fraction * (2.0**31 - 1)).astype(np.int32), exponent.astype(np.int32), real)
    acc = accumulators(scale, span, scheme)
    info = np.iinfo(dtype)
    for bound, is_small in ((np.abs(acc.astype(np.int64)).max(axis=0), True), (np.full(COLUMNS, 2**30), False)):
        zero_point, lo, hi = int(info.min) + 100, int(info.min) + 3, int(info.max) - 1
        found = []
        for instruction_set in (isa.GENERIC, number(name)):
            with isa.use(instruction_set):
                rule = padded_rule(rule_of, bound, 1, COLUMNS, np.dtype(dtype), zero_point, lo, hi)
                out = np.zeros(ROWS * 50, dtype)
                block(isa.tag(instruction_set), acc.reshape(-1), COLUMNS, ROWS, rule, 0, out, 1, 50, COLUMNS - 3)
                found.append(out)
        assert rule.small == is_small
        assert np.array_equal(*found)
        assert len(np.unique(found[0])) > 2

"""Scaling of sums to float32: the vector IR equals the plain loop."""

import numba
import numpy as np
import pytest
from intengine_kernels.isa.hybrid_lanes import (
    FILTER_FIRST,
    FUSED,
    SCALES_FIRST,
    make_scale,
)

F32 = np.float32


@pytest.mark.parametrize("order", [SCALES_FIRST, FILTER_FIRST, FUSED])
@pytest.mark.parametrize("count", [1, 15, 16, 40])
def test_sums_are_scaled_as_the_plain_loop_does(order: int, count: int) -> None:
    scale = make_scale(order)
    compiled = numba.njit(lambda *args: scale(*args)) if not numba.config.DISABLE_JIT else scale
    rng = np.random.default_rng(order * 100 + count)
    acc = rng.integers(-(2**31), 2**31, 20).astype(np.int32)
    row_sum = rng.integers(-(2**24), 2**24, 19).astype(np.int32)
    factor, bias = (rng.standard_normal(19) * 2.0 ** rng.integers(-20, 20, 19)).astype(F32), rng.standard_normal(19)
    found = []
    for run in (scale, compiled):
        out = np.full(30, F32(9))
        # The difference wraps: -128 * row_sum has 32 bits and more.
        run(acc, 4, np.int32(-128), F32(0.37), row_sum, factor, bias.astype(F32), 3, F32(-1e9), F32(2e9), out, 5, count)
        found.append(out)
    assert found[0].tobytes() == found[1].tobytes()
    assert (found[0] != 9).sum() == min(count, 16)


def test_orders_of_scaling_round_differently() -> None:
    rng = np.random.default_rng(4)
    acc, row_sum = rng.integers(-(2**26), 2**26, 16).astype(np.int32), np.zeros(16, np.int32)
    factor, bias = rng.standard_normal(16).astype(F32), rng.standard_normal(16).astype(F32)
    found = set()
    for order in (SCALES_FIRST, FILTER_FIRST, FUSED):
        out = np.zeros(16, F32)
        make_scale(order)(acc, 0, np.int32(0), F32(1e-7), row_sum, factor, bias, 0, F32(-9), F32(9), out, 0, 16)
        found.add(out.tobytes())
    assert len(found) == 3

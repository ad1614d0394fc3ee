"""float32 depthwise convolutions: where the sum begins decides how it rounds."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from intengine_kernels.float_depthwise import depthwise_conv_float_multiplied

from tests.kernels._both import both_ways

F32 = np.float32
INFINITE = (-np.inf, np.inf)


def _steps(x: np.ndarray, w: np.ndarray, start: np.ndarray, end: np.ndarray) -> np.ndarray:
    """VALID windows with stride 1, one float32 rounding for each product and each sum."""
    _, height, width, channels = x.shape
    kh, kw, out_c = w.shape
    acc = np.broadcast_to(start, (1, height - kh + 1, width - kw + 1, out_c)).astype(F32)
    for ky in range(kh):
        for kx in range(kw):
            taps = np.repeat(x[:, ky : height - kh + 1 + ky, kx : width - kw + 1 + kx], out_c // channels, axis=3)
            acc = acc + taps * w[ky, kx]
    return acc + end


@both_ways(depthwise_conv_float_multiplied)
@pytest.mark.parametrize("multiplier", [1, 3])
def test_the_bias_counts_where_it_is_added(run: Callable[..., Any], multiplier: int) -> None:
    rng = np.random.default_rng(multiplier)
    x = rng.standard_normal((1, 5, 6, 9)).astype(F32)
    w = rng.standard_normal((2, 3, 9 * multiplier)).astype(F32)
    bias = rng.standard_normal(9 * multiplier).astype(F32)
    found = []
    for start, end in ((bias, np.full_like(bias, -0.0)), (np.zeros_like(bias), bias)):
        out = np.empty((1, 4, 4, bias.size), F32)
        run(x, w, start, end, 1, 1, 1, 1, 0, 0, *INFINITE, 0, 4, np.empty(bias.size, F32), out)
        assert out.tobytes() == _steps(x, w, start, end).tobytes()
        found.append(out)
    assert (found[0] != found[1]).any()


@both_ways(depthwise_conv_float_multiplied)
def test_a_negative_zero_at_the_end_keeps_the_sign_of_a_zero(run: Callable[..., Any]) -> None:
    start = np.array([-0.0, 0.0], F32)
    out = np.empty((1, 1, 1, 2), F32)
    x, w = np.array([[[[-0.0, -0.0]]]], F32), np.ones((1, 1, 2), F32)
    run(x, w, start, np.full(2, -0.0, F32), 1, 1, 1, 1, 0, 0, *INFINITE, 0, 1, np.empty(2, F32), out)
    assert np.signbit(out).reshape(-1).tolist() == [True, False]

"""The split-radix transform against NumPy's, at every size of its steps."""

import numpy as np
import pytest

from intengine.ops._fft import Pair, real_transform, transform


@pytest.mark.parametrize("points", [2**i for i in range(14)])
def test_transforms_equal_numpys_but_for_rounding(points: int) -> None:
    rng = np.random.default_rng(points)
    z = rng.standard_normal((3, points)) + 1j * rng.standard_normal((3, points))
    found = transform(Pair(z.real, z.imag))
    np.testing.assert_allclose(found.re + 1j * found.im, np.fft.ifft(z) * points, atol=1e-14 * points)
    if points > 1:
        found, last = real_transform(z.real.copy())
        wanted = np.conj(np.fft.rfft(z.real))
        np.testing.assert_allclose(found.re + 1j * found.im, wanted[:, :-1], atol=1e-14 * points)
        np.testing.assert_allclose(last, wanted[:, -1].real, atol=1e-14 * points)

"""The Fourier transform at every size of its steps, and parts of complex numbers."""

from collections.abc import Iterator

import numpy as np

from tests.cases import Problem
from tests.cases._build import constant, given, one_op, result

RNG = np.random.default_rng(4)


def problems() -> Iterator[Problem]:
    for width in (2, 4, 8, 16, 32, 64, 128, 256, 512, 1024):
        wave = np.cos(2 * np.pi * 3 * np.arange(width) / width + 0.3)
        data = np.stack([wave, RNG.standard_normal(width)])[:, np.newaxis]
        yield _rfft2d(f"row_{width}", data, 1, width)
    for height, width in ((2, 2), (2, 8), (4, 4), (8, 2), (16, 16), (64, 4)):
        yield _rfft2d(f"plane_{height}_{width}", RNG.standard_normal((2, height, width)), height, width)
    yield _rfft2d("filled_up", RNG.standard_normal((3, 5)), 4, 8)
    yield _rfft2d("cut", RNG.standard_normal((2, 2, 5, 9)), 2, 8)
    spread = np.exp(RNG.standard_normal((2, 500)) * 20)
    numbers = spread[0] * RNG.standard_normal(500) + 1j * spread[1] * RNG.standard_normal(500)
    ends = [complex(np.inf, np.nan), complex(np.nan, 1), complex(1, -np.inf), 0, 1e-30 + 1e-30j, 3e38 + 3e38j]
    data = np.concatenate([numbers, np.array(ends)])
    for op in ("COMPLEX_ABS", "REAL", "IMAG"):
        for kind, out in (("COMPLEX64", "FLOAT32"), ("COMPLEX128", "FLOAT64")):
            with np.errstate(over="ignore"):
                yield one_op(f"{op}_{kind}", op, [given(kind, data)], [result(out, (506,))])


def _rfft2d(name: str, data: np.ndarray, height: int, width: int) -> Problem:
    out = result("COMPLEX64", (*data.shape[:-2], height, width // 2 + 1))
    return one_op(f"rfft2d_{name}", "RFFT2D", [given("FLOAT32", data), constant("INT32", [height, width])], [out])

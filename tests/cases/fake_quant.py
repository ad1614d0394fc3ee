"""FAKE_QUANT: ranges around 0 and beside it, halves of steps, special values."""

from collections.abc import Iterator

import numpy as np

from tests.cases import Problem
from tests.cases._build import given, one_op, result


def problems() -> Iterator[Problem]:
    rng = np.random.default_rng(80)
    for lo, hi in ((-1.0, 1.0), (0.0, 6.0), (-0.1, 5.9), (-3.0, 0.0), (1.0, 4.0), (-8.0, -2.0), (-31.75, 32.0)):
        for bits in (2, 4, 8, 16):
            step = (hi - lo) / (2**bits - 1)
            halves = np.rint(rng.uniform(2 * lo - 1, 2 * hi + 1, 40) / step * 2) * step / 2
            special = [np.nan, np.inf, -np.inf, 0.0, -0.0, lo, hi, np.nextafter(np.float32(hi), np.float32(99))]
            x = np.concatenate([rng.uniform(2 * lo - 1, 2 * hi + 1, 60), halves, special]).astype(np.float32)
            yield one_op(
                f"fake_quant_{lo}_{hi}_{bits}", "FAKE_QUANT", [given("FLOAT32", x)], [result("FLOAT32", x.shape)],
                min=lo, max=hi, num_bits=bits,
            )  # fmt: skip

"""ARG_MAX and ARG_MIN of bytes in one pass: the first of equal ones, whatever the length of the row."""

import numpy as np
import pytest
from intengine_kernels import isa
from intengine_kernels.arg_extremum import arg_extremum_bytes, arg_extremum_rows
from intengine_kernels.isa.rows import LONGEST, STEP


@pytest.mark.skipif(isa.best() == isa.GENERIC, reason="it has no uncompiled twin but arg_extremum_rows")
@pytest.mark.parametrize("dtype", [np.int8, np.uint8])
@pytest.mark.parametrize("size", [STEP, STEP + 1, 21, 2 * STEP, 100, LONGEST - 1, LONGEST])
def test_the_first_of_equal_bytes_is_found(dtype: type, size: int) -> None:
    rng = np.random.default_rng(size)
    for span in (1, 3, 256):
        x = rng.integers(0, span, (200, size)).astype(np.uint8).view(dtype)
        for least in (0, 1):
            expected = (x.argmin if least else x.argmax)(axis=1)
            for kernel in (arg_extremum_bytes, arg_extremum_rows):
                out = np.full(200, -1, np.int32)
                kernel(least, x, out)
                assert np.array_equal(out, expected), (kernel.__name__, span, least)

"""Multipliers of an array are those of its numbers."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from intengine.errors import InvalidModelError
from intengine.quantization import quantize_multiplier, quantize_multipliers


@given(st.lists(st.floats(-(2.0**30), 2.0**30), min_size=1))
def test_an_array_is_encoded_number_by_number(real: list[float]) -> None:
    values = [*real, 0.0, 1.0, -0.5, 2.0**-40, 1 - 2.0**-53, 2.0**-32, np.nextafter(2.0**-31, 0)]
    multipliers, shifts = quantize_multipliers(np.array(values))
    assert list(zip(multipliers.tolist(), shifts.tolist(), strict=True)) == [quantize_multiplier(v) for v in values]


@pytest.mark.parametrize("bad", [np.nan, np.inf, 2.0**32])
def test_what_no_multiplier_expresses_is_refused(bad: float) -> None:
    with pytest.raises(InvalidModelError, match="requantization multiplier must be"):
        quantize_multipliers(np.array([1.0, bad]))

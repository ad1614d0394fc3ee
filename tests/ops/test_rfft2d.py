"""What RFFT2D refuses."""

import pytest

from intengine import Interpreter, InvalidModelError
from intengine.writer import ModelBuilder


@pytest.mark.parametrize("lengths", [(1, 2**25), (2**13, 2**12)])
def test_a_transform_of_too_many_points_is_refused(lengths: tuple[int, int]) -> None:
    b = ModelBuilder()
    x, y = b.tensor("x", "FLOAT32", (1, 4, 4)), b.tensor("y", "COMPLEX64", (1, 4, 3))
    size = b.tensor("size", "INT32", (2,), lengths)
    b.op("RFFT2D", [x, size], [y])
    with pytest.raises(InvalidModelError, match="at most 16777216 points"):
        Interpreter(b.build([x], [y]))

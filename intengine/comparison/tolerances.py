"""How far two floating-point results may lie apart and still agree. Integers have no tolerance.

The rules, for each tensor:

1. Integer, bool and string tensors must be equal, whatever comes before them.
2. A float tensor may differ by the ulps that `OPERATORS` states for the operator that computed it; an operator that
   is not listed is exact.
3. Propagation: a float tensor with an input that differs *within its tolerance* may also lie `FLOAT_MODEL` apart,
   relative to the greatest magnitude in the tensor. Where all inputs are equal bit for bit, rule 2 stands alone, so
   an exact operator stays held to exactness until a tolerance was really used up before it.

Two NaN are equal; +0 and -0 are one ulp apart.
"""

from typing import NamedTuple


class Tolerance(NamedTuple):
    """Units in the last place that an operator's float outputs may differ by, and why it cannot be zero."""

    ulp: int
    reason: str


#: Operator name -> tolerance. Every entry needs its reason; none means exact.
OPERATORS: dict[str, Tolerance] = {}

#: Largest difference of a float tensor computed from tensors within their tolerance, as a part of the greatest
#: magnitude in that tensor.
FLOAT_MODEL = 1e-5

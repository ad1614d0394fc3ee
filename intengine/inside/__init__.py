"""The inside of operators that add up: taps, accumulators, requantization in the open.

A second computation of such nodes, from their traced inputs, independent of the kernels: one element in Python ints of
any size, or a whole tensor in int64. `forms` has a file for each operator.
"""

from intengine.inside._accumulate import accumulators
from intengine.inside._arithmetic import SCHEMES, Ledger, Rule, Stage, requantize
from intengine.inside._contexts import contexts
from intengine.inside._form import At, Element, Form, Tap
from intengine.inside._products import Products
from intengine.inside._registry import form_of, operators

__all__ = [
    "SCHEMES",
    "At",
    "Element",
    "Form",
    "Ledger",
    "Products",
    "Rule",
    "Stage",
    "Tap",
    "accumulators",
    "contexts",
    "form_of",
    "operators",
    "requantize",
]

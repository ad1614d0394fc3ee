"""Quantized ADD, SUB and MUL equal their formulas for all pairs of int8 and for every way to broadcast."""

import itertools

import numpy as np
import pytest
from intengine_kernels import isa
from intengine_kernels.add import add_double_rounding
from intengine_kernels.binary import mul_double_rounding

from intengine.ops._guess import product_table, sum_table
from tests.spec import elementwise

#: Ties are frequent: powers of two, and one odd multiplier.
PARAMETERS = [((2**30, 0), (2**30, -1), (2**30, -19)), ((1518500250, 0), (2**30, -3), (1476395008, -18))]
ONE_ROW = np.array([65536], np.int64)
STEP = np.array([1], np.int64)
INSTRUCTION_SET = isa.tag(isa.best())
NO_TABLE = np.zeros(8, np.float32)


def all_pairs() -> tuple[np.ndarray, np.ndarray]:
    values = np.arange(-128, 128).astype(np.int8)
    return values.repeat(256), np.tile(values, 256)


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("parameters", PARAMETERS)
def test_all_pairs_of_int8_add_as_specified(sign: int, parameters: tuple[tuple[int, int], ...]) -> None:
    a, b = all_pairs()
    out = np.empty_like(a)
    first, second, last = parameters
    table = sum_table(((3, *first, 1), (-128, *second, sign)), *last, 20, -7, -128, 127, out.dtype)
    before = (INSTRUCTION_SET, table, a, b, ONE_ROW, STEP, STEP)
    add_double_rounding(*before, 3, -128, 20, *first, *second, sign, *last, -7, -128, 127, out)
    expected = [
        elementwise.add(x, y, 3, -128, 20, first, second, sign, last, -7, -128, 127)
        for x, y in zip(a.tolist(), b.tolist(), strict=True)
    ]
    assert out.tolist() == expected


def test_all_pairs_of_int8_multiply_as_specified() -> None:
    a, b = all_pairs()
    out = np.empty_like(a)
    for multiplier, shift in [(2**30, -6), (1518500250, -7)]:
        table = product_table(multiplier, shift, (3, -128), 5, -100, 120, out.dtype)
        before = (INSTRUCTION_SET, table, a, b, ONE_ROW, STEP, STEP)
        mul_double_rounding(*before, 3, -128, multiplier, shift, 5, -100, 120, out)
        expected = [
            elementwise.mul(x, y, 3, -128, multiplier, shift, 5, -100, 120)
            for x, y in zip(a.tolist(), b.tolist(), strict=True)
        ]
        assert out.tolist() == expected


def test_uncompiled_and_broadcast_kernels_add_as_specified() -> None:
    kernel = getattr(add_double_rounding, "py_func", add_double_rounding)
    a = np.arange(-6, 6).astype(np.int8)
    b = np.array([-128, 0, 127], np.int8)
    first, second, last = PARAMETERS[1]
    shape, along, repeated = (np.array(v, np.int64) for v in ([12, 3], [1, 0], [0, 1]))
    expected = [
        elementwise.add(x, y, 0, 0, 20, first, second, 1, last, 0, -128, 127)
        for x, y in itertools.product(a.tolist(), b.tolist())
    ]
    for function in (kernel, add_double_rounding):
        out = np.empty(36, np.int8)
        function(None, NO_TABLE, a, b, shape, along, repeated, 0, 0, 20, *first, *second, 1, *last, 0, -128, 127, out)
        assert out.tolist() == expected

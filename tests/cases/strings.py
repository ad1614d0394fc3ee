"""Operators on strings."""

from collections.abc import Iterator, Sequence

import numpy as np

from tests.cases import Problem
from tests.cases._build import Operand, constant, given, one_op, result

TEXTS = [
    b"a b c d",
    b"a  b c ",
    b" a b c",
    b"  a b",
    b" ab cd",
    b"",
    b" ",
    b"one",
    b" one",
    b"\ta\nb\x0bc",
    b"the quick brown fox jumps",
]


def given_strings(texts: Sequence[bytes], shape: Sequence[int]) -> Operand:
    """A graph input of strings."""
    data = np.empty(len(texts), object)
    data[:] = texts
    return Operand("STRING", tuple(shape), data.reshape(shape))


def problems() -> Iterator[Problem]:
    six = [b"a", b"bb", b"", b"cc", b"d\x00e", b"\xff"]
    x, row = given_strings(six, (2, 3)), given_strings(six, (6,))

    def ints(*values: int | Sequence[int]) -> Operand:
        return constant("INT32", values)

    yield one_op("strings_reshape", "RESHAPE", [x, ints(3, 2)], [result("STRING", (3, 2))])
    yield one_op("strings_slice", "SLICE", [x, ints(0, 1), ints(2, 2)], [result("STRING", (2, 2))])
    yield one_op(
        "strings_strided", "STRIDED_SLICE", [x, ints(0, 2), ints(2, 0), ints(1, -1)], [result("STRING", (2, 2))]
    )
    yield one_op("strings_gather", "GATHER", [row, ints(5, 0, 0)], [result("STRING", (3,))])
    yield one_op("strings_gather_nd", "GATHER_ND", [x, ints([1, 0], [0, 2])], [result("STRING", (2,))])
    yield one_op("strings_expand", "EXPAND_DIMS", [x, ints(0)], [result("STRING", (1, 2, 3))])
    yield one_op("strings_shape", "SHAPE", [x], [result("INT32", (2,))], out_type=2)
    yield one_op("strings_tile", "TILE", [x, ints(2, 1)], [result("STRING", (4, 3))])
    for op in ("EQUAL", "NOT_EQUAL"):
        other = given_strings([b"a", b"", b"cc"], (1, 3))
        yield one_op(f"strings_{op.lower()}", op, [x, other], [result("BOOL", (2, 3))], version=3)
    wanted, keys = given("INT32", [3, 9, 1]), given("INT32", [1, 2, 3])
    values = given_strings([b"x", b"yy", b"zzz"], (3,))
    outputs = [result("STRING", (3,)), result("UINT8", (3,))]
    yield one_op("strings_hashtable_lookup", "HASHTABLE_LOOKUP", [wanted, keys, values], outputs)
    for size, skip, shorter in [(1, 0, True), (2, 0, False), (2, 1, True), (3, 1, True), (3, 2, False), (2, -1, True)]:
        for i, text in enumerate(TEXTS):
            yield one_op(
                f"skip_gram_{size}_{skip}_{shorter}_{i}",
                "SKIP_GRAM",
                [given_strings([text], (1,))],
                [result("STRING", (1,))],
                ngram_size=size,
                max_skip_size=skip,
                include_all_ngrams=shorter,
            )

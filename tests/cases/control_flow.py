"""Operators that run subgraphs, resource variables, hash tables."""

from collections.abc import Iterator

import numpy as np

from tests.cases import Problem
from tests.cases._graphs import accumulator, case, composite, conditional, growing_loop, loop, table


def _strings(*texts: bytes) -> np.ndarray:
    out = np.empty(len(texts), object)
    out[:] = texts
    return out


def problems() -> Iterator[Problem]:
    rng = np.random.default_rng(5)
    shape = (2, 3)
    for type_, dtype in (("INT8", np.int8), ("FLOAT32", np.float32), ("INT32", np.int32)):
        x = rng.integers(-50, 50, shape).astype(dtype)
        value = rng.integers(-5, 5, (3,)).astype(dtype)
        for condition in (True, False):
            model = conditional(type_, shape, value, ["ADD", "MUL"], ["SUB"])
            yield Problem(f"if_{type_}_{condition}", model, (np.array([condition]), x))
        for limit in (0, 1, 5):
            model = loop(type_, shape, value, ["ADD"], limit)
            yield Problem(f"while_{type_}_{limit}", model, (np.zeros(1, np.int32), x))
        yield Problem(f"composite_{type_}", composite(type_, shape, value, ["MUL", "ADD"]), (x,))
        yield Problem(f"variable_{type_}", accumulator(type_, shape, x), (x,), then=((x,), (x + 1,)))
    value = np.array([2, 3, 4], np.int32)
    for index in (-1, 0, 1, 2, 5):
        model = case("INT32", shape, value, [["ADD"], ["MUL", "ADD"], ["SUB"]])
        inputs = (np.array([index], np.int32), rng.integers(-9, 9, shape).astype(np.int32))
        yield Problem(f"case_{index}", model, inputs, resolver="optimized")
    yield Problem(
        "while_growing", growing_loop(2, 6), (np.array([5, 6], np.int32),), then=((np.array([1, 2], np.int32),),)
    )
    keys, values = np.array([3, -7, 2**40, 3]), _strings(b"three", b"", b"large", b"again")
    asked = np.array([[3, 1], [2**40, -7]])
    model = table(keys, values, b"none", asked.shape)
    yield Problem("hashtable_int64", model, (asked,), then=((asked[::-1].copy(),),), resolver="optimized")
    words = _strings(b"a", b"bc", b"zzz")
    model = table(words, np.array([1, 2, 3]), -9, (2,))
    yield Problem("hashtable_string", model, (_strings(b"bc", b"q"),), resolver="optimized")

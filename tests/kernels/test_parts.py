"""What kernels call is compiled into them, and Python calls it as it is."""

import warnings

import numba
import numpy as np
import pytest
from intengine_kernels.fma import fma32
from intengine_kernels.libm.exp import exp
from intengine_kernels.parts import Part
from numba.core.codegen import JITCodeLibrary

pytestmark = pytest.mark.skipif(bool(numba.config.DISABLE_JIT), reason="nothing is compiled")


def test_python_calls_a_part_as_it_is_and_without_warnings() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert np.array_equal(exp(np.array([0.0, 1000.0, -1000.0])), [1.0, np.inf, 0.0])


def test_a_part_has_no_machine_code_of_its_own() -> None:
    twice = Part(lambda x: np.int32(x + x), {})
    first, second = numba.njit(lambda x: twice(x) + 1), numba.njit(lambda x: twice(x) - 1)
    assert (first(np.int32(4)), second(np.int32(4))) == (9, 7)
    (compiled,) = twice.overloads.values()
    assert type(compiled.library) is not JITCodeLibrary
    names = [function.name for function in compiled.library.get_defined_functions()]
    assert names
    engine = compiled.target_context.codegen()._engine
    assert not any(engine.is_symbol_defined(name) for name in names)


def test_a_part_that_types_choose() -> None:
    by_type = Part(lambda x: 0, {}, lambda x: (lambda x: 1) if isinstance(x, numba.types.Integer) else None)
    call = numba.njit(lambda x: by_type(x))
    assert (call(3), call(3.0), by_type(3)) == (1, 0, 0)


def test_a_twin_is_its_intrinsic_in_kernels() -> None:
    call = numba.njit(lambda a, b, c: fma32(a, b, c))
    rng = np.random.default_rng(3)
    for a, b, c in rng.normal(size=(200, 3)).astype(np.float32):
        assert call(a, b, c) == fma32(a, b, c)

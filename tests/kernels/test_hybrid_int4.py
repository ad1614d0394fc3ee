"""Packed int4 weights and the kernel that multiplies them, compiled and not, against bytes and float32 steps."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from intengine_kernels import isa
from intengine_kernels.hybrid_int4 import gemm_hybrid_int4, quantize_nearest
from intengine_kernels.isa import COLUMNS, ROW_BLOCK

from intengine.ops._packed_int4 import packed_nibbles
from intengine.ops._packing import pack_for
from intengine.ops._rule import pad_last
from tests.cases._matrix import near_halves
from tests.kernels._both import both_ways
from tests.spec import hybrid_int4 as spec

DEPTHS = [32, 34, 46, 48, 50, 62, 64, 66, 94, 96, 130]


@pytest.mark.parametrize("depth", DEPTHS)
def test_nibbles_are_what_bytes_make_of_the_least_weight(depth: int) -> None:
    rng = np.random.default_rng(depth)
    for least in (0.02, 0.3, 1.0):
        w = rng.integers(-7, 8, (6, depth)).astype(np.int8)
        w[rng.random(w.shape) < least] = -8
        assert packed_nibbles(w).tolist() == [spec.nibbles(row) for row in w.tolist()]


@pytest.mark.parametrize("at", range(80))
def test_one_least_weight_reaches_its_byte_and_the_next_one(at: int) -> None:
    w = np.zeros((1, 80), np.int8)
    w[0, at] = -8
    assert packed_nibbles(w).tolist() == [spec.nibbles(row) for row in w.tolist()]


@both_ways(quantize_nearest)
@given(values=st.lists(st.floats(-1000, 1000, width=32), min_size=1, max_size=40))
def test_a_row_is_quantized_to_the_nearest(run: Callable[..., Any], values: list[float]) -> None:
    x = np.array(values, np.float32)
    with np.errstate(all="ignore"):
        q = np.full(x.size, 99, np.int8)
        scale, total = run(x, q)
    assert (q.tolist(), scale) == spec.quantize(x)
    assert total == q.sum(dtype=np.int64)


@both_ways(quantize_nearest)
@pytest.mark.parametrize("values", [[0.0, -0.0], [1e-40, 0.0, -1e-40], [3e-37, 2e-37], [3e38, -1.0], [np.inf, 1.0]])
def test_what_has_no_finite_product_is_zero(run: Callable[..., Any], values: list[float]) -> None:
    x = np.array(values, np.float32)
    with np.errstate(all="ignore"):
        q = np.full(x.size, 99, np.int8)
        scale, _ = run(x, q)
    assert (q.tolist(), scale) == spec.quantize(x)


def _product(
    run: Callable[..., Any], x: np.ndarray, w: np.ndarray, scale: np.ndarray, bias: np.ndarray | None
) -> np.ndarray:
    rows, channels = x.shape[0], w.shape[0]
    packed = pack_for(np.dtype(np.int8), 0, packed_nibbles(w)[np.newaxis], 0, np.zeros(channels, np.int64), wide=False)
    _, panels, steps, _, per = packed.weights.shape
    width = panels * COLUMNS
    offset = np.full(channels, -0.0, np.float32) if bias is None else bias
    out = np.empty((rows, channels), np.float32)
    run(
        packed.isa, x, packed.flip, packed.weights, packed.bias, pad_last(scale, width), pad_last(offset, width),
        -np.inf, np.inf, 0, rows, np.empty(ROW_BLOCK, np.float32), np.empty(ROW_BLOCK, np.int32),
        np.empty(x.shape[1], np.int8), np.zeros(ROW_BLOCK, np.int32),
        np.empty((ROW_BLOCK, steps * per), packed.panel), np.empty(ROW_BLOCK * COLUMNS, np.int32), out,
    )  # fmt: skip
    return out


def _operands(rng: np.random.Generator, rows: int, channels: int, depth: int) -> tuple[np.ndarray, ...]:
    w = rng.integers(-8, 8, (channels, depth)).astype(np.int8)
    scale = rng.uniform(0.001, 0.05, channels).astype(np.float32)
    return w, scale, rng.standard_normal(channels).astype(np.float32)


@pytest.mark.parametrize("depth", DEPTHS)
@pytest.mark.parametrize("instruction_set", isa.available(), ids=isa.NAMES.get)
def test_every_instruction_set_gives_the_steps_in_float32(instruction_set: int, depth: int) -> None:
    rng = np.random.default_rng(depth)
    rows, channels = 27, 37
    w, scale, bias = _operands(rng, rows, channels, depth)
    x = np.concatenate([near_halves(rng, (rows - 9, depth)), rng.standard_normal((8, depth)), np.zeros((1, depth))])
    x = x.astype(np.float32)
    with isa.use(instruction_set):
        for offset in (bias, None):
            found = _product(gemm_hybrid_int4, x, w, scale, offset)
            assert found.tobytes() == spec.fully_connected(x, w, scale, offset).tobytes()


def test_the_source_gives_the_same_as_its_machine_code() -> None:
    rng = np.random.default_rng(0)
    w, scale, bias = _operands(rng, 3, 5, 34)
    x = near_halves(rng, (3, 34))
    source = getattr(gemm_hybrid_int4, "py_func", gemm_hybrid_int4)
    with isa.use(isa.GENERIC):
        assert _product(source, x, w, scale, bias).tobytes() == spec.fully_connected(x, w, scale, bias).tobytes()

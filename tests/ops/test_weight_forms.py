"""Matrix operators with rarer forms of weights: what is refused, and what has a meaning where LiteRT has none."""

from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import intengine
from intengine.errors import InvalidModelError, UnsupportedOpError
from intengine.model import BlockwiseQuantization, TensorType
from intengine.writer import ModelBuilder, compress, pack


def run(model: bytes, x: np.ndarray) -> np.ndarray:
    (out, *_) = intengine.Interpreter(model).run(x).values()
    return np.asarray(out)


def test_a_sparse_filter_of_a_convolution_means_its_dense_one() -> None:
    rng = np.random.default_rng(0)
    w = np.where(rng.random((8, 1, 1, 6)) < 0.4, rng.standard_normal((8, 1, 1, 6)), 0).astype(np.float32)
    x = rng.standard_normal((1, 2, 2, 6)).astype(np.float32)

    def model(data: Any, **more: Any) -> bytes:
        b = ModelBuilder()
        here, y = b.tensor("x", "FLOAT32", x.shape), b.tensor("y", "FLOAT32", (1, 2, 2, 8))
        b.op("CONV_2D", [here, b.tensor("w", "FLOAT32", w.shape, data, **more)], [y], stride_h=1, stride_w=1)
        return b.to_bytes([here], [y])

    sparsity, stored = compress(w, [3])
    sparse = model(pack(stored, TensorType.FLOAT32).tobytes(), sparsity=sparsity)
    assert_array_equal(run(sparse, x), run(model(w), x))


@pytest.mark.parametrize("rows", [1, 2, 3, 4, 5])
def test_shuffled_weights_of_any_number_of_rows(rows: int) -> None:
    rng = np.random.default_rng(rows)
    x, w = rng.integers(0, 256, (rows, 32)).astype(np.uint8), rng.integers(0, 256, (8, 32)).astype(np.uint8)
    b = ModelBuilder()
    here = b.tensor("x", "UINT8", x.shape, scale=1.0, zero_point=128)
    stored = (w ^ 128).reshape(2, 4, 2, 16).transpose(0, 2, 1, 3).reshape(8, 32)
    filter_ = b.tensor("w", "UINT8", w.shape, stored, scale=1.0, zero_point=128)
    y, space = b.tensor("y", "INT16", (rows, 8), scale=16.0), b.tensor("s", "UINT8", (rows, 32))
    b.op("FULLY_CONNECTED", [here, filter_], [y, space], weights_format=1)
    sums = (x.astype(int) - 128) @ (w.astype(int) - 128).T
    # Two roundings, to halves and then to sixteenths.
    assert_allclose(run(b.to_bytes([here], [y, space]), x), sums / 16, rtol=0, atol=0.5625)


def blockwise(
    found: tuple[int, ...], block: int, *, named: bool = True, given: bool = False
) -> tuple[bytes, list[int]]:
    b = ModelBuilder()
    x, y = b.tensor("x", "FLOAT32", (1, 8)), b.tensor("y", "FLOAT32", (1, 2))
    scales = b.tensor("scales", "FLOAT16", found, None if given else np.ones(found))
    details = BlockwiseQuantization(scales if named else -1, -1, block)
    w = b.tensor("w", "INT4", (2, 8), np.ones((2, 8), np.int8), details=details)
    b.op("FULLY_CONNECTED", [x, w], [y])
    inputs = [x, scales] if given else [x]
    return b.to_bytes(inputs, [y]), inputs


@pytest.mark.parametrize(
    "model",
    [
        pytest.param(blockwise((2, 3), 4)[0], id="too many scales"),
        pytest.param(blockwise((2, 2), 0)[0], id="blocks of 0"),
        pytest.param(blockwise((2, 2), -4)[0], id="blocks of -4"),
        pytest.param(blockwise((2, 2), 4, named=False)[0], id="no scales"),
        pytest.param(blockwise((2, 2), 4, given=True)[0], id="scales that are an input"),
    ],
)
def test_blocks_need_a_constant_scale_each(model: bytes) -> None:
    with pytest.raises((InvalidModelError, UnsupportedOpError)):
        intengine.Interpreter(model)


def test_an_inner_size_of_0_gives_zeros() -> None:
    b = ModelBuilder()
    x, y = b.tensor("x", "FLOAT32", (3, 0)), b.tensor("y", "FLOAT32", (3, 2))
    w, bias = b.tensor("w", "FLOAT32", (2, 0), np.zeros((2, 0))), b.tensor("b", "FLOAT32", (2,), [5.0, 6.0])
    b.op("FULLY_CONNECTED", [x, w, bias], [y])
    assert_array_equal(run(b.to_bytes([x], [y]), np.zeros((3, 0), np.float32)), np.zeros((3, 2), np.float32))

"""Every instruction set that the host can run gives the bytes of the plain loops."""

import numpy as np
import pytest
from intengine_kernels import isa
from intengine_kernels.conv import conv_requantize
from intengine_kernels.gemm import gemm_requantize
from intengine_kernels.requantize import DOUBLE_ROUNDING, FLOAT32, INT64_15BIT, REAL_DOUBLE, SINGLE, UPWARD

from intengine.model import Quantization, TensorSpec, TensorType
from intengine.ops._context import Operand
from intengine.ops._matrix import Packed, pack

TYPES = {np.int8: TensorType.INT8, np.uint8: TensorType.UINT8, np.int16: TensorType.INT16}


def packed_for(
    instruction_set: int, dtype: type, rows: np.ndarray, filter_zero_point: int, zero_point: int, wide: bool
) -> Packed:
    quantization = Quantization(np.ones(1, np.float32), np.array([zero_point]))
    source = Operand(TensorSpec(0, "x", TYPES[dtype], (1,), quantization=quantization), (1,))
    bias = np.random.default_rng(3).integers(-1000, 1000, rows.shape[0] * rows.shape[1])
    with isa.use(instruction_set):
        return pack(source, rows, filter_zero_point, bias, wide=wide)


def requantization(rng: np.random.Generator, packed: Packed) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    n = packed.bias.size
    return (
        rng.integers(2**30, 2**31, n).astype(np.int32),
        rng.integers(-13, 2, n).astype(np.int32),
        rng.uniform(0, 0.02, n),
    )


def scratch(packed: Packed) -> list[np.ndarray]:
    return [np.empty(piece.shape, piece.dtype) for piece in packed.scratch]


@pytest.mark.parametrize("name", [isa.NAMES[i] for i in isa.available()[1:]])
@pytest.mark.parametrize("scheme", [DOUBLE_ROUNDING, INT64_15BIT, REAL_DOUBLE, UPWARD, FLOAT32, SINGLE])
@pytest.mark.parametrize("dtype", [np.int8, np.uint8, np.int16])
def test_products_equal_the_plain_loops(name: str, scheme: int, dtype: type) -> None:
    instruction_set = {v: k for k, v in isa.NAMES.items()}[name]
    rng = np.random.default_rng(scheme)
    info = np.iinfo(dtype)
    filter_type = np.uint8 if dtype is np.uint8 else np.int8
    wide = dtype is np.int16 and scheme in (INT64_15BIT, REAL_DOUBLE)
    for m, k, n in [(1, 1, 1), (3, 7, 5), (25, 64, 33), (49, 130, 70), (1, 600, 97), (26, 3, 32)]:
        x = rng.integers(info.min, info.max, (m, k), dtype=dtype, endpoint=True)
        x[0] = info.min
        rows = rng.integers(np.iinfo(filter_type).min, np.iinfo(filter_type).max, (1, n, k), filter_type, endpoint=True)
        zero_point, filter_zero_point = (0, 0) if dtype is np.int16 else (info.max, 77 if dtype is np.uint8 else 0)
        found = []
        for choice in (isa.GENERIC, instruction_set):
            packed = packed_for(choice, dtype, rows, filter_zero_point, zero_point, wide)
            out = np.full((m, n), 99, dtype)
            multiplier, shift, scale = requantization(np.random.default_rng(5), packed)
            w, *rest = packed.filter_args
            gemm_requantize(
                choice, x, packed.flip, w[0], *rest, multiplier, shift, scale, scheme, 3, info.min + 1,
                info.max - 1, 0, m, *scratch(packed), out,
            )  # fmt: skip
            found.append(out)
        assert np.array_equal(*found), (m, k, n)


@pytest.mark.parametrize("name", [isa.NAMES[i] for i in isa.available()[1:]])
@pytest.mark.parametrize("dtype", [np.int8, np.uint8])
def test_convolutions_equal_the_plain_loops(name: str, dtype: type) -> None:
    instruction_set = {v: k for k, v in isa.NAMES.items()}[name]
    rng = np.random.default_rng(1)
    info = np.iinfo(dtype)
    x = rng.integers(info.min, info.max, (2, 7, 6, 6), dtype=dtype, endpoint=True)
    rows = rng.integers(info.min, info.max, (2, 5, 3 * 2 * 3), dtype, endpoint=True)
    found = []
    for choice in (isa.GENERIC, instruction_set):
        packed = packed_for(choice, dtype, rows, 9 if dtype is np.uint8 else 0, info.min, False)
        multiplier, shift, scale = requantization(np.random.default_rng(5), packed)
        out = np.full((2, 4, 6, 10), 99, dtype)
        conv_requantize(
            choice, x, packed.flip, *packed.filter_args, 3, 2, 2, 1, 1, 1, 1, 0, packed.fill, multiplier, shift,
            scale, DOUBLE_ROUNDING, 0, info.min, info.max, 0, 48, *scratch(packed), out,
        )  # fmt: skip
        found.append(out)
    assert np.array_equal(*found)

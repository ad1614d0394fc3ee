"""Every instruction set that the host can run gives the bytes of the plain loops."""

from collections.abc import Callable
from functools import partial

import numpy as np
import pytest
from intengine_kernels import isa
from intengine_kernels.conv import conv_requantize
from intengine_kernels.depthwise_conv import depthwise_conv_requantize
from intengine_kernels.gemm import gemm_requantize
from intengine_kernels.isa.depthwise import CHANNELS
from intengine_kernels.isa.tile import HALF, QUARTER, interleaved
from intengine_kernels.isa.words import PAIR
from intengine_kernels.requantize import (
    DOUBLE_ROUNDING,
    FLOAT32,
    INT64_15BIT,
    REAL_DOUBLE,
    SINGLE,
    UPWARD,
    UPWARD_BLOCKS,
    Missed,
)

from intengine.binding import Binder
from intengine.model import Quantization, TensorSpec, TensorType
from intengine.numerics import Requantizer
from intengine.ops._depthwise import pack_depthwise
from intengine.ops._operand import Operand
from intengine.ops._packing import pack
from intengine.step import Call, Step

TYPES = {np.int8: TensorType.INT8, np.uint8: TensorType.UINT8, np.int16: TensorType.INT16}
SCHEMES = [DOUBLE_ROUNDING, INT64_15BIT, REAL_DOUBLE, UPWARD, UPWARD_BLOCKS, FLOAT32, SINGLE]
NAMES = [isa.NAMES[i] for i in isa.available()[1:]]


def operand(dtype: type, zero_point: int, shape: tuple[int, ...] = (1,)) -> Operand:
    quantization = Quantization(np.ones(1, np.float32), np.array([zero_point]))
    return Operand(TensorSpec(0, "x", TYPES[dtype], shape, quantization=quantization), shape)


def requantizer(scheme: int, channels: int, acc: int) -> Requantizer:
    """Multipliers that bring sums of about `acc` into range; every fifth is a power of two, which gives ties."""
    rng = np.random.default_rng(5)
    scale = np.float64(200 / acc) * rng.uniform(0.5, 2, channels)
    scale[::5] = 2.0 ** np.round(np.log2(scale[::5]))
    fraction, exponent = np.frexp(scale)
    multiplier = np.round(fraction * 2**31).astype(np.int64)
    shift = exponent + (multiplier == 2**31)
    multiplier[multiplier == 2**31] = 2**30
    return Requantizer(scheme, multiplier.astype(np.int32), shift.astype(np.int32), scale.astype(np.float32) * 1.0)


def run(
    instruction_set: int,
    prepare: Callable[[np.ndarray], tuple[Callable[..., None], tuple[object, ...]]],
    shape: tuple[int, ...],
    dtype: type,
) -> np.ndarray:
    out = np.full(shape, 99, dtype)
    with isa.use(instruction_set):
        kernel, args = prepare(out)
    step = Step(0, "", (), (), (Call(kernel, (*args, out)),))
    for call in Binder({}).bind(step):
        call.run()
    return out


def number(name: str) -> int:
    return {v: k for k, v in isa.NAMES.items()}[name]


def product(
    x: np.ndarray, rows: np.ndarray, zero_point: int, filter_zero_point: int, scheme: int, out: np.ndarray
) -> tuple[Callable[..., None], tuple[object, ...]]:
    m, k = x.shape
    n = rows.shape[1]
    info = np.iinfo(x.dtype)
    bias = np.random.default_rng(3).integers(-1000, 1000, n)
    rule = requantizer(scheme, n, int(np.sqrt(k) * 75 * info.max))
    wide = x.dtype == np.int16 and scheme in (INT64_15BIT, REAL_DOUBLE)
    packed = pack(operand(x.dtype.type, zero_point), rows, filter_zero_point, bias, wide=wide)
    args = (
        packed.isa, x, packed.flip, packed.filter(), packed.rule(rule, out.dtype, 3, info.min + 1, info.max - 1),
        0, m, 0, -(-n // isa.COLUMNS), packed.strip(isa.ROW_BLOCK * k), packed.work,
    )  # fmt: skip
    return gemm_requantize, args


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("dtype", [np.int8, np.uint8, np.int16])
def test_products_equal_the_plain_loops(name: str, scheme: int, dtype: type) -> None:
    rng = np.random.default_rng(scheme)
    info = np.iinfo(dtype)
    filter_type = np.uint8 if dtype is np.uint8 else np.int8
    zero_point = {np.int8: 127, np.uint8: 120, np.int16: 0}[dtype]
    filter_zero_point = 131 if dtype is np.uint8 else 0
    for m, k, n in [(3, 7, 5), (49, 64, 33), (61, 130, 70), (1, 2600, 97), (26, 3, 32), (9, 1, 16), (13, 21, 24)]:
        x = rng.integers(info.min, info.max, (m, k), dtype=dtype, endpoint=True)
        x[0] = info.min
        rows = rng.integers(np.iinfo(filter_type).min, np.iinfo(filter_type).max, (1, n, k), filter_type, endpoint=True)
        prepare = partial(product, x, rows, zero_point, filter_zero_point, scheme)
        plain = run(isa.GENERIC, prepare, (m, n), dtype)
        assert np.array_equal(plain, run(number(name), prepare, (m, n), dtype)), (m, k, n)
        assert len(np.unique(plain)) > 1


def close_to(zero_point: int, shape: tuple[int, ...], few: int) -> np.ndarray:
    """uint8 weights that int8 holds when their zero point is taken off, but for a few; always one in the last row."""
    rng = np.random.default_rng(few)
    rows = rng.integers(max(zero_point - 128, 0), min(zero_point + 127, 255), shape, np.uint8, endpoint=True)
    flat = rows.reshape(-1)
    beyond = 0 if zero_point > 128 else 255
    flat[rng.integers(0, flat.size, few)] = beyond
    flat[-1] = beyond
    return rows


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("zero_point", [110, 140])
def test_weights_beyond_int8_take_steps_of_their_own(name: str, zero_point: int) -> None:
    rng = np.random.default_rng(zero_point)
    for m, k, n, few in [
        (49, 64, 96, 3),
        (13, 27, 70, 1),
        (50, 40, 24, 1),
        (1, 33, 16, 0),
        (5, 130, 5, 4),
        (9, 40, 60, 2),
    ]:
        x = rng.integers(0, 255, (m, k), np.uint8, endpoint=True)
        rows = close_to(zero_point, (1, n, k), few)
        prepare = partial(product, x, rows, 120, zero_point, DOUBLE_ROUNDING)
        plain = run(isa.GENERIC, prepare, (m, n), np.uint8)
        assert np.array_equal(plain, run(number(name), prepare, (m, n), np.uint8)), (m, k, n)
        with isa.use(number(name)):
            packed = pack(operand(np.uint8, 120), rows, zero_point, np.zeros(n, np.int64), wide=False)
        assert packed.row_term == 0
        assert bool(packed.extra[0][-1]) == (packed.panel.itemsize == 1)


def test_panels_of_int16_hold_all_weights() -> None:
    rows = close_to(110, (2, 40, 24), 3)
    with isa.use(isa.GENERIC):
        plain = pack(operand(np.uint8, 7), rows, 110, np.zeros(80, np.int64), wide=False, segments=3)
    assert not any(step for group in plain.extra for step in group)
    assert plain.weights.max() > 127


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("dtype", [np.int8, np.int16])
def test_any_number_of_rows_is_cut_into_tiles(name: str, dtype: type) -> None:
    # A full panel, and in the next one a half and a quarter.
    rng = np.random.default_rng(4)
    rows = rng.integers(-128, 127, (1, 56, 20), np.int8, endpoint=True)
    for m in range(1, isa.ROW_BLOCK + 2):
        x = rng.integers(-128, 127, (m, 20), dtype, endpoint=True)
        prepare = partial(product, x, rows, 0, 0, DOUBLE_ROUNDING)
        assert np.array_equal(run(isa.GENERIC, prepare, (m, 56), dtype), run(number(name), prepare, (m, 56), dtype)), m


def test_steps_of_a_narrow_part_lie_side_by_side() -> None:
    values = np.arange(2 * 3 * isa.COLUMNS * 4).reshape(1, 2, 3, isa.COLUMNS, 4)
    packed = interleaved(isa.AVX512VNNI, values, HALF + QUARTER)
    assert np.array_equal(packed[..., :HALF, :], values[..., :HALF, :])
    beside = packed[..., HALF:, :].reshape(2, 3, QUARTER, 2, 4)
    wanted = values[0, :, :, HALF : HALF + QUARTER]
    assert np.array_equal(beside[:, 0].swapaxes(1, 2), wanted[:, :2])
    assert np.array_equal(beside[:, 2, :, 0], wanted[:, 2])
    assert not beside[:, 1].any()
    assert not beside[:, 2, :, 1].any()
    assert np.array_equal(interleaved(isa.AVX2, values, HALF + QUARTER), values)


def convolution(
    x: np.ndarray, rows: np.ndarray, zero_point: int, height: int, out: np.ndarray
) -> tuple[Callable[..., None], tuple[object, ...]]:
    info = np.iinfo(x.dtype)
    source = operand(x.dtype.type, info.min)
    packed = pack(source, rows, zero_point, np.zeros(10, np.int64), wide=False, segments=6)
    offsets = [(ky * 7 + kx) * 6 + g * 3 for g in range(2) for ky in range(3) for kx in range(2)]
    rule = packed.rule(requantizer(DOUBLE_ROUNDING, 10, 40000), out.dtype, 0, info.min, info.max)
    args = (
        packed.isa, x, packed.flip, packed.filter(offsets), rule, 3, 7, 2, 1, 1, 0, packed.fill, height, 0, 8,
        packed.strip(9 * 7 * 6), packed.work,
    )  # fmt: skip
    return conv_requantize, args


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(("dtype", "zero_point"), [(np.int8, 0), (np.uint8, 9), (np.uint8, 110)], ids=str)
def test_convolutions_equal_the_plain_loops(name: str, dtype: type, zero_point: int) -> None:
    rng = np.random.default_rng(1)
    info = np.iinfo(dtype)
    x = rng.integers(info.min, info.max, (2, 7, 6, 6), dtype=dtype, endpoint=True)
    shape = (2, 5, 3 * 2 * 3)
    rows = (
        close_to(110, shape, 2) if zero_point == 110 else rng.integers(info.min, info.max, shape, dtype, endpoint=True)
    )
    for height in (1, 3, 4):
        prepare = partial(convolution, x, rows, zero_point, height)
        plain = run(isa.GENERIC, prepare, (2, 4, 6, 10), dtype)
        assert np.array_equal(plain, run(number(name), prepare, (2, 4, 6, 10), dtype))
        assert len(np.unique(plain)) > 1


def depthwise(
    x: np.ndarray, taps: np.ndarray, bias: np.ndarray, scheme: int, out: np.ndarray
) -> tuple[Callable[..., None], tuple[object, ...]]:
    info = np.iinfo(x.dtype)
    wide = x.dtype == np.int16
    kh, kw, channels = taps.shape
    width, out_w = x.shape[2], out.shape[2]
    source = operand(x.dtype.type, 0 if wide else info.min + 5)
    columns = out_w + kw - 1
    packed = pack_depthwise(source, taps, bias, columns, 1, 1, wide=wide)
    size = int(np.sqrt(kh * kw) * 75 * info.max) + int(np.abs(bias).max())
    rule = requantizer(scheme, channels, size)
    block = isa.ROW_BLOCK * CHANNELS
    groups = -(-kh // packed.taps.per)
    line = width * x.shape[3]
    args = (
        packed.isa, x, packed.flips, packed.taps, packed.rule(rule, out.dtype, 1, info.min, info.max), kh, 1, 1, 1, 1,
        kw // 2, columns, packed.fill, np.full(line, source.zero_point, x.dtype), 0, 4, np.zeros(4, np.int64),
        np.zeros(line, np.uint32), np.zeros(groups * columns * channels + CHANNELS, np.uint32),
        Missed(np.zeros(4 * (block + 2 * PAIR), np.int32), np.zeros(4 * (block // PAIR + 2), np.int64)),
        None if packed.taps.wide_bias is None else np.zeros(block, np.int64),
    )  # fmt: skip
    return depthwise_conv_requantize, args


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    ("dtype", "bias"), [(np.int8, 1000), (np.uint8, 1000), (np.int16, 1000), (np.int16, 2**34)], ids=str
)
@pytest.mark.parametrize("multiplier", [1, 3])
def test_depthwise_convolutions_equal_the_plain_loops(name: str, dtype: type, bias: int, multiplier: int) -> None:
    rng = np.random.default_rng(2)
    info = np.iinfo(dtype)
    for width, channels, kh, kw in [(6, 19, 3, 3), (60, 3, 5, 2), (60, 17, 3, 2), (1, 40, 1, 1), (4, 16, 9, 3)]:
        x = rng.integers(info.min, info.max, (1, 5, width, channels), dtype=dtype, endpoint=True)
        taps = rng.integers(-255 if dtype is np.uint8 else -128, 127, (kh, kw, channels * multiplier), np.int16)
        biases = rng.integers(-bias, bias, channels * multiplier)
        shape = (1, 4, width + 1 - kw // 2, channels * multiplier)
        for scheme in (INT64_15BIT,) if dtype is np.int16 else (DOUBLE_ROUNDING, UPWARD_BLOCKS, FLOAT32):
            prepare = partial(depthwise, x, taps, biases, scheme)
            plain = run(isa.GENERIC, prepare, shape, dtype)
            assert np.array_equal(plain, run(number(name), prepare, shape, dtype)), (width, channels, kh, kw, scheme)
            assert len(np.unique(plain)) > 1

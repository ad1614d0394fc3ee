"""Tiles of float32 sums: the vector IR, the plain loops, and steps spelled out."""

from collections.abc import Callable
from typing import Any

import numba
import numpy as np
import pytest
from intengine_kernels.float_depthwise import depthwise_conv_float
from intengine_kernels.float_matrix import conv_float, gemm_float
from intengine_kernels.fma import fma32
from intengine_kernels.isa.float_tile import ROW_VECTORS, ROWS, VECTORS, make_depthwise, make_product
from intengine_kernels.isa.vectors import LANES

from intengine.ops._float_matrix import pack_panels
from tests.kernels._both import both_ways
from tests.spec import matrix as spec

F32 = np.float32
SHAPES = [(ROWS, VECTORS), (4, 1), (1, ROW_VECTORS), (1, 2), (1, 1)]


def ends(channels: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    padded = -(-channels // LANES) * LANES
    return rng.standard_normal(padded).astype(F32), rng.standard_normal(padded).astype(F32)


@pytest.mark.parametrize("fused", [False, True])
@pytest.mark.parametrize(("rows", "vectors"), SHAPES)
def test_a_product_tile_equals_its_plain_loops(rows: int, vectors: int, fused: bool) -> None:
    tile = make_product(rows, vectors)
    compiled = numba.njit(lambda *args: tile(*args)) if not numba.config.DISABLE_JIT else tile
    rng = np.random.default_rng(rows * 10 + vectors)
    for count, length, many in ((vectors * LANES, 9, 2), (vectors * LANES - 15, 4, 1), (vectors * LANES - 3, 1, 3)):
        x = rng.standard_normal(500).astype(F32)
        x[7] = np.nan
        starts, taps = rng.integers(0, 100, rows + 2), rng.integers(0, 300, many)
        step = many * length * LANES
        w = rng.standard_normal(3 + vectors * step).astype(F32)
        start, bias = ends(vectors * LANES + 5, rng)
        found = []
        for run in (tile, compiled):
            out = np.full(rows * 130 + 70, F32(9))
            run(
                fused, x, starts, 2, taps, many, length, w, 3, step, start, bias, 5, F32(-1.5), F32(2), out, 1, 130,
                count,
            )  # fmt: skip
            found.append(out)
        assert found[0].tobytes() == found[1].tobytes()
        assert (found[0] == F32(9)).sum() == out.size - rows * count


@pytest.mark.parametrize("fused", [False, True])
@pytest.mark.parametrize("is_partial", [False, True])
@pytest.mark.parametrize(("rows", "vectors"), SHAPES)
def test_a_depthwise_tile_equals_its_plain_loops(rows: int, vectors: int, is_partial: bool, fused: bool) -> None:
    tile = make_depthwise(rows, vectors, is_partial=is_partial)
    compiled = numba.njit(lambda *args: tile(*args)) if not numba.config.DISABLE_JIT else tile
    rng = np.random.default_rng(rows * 10 + vectors)
    for count in (vectors * LANES, *((vectors * LANES - 5, vectors * LANES - 15) if is_partial else ())):
        # The last row's last channel is the image's last element, which nothing may be read behind.
        starts, taps, w_taps = np.arange(rows + 1) * 7, np.array([3, 0, 11]), np.array([0, 80, 2])
        x = rng.standard_normal(starts[-1] + 11 + 16 + count).astype(F32)
        w = rng.standard_normal(80 + 16 + 64 + LANES).astype(F32)
        start, bias = ends(16 + vectors * LANES, rng)
        found = []
        for run in (tile, compiled):
            out = np.full(rows * 130 + 70, F32(9))
            run(fused, x, starts, 1, taps, w_taps, 3, 16, w, start, bias, F32(-1), F32(2), out, 2, 130, count)
            found.append(out)
        assert found[0].tobytes() == found[1].tobytes()
        assert (found[0] == F32(9)).sum() == out.size - rows * count


@both_ways(gemm_float)
@pytest.mark.parametrize("rows", [1, 3, 8, 9, 10, 13])
@pytest.mark.parametrize("channels", [1, 16, 40, 70])
def test_products_are_summed_in_order_whatever_tiles_make_them(
    run: Callable[..., Any], rows: int, channels: int
) -> None:
    rng = np.random.default_rng(rows + channels)
    a, w = rng.standard_normal((rows + 2, 5)).astype(F32), rng.standard_normal((channels, 5)).astype(F32)
    start, bias = ends(channels, rng)
    out = np.full((rows + 2, channels), F32(9))
    args = (False, a, pack_panels(w[None]), start, bias, -3.0, 3.0, 1, rows + 1)
    run(*args, np.zeros(11, np.int64), np.zeros(1, np.int64), out)
    total = np.broadcast_to(start[:channels], out.shape)
    for k in range(5):
        total = total + a[:, k, None] * w[:, k]
    wanted = np.clip(total + bias[:channels], F32(-3), F32(3))
    assert out[1:-1].tobytes() == wanted[1:-1].tobytes()
    assert (out[[0, -1]] == 9).all()


FORMS = [
    # x, (kh, kw), stride, dilation, same padding, groups, channels of the output
    ((2, 7, 9, 3), (3, 3), (1, 1), (1, 1), True, 1, 20),
    ((1, 7, 10, 4), (3, 2), (2, 2), (1, 1), True, 2, 6),
    ((1, 9, 9, 2), (3, 3), (1, 1), (2, 3), True, 1, 5),
    ((1, 6, 5, 3), (1, 1), (2, 1), (1, 1), False, 1, 33),
    ((1, 2, 2, 1), (5, 7), (1, 1), (1, 1), True, 1, 1),
    ((2, 5, 23, 2), (2, 3), (2, 3), (1, 1), False, 1, 17),
]


@both_ways(conv_float)
@pytest.mark.parametrize(("shape", "size", "stride", "dilation", "same", "groups", "channels"), FORMS)
@pytest.mark.parametrize("some", [1, 3])
def test_convolutions_are_summed_by_row_column_channel(
    run: Callable[..., Any], shape: Any, size: Any, stride: Any, dilation: Any, same: bool, groups: int,
    channels: int, some: int,
) -> None:  # fmt: skip
    rng = np.random.default_rng(channels)
    x, w = (
        rng.standard_normal(shape).astype(F32),
        rng.standard_normal((channels, *size, shape[3] // groups)).astype(F32),
    )
    bias = ends(channels // groups, rng)[0]
    sums = spec.conv(x, w, same=same, stride=stride, dilation=dilation)
    out = np.zeros_like(sums)
    extents = zip((some, out.shape[2]), size, stride, dilation, strict=True)
    lines = [(n - 1) * s + (k - 1) * d + 1 for n, k, s, d in extents]
    run(
        False, x, pack_panels(w.reshape(groups, channels // groups, -1)), np.zeros(groups * bias.size, F32),
        np.tile(bias, groups), *size, *stride, *dilation, *_pads(shape, size, stride, dilation, same),
        -np.inf, np.inf, 0, shape[0] * out.shape[1], np.zeros(some * out.shape[2], np.int64),
        np.zeros(size[0] * size[1], np.int64), np.zeros(lines[0] * lines[1] * shape[3] if same else 0, F32), out,
    )  # fmt: skip
    assert out.tobytes() == (sums + np.tile(bias[: channels // groups], groups)).tobytes()


@both_ways(depthwise_conv_float)
@pytest.mark.parametrize(("shape", "size", "stride", "dilation", "same"), [form[:5] for form in FORMS])
@pytest.mark.parametrize("channels", [4, 16, 100])
def test_depthwise_taps_are_summed_by_row_column(
    run: Callable[..., Any], shape: Any, size: Any, stride: Any, dilation: Any, same: bool, channels: int
) -> None:
    rng = np.random.default_rng(channels)
    x = rng.standard_normal((*shape[:3], channels)).astype(F32)
    w = rng.standard_normal((1, *size, channels)).astype(F32)
    _, bias = ends(channels, rng)
    sums = spec.depthwise_conv(x, w, same=same, stride=stride, dilation=dilation)
    out = _depthwise(run, x, w[0], stride, dilation, same, sums.shape, np.zeros_like(bias), bias, fused=False)
    assert out.tobytes() == (sums + bias[:channels]).tobytes()


@both_ways(depthwise_conv_float)
def test_fused_depthwise_taps_are_added_by_column_row(run: Callable[..., Any]) -> None:
    rng = np.random.default_rng(5)
    x, w = rng.standard_normal((1, 4, 12, 19)).astype(F32), rng.standard_normal((3, 2, 19)).astype(F32)
    start, _ = ends(19, rng)
    rows, columns, out_h, out_w = spec.geometry(x.shape, 3, 2, same=True, stride=(1, 1), dilation=(1, 1))
    out = _depthwise(run, x, w, (1, 1), (1, 1), True, x.shape, start, np.full_like(start, -0.0), fused=True)
    wanted = np.broadcast_to(start[:19], (out_h, out_w, 19)).copy()
    for ox, kx, column in columns:
        for oy, ky, y in rows:
            for c in range(19):
                wanted[oy, ox, c] = fma32(x[0, y, column, c], w[ky, kx, c], wanted[oy, ox, c])
    assert out.tobytes() == wanted.tobytes()


def _pads(shape: Any, size: Any, stride: Any, dilation: Any, same: bool) -> list[int]:
    find = spec.same_padding if same else spec.valid_padding
    return [find(n, k, s, d)[1] for n, k, s, d in zip(shape[1:3], size, stride, dilation, strict=True)]


def _depthwise(
    run: Callable[..., Any], x: np.ndarray, w: np.ndarray, stride: Any, dilation: Any, same: bool, out_shape: Any,
    start: np.ndarray, bias: np.ndarray, *, fused: bool,
) -> np.ndarray:  # fmt: skip
    out = np.zeros(out_shape, F32)
    size = w.shape[:2]
    scratch = (np.zeros(out.shape[2], np.int64), np.zeros(w.size, np.int64), np.zeros(w.size, np.int64))
    run(
        fused, fused, x, np.pad(w.reshape(-1), (0, LANES)), start, bias, *size, *stride, *dilation,
        *_pads(x.shape, size, stride, dilation, same), -np.inf, np.inf, 0, out.shape[0] * out.shape[1], *scratch, out,
    )  # fmt: skip
    return out

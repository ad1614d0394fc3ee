"""float32 rows times packed weights: the tiles that a block of rows is made of."""

from intengine_kernels.isa.float_tile import ROW_VECTORS, ROWS, VECTORS, make_product
from intengine_kernels.isa.vectors import LANES
from intengine_kernels.jit import subroutine

#: Rows behind whole tiles that are made one by one: each reads all weights again.
_FEW = 2

_tile = make_product(ROWS, VECTORS)
_tile_panel = make_product(ROWS, 1)
_tile_row = make_product(1, ROW_VECTORS)
_tile_row_panel = make_product(1, 1)


@subroutine
def multiply_rows(
    fused, x, starts, rows, taps, many, length, w, w_at, start, bias, at, lo, hi, out, out_at, out_step, channels
):
    """Rows of x times `channels` columns of w, clamped.

    What whole tiles leave is made row by row if it is little; else a tile reaches back to rows that are made already,
    and makes the same again.

    Args: as in `isa.float_tile.make_product`, for the first `rows` of `starts`.
    """
    step = many * length * LANES
    left = rows % ROWS
    tiled = rows if _FEW < left < rows else rows - left
    n = 0
    while tiled < rows and channels - n > (ROW_VECTORS - 1) * LANES:
        for row in range(tiled, rows):
            _tile_row(
                fused, x, starts, row, taps, many, length, w, w_at + n // LANES * step, step, start, bias, at + n,
                lo, hi, out, out_at + row * out_step + n, out_step, min(ROW_VECTORS * LANES, channels - n),
            )  # fmt: skip
        n += ROW_VECTORS * LANES
    while tiled < rows and n < channels:
        for row in range(tiled, rows):
            _tile_row_panel(
                fused, x, starts, row, taps, many, length, w, w_at + n // LANES * step, step, start, bias, at + n,
                lo, hi, out, out_at + row * out_step + n, out_step, min(LANES, channels - n),
            )  # fmt: skip
        n += LANES
    n = 0
    while tiled and channels - n > (VECTORS - 1) * LANES:
        for first in range(0, tiled, ROWS):
            row = min(first, tiled - ROWS)
            _tile(
                fused, x, starts, row, taps, many, length, w, w_at + n // LANES * step, step, start, bias, at + n,
                lo, hi, out, out_at + row * out_step + n, out_step, min(VECTORS * LANES, channels - n),
            )  # fmt: skip
        n += VECTORS * LANES
    while tiled and n < channels:
        for first in range(0, tiled, ROWS):
            row = min(first, tiled - ROWS)
            _tile_panel(
                fused, x, starts, row, taps, many, length, w, w_at + n // LANES * step, step, start, bias, at + n,
                lo, hi, out, out_at + row * out_step + n, out_step, min(LANES, channels - n),
            )  # fmt: skip
        n += LANES

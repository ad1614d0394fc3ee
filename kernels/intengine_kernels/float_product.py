"""float32 rows times packed weights: the tiles that a block of rows is made of."""

from intengine_kernels.isa.float_tile import ROW_VECTORS, ROWS, VECTORS, make_product
from intengine_kernels.isa.vectors import LANES
from intengine_kernels.jit import subroutine

_tile = make_product(ROWS, VECTORS)
_tile_panel = make_product(ROWS, 1)
_tile_row = make_product(1, ROW_VECTORS)
_tile_row_panel = make_product(1, 1)


@subroutine
def multiply_rows(
    fused, x, starts, rows, taps, many, length, w, w_at, start, bias, at, lo, hi, out, out_at, out_step, channels
):
    """Rows of x times `channels` columns of w, clamped.

    Tiles at the end reach back to rows that are made already, and make the same again.

    Args: as in `isa.float_tile.make_product`, for the first `rows` of `starts`.
    """
    step = many * length * LANES
    n = 0
    if rows < ROWS:
        while channels - n > (ROW_VECTORS - 1) * LANES:
            for row in range(rows):
                _tile_row(
                    fused, x, starts, row, taps, many, length, w, w_at + n // LANES * step, step, start, bias, at + n,
                    lo, hi, out, out_at + row * out_step + n, out_step, min(ROW_VECTORS * LANES, channels - n),
                )  # fmt: skip
            n += ROW_VECTORS * LANES
        while n < channels:
            for row in range(rows):
                _tile_row_panel(
                    fused, x, starts, row, taps, many, length, w, w_at + n // LANES * step, step, start, bias, at + n,
                    lo, hi, out, out_at + row * out_step + n, out_step, min(LANES, channels - n),
                )  # fmt: skip
            n += LANES
    while channels - n > (VECTORS - 1) * LANES:
        for first in range(0, rows, ROWS):
            row = min(first, rows - ROWS)
            _tile(
                fused, x, starts, row, taps, many, length, w, w_at + n // LANES * step, step, start, bias, at + n,
                lo, hi, out, out_at + row * out_step + n, out_step, min(VECTORS * LANES, channels - n),
            )  # fmt: skip
        n += VECTORS * LANES
    while n < channels:
        for first in range(0, rows, ROWS):
            row = min(first, rows - ROWS)
            _tile_panel(
                fused, x, starts, row, taps, many, length, w, w_at + n // LANES * step, step, start, bias, at + n,
                lo, hi, out, out_at + row * out_step + n, out_step, min(LANES, channels - n),
            )  # fmt: skip
        n += LANES

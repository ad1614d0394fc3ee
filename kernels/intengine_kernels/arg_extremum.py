"""Index of the greatest or least element along one axis; the first of equal ones. NaN gives way to any number."""

import numpy as np

from intengine_kernels.isa.rows import first_greatest
from intengine_kernels.jit import inline, kernel, subroutine


@kernel
def arg_extremum(least, x, out):
    """out[o, i] = index of the extremum of x[o, :, i], NaN passed over; 0 if all are NaN.

    Args: least: 1 for the least, 0 for the greatest. x: a number type [outer, size, inner]. out: int32 or int64.

    Source: tflite/kernels/internal/reference/arg_min_max.h
    """
    outer, size, inner = x.shape
    store = out.dtype.type
    for o in range(outer):
        for i in range(inner):
            begin = 0
            while begin < size - 1 and x[o, begin, i] != x[o, begin, i]:
                begin += 1
            best = x[o, begin, i]
            at = begin if best == best else 0
            for k in range(begin + 1, size):
                value = x[o, k, i]
                if (value < best) if least else (value > best):
                    best, at = value, k
            out[o, i] = store(at)


@kernel
def arg_extremum_in_order(least, x, out):
    """As `arg_extremum`, but a NaN that comes first stays.

    Source: tensorflow/lite/micro/kernels/arg_min_max.cc
    """
    outer, size, inner = x.shape
    store = out.dtype.type
    for o in range(outer):
        for i in range(inner):
            best, at = x[o, 0, i], 0
            for k in range(1, size):
                value = x[o, k, i]
                if (value < best) if least else (value > best):
                    best, at = value, k
            out[o, i] = store(at)


@kernel
def arg_extremum_rows(least, x, out):
    """out[o] = index of the extremum of x[o]. x: an integer type [outer, size]. out: int32[outer] or int64[outer]."""
    outer, size = x.shape
    store = out.dtype.type
    for o in range(outer):
        row = x[o]
        best = row[0]
        if least:
            for k in range(1, size):
                best = min(best, row[k])
        else:
            for k in range(1, size):
                best = max(best, row[k])
        at = 0
        while row[at] != best:
            at += 1
        out[o] = store(at)


@kernel
def arg_extremum_bytes(least, x, out):
    """As `arg_extremum_rows` for int8 or uint8 rows of `isa.rows.STEP` to LONGEST elements; compiled alone."""
    outer, size = x.shape
    store = out.dtype.type
    flat = x.reshape(-1)
    flip = (0x80 if x.dtype.type(-1) < 0 else 0) ^ (0xFF if least else 0)
    for o in range(outer):
        out[o] = store(first_greatest(flat, o * size, size, flip))


@inline
def _beats(value, best):
    return value > best or (best != best and value == value)


@subroutine
def _greatest_of_lanes(row, sign):
    """Index of the greatest sign * row[k], where four lanes take every fourth element.

    Lanes 0 and 1, and 2 and 3, and then the winners are compared: a NaN in the first stays, one in the second is passed
    over. A NaN that comes out of that has index 0. The last size % 4 elements follow one by one.
    """
    size = row.shape[0]
    whole = size - size % 4
    best, at = np.float32(sign * row[0]), 0
    if whole:
        lane0, lane1, lane2, lane3 = 0, 1, 2, 3
        for k in range(4, whole, 4):
            lane0 = k if _beats(sign * row[k], sign * row[lane0]) else lane0
            lane1 = k + 1 if _beats(sign * row[k + 1], sign * row[lane1]) else lane1
            lane2 = k + 2 if _beats(sign * row[k + 2], sign * row[lane2]) else lane2
            lane3 = k + 3 if _beats(sign * row[k + 3], sign * row[lane3]) else lane3
        low = lane1 if sign * row[lane1] > sign * row[lane0] else lane0
        high = lane3 if sign * row[lane3] > sign * row[lane2] else lane2
        best = np.float32(sign * row[high if sign * row[high] > sign * row[low] else low])
        at = size
        for lane in (lane0, lane1, lane2, lane3):
            at = min(at, lane) if sign * row[lane] == best else at
        at = at if best == best else 0
    for k in range(max(whole, 1), size):
        value = np.float32(sign * row[k])
        if _beats(value, best):
            best, at = value, k
    return at


@kernel
def arg_extremum_float_rows(least, x, out):
    """out[o] = index of the extremum of x[o]; where a row holds NaN, as LiteRT's vectors of four lanes find it.

    Args: x: float32[outer, size]. out: int32[outer] or int64[outer].

    Source: tflite/kernels/internal/optimized/optimized_ops.h, which serves all of LiteRT's resolvers
    """
    outer, size = x.shape
    store = out.dtype.type
    sign = np.float32(-1 if least else 1)
    for o in range(outer):
        row = x[o]
        best, at = np.float32(sign * row[0]), 0
        has_nan = best != best
        for k in range(1, size):
            value = np.float32(sign * row[k])
            has_nan |= value != value
            if value > best:
                best, at = value, k
        out[o] = store(_greatest_of_lanes(row, sign) if has_nan else at)

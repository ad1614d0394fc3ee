"""float32 arithmetic in the order of Eigen with SSE: four lanes, no FMA. LiteRT computes float LSTM cells with it."""

import math

import numpy as np

from intengine_kernels.jit import inline, subroutine
from intengine_kernels.libm.exp import expf

#: Lanes of a vector.
LANES = 4


@inline
def tanh(x):
    """tanh of a float32: x * P(x**2) / Q(x**2), the same in vectors and alone.

    Source: Eigen/src/Core/MathFunctionsImpl.h
    """
    limit = np.float32(7.90738964080810547)
    x = np.float32(min(max(x, -limit), limit))
    x2 = np.float32(x * x)
    p = np.float32(np.float32(1.394553628e-8) * x2 + np.float32(2.102733560e-5))
    p = np.float32(p * x2 + np.float32(3.520756727e-3))
    p = np.float32(p * x2 + np.float32(1.340216100e-1))
    q = np.float32(np.float32(8.015776984e-7) * x2 + np.float32(3.326951409e-4))
    q = np.float32(q * x2 + np.float32(2.597254514e-2))
    q = np.float32(q * x2 + np.float32(4.673548340e-1))
    q = np.float32(q * x2 + np.float32(1.0))
    return np.float32(np.float32(np.float32(x2 * x) * p + x) / q)


@inline
def logistic_in_vector(x):
    """exp(x) / (1 + exp(x)) of a float32 that is one of four: exp(x / 2) by a polynomial, squared.

    Source: Eigen/src/Core/functors/UnaryFunctors.h
    """
    if x < np.float32(-104.0):
        return np.float32(0.0)
    half, one = np.float32(0.5), np.float32(1.0)
    x = np.float32(min(x, np.float32(16.6355324)) * half)
    m = np.float32(math.floor(np.float32(np.float32(x * np.float32(1.44269504088896341)) + half)))
    r = np.float32(np.float32(m * np.float32(-0.693359375)) + x)
    r = np.float32(np.float32(m * np.float32(2.12194440e-4)) + r)
    r2 = np.float32(r * r)
    even = np.float32(np.float32(r2 * np.float32(4.1898667812347412109375e-2)) + np.float32(0.49999141693115234375))
    odd = np.float32(
        np.float32(r2 * np.float32(8.33471305668354034423828125e-3)) + np.float32(0.16666877269744873046875)
    )
    p = np.float32(np.float32(r * odd) + even)
    p = np.float32(np.float32(r2 * p) + np.float32(r + one))
    e = np.float32(p * np.float32(math.ldexp(1.0, int(m))))
    e = np.float32(e * e)
    return np.float32(e / np.float32(one + e))


@inline
def logistic_alone(x):
    """exp(x) / (1 + exp(x)) of a float32 outside of the vectors, with the C library's exp.

    Source: Eigen/src/Core/functors/UnaryFunctors.h
    """
    e = expf(min(x, np.float32(16.6355324)))
    return np.float32(e / np.float32(np.float32(1.0) + e))


@subroutine
def logistic_row(x, place):
    """x = logistic(x): in vectors that start at multiples of four elements, the ends alone.

    Args: x: float32[n], read and written. place: element offset of x[0] from an aligned address.
    Source: Eigen/src/Core/AssignEvaluator.h
    """
    n = x.shape[0]
    first = min(-place % LANES, n)
    last = first + (n - first) // LANES * LANES
    for i in range(first):
        x[i] = logistic_alone(x[i])
    for i in range(first, last):
        x[i] = logistic_in_vector(x[i])
    for i in range(last, n):
        x[i] = logistic_alone(x[i])


#: Orders of summation of a product of matrices: with one column or row; one number; few terms; any other.
BY_LANES, INNER, SMALL, BLOCKED = 0, 1, 2, 3
#: Rows and columns of one block of a product.
_BLOCK_ROWS, _BLOCK_COLUMNS = 8, 4


@inline
def _in_order(a, b, start, total):
    """total + the sum of a * b from index `start` on, term by term."""
    for k in range(start, a.shape[0]):
        total = np.float32(total + np.float32(a[k] * b[k]))
    return total


@inline
def _by_lanes(a, b):
    """Four sums over every fourth term, added as (0 + 2) + (1 + 3), then the rest."""
    c0, c1, c2, c3 = np.float32(0), np.float32(0), np.float32(0), np.float32(0)
    whole = a.shape[0] - a.shape[0] % 4
    for k in range(0, whole, 4):
        c0 = np.float32(c0 + np.float32(a[k] * b[k]))
        c1 = np.float32(c1 + np.float32(a[k + 1] * b[k + 1]))
        c2 = np.float32(c2 + np.float32(a[k + 2] * b[k + 2]))
        c3 = np.float32(c3 + np.float32(a[k + 3] * b[k + 3]))
    return _in_order(a, b, whole, np.float32(np.float32(c0 + c2) + np.float32(c1 + c3)))


@inline
def _by_fours(a, b):
    """Four sums over every fourth term, added as (0 + 1) + (2 + 3), then the rest."""
    c0, c1, c2, c3 = np.float32(0), np.float32(0), np.float32(0), np.float32(0)
    whole = a.shape[0] - a.shape[0] % 4
    for k in range(0, whole, 4):
        c0 = np.float32(c0 + np.float32(a[k] * b[k]))
        c1 = np.float32(c1 + np.float32(a[k + 1] * b[k + 1]))
        c2 = np.float32(c2 + np.float32(a[k + 2] * b[k + 2]))
        c3 = np.float32(c3 + np.float32(a[k + 3] * b[k + 3]))
    return _in_order(a, b, whole, np.float32(np.float32(c0 + c1) + np.float32(c2 + c3)))


@inline
def _alternating(a, b):
    """Even and odd terms of whole blocks of eight apart, then together, then the rest."""
    even, odd = np.float32(0), np.float32(0)
    whole = a.shape[0] - a.shape[0] % 8
    for k in range(0, whole, 2):
        even = np.float32(even + np.float32(a[k] * b[k]))
        odd = np.float32(odd + np.float32(a[k + 1] * b[k + 1]))
    return _in_order(a, b, whole, np.float32(even + odd))


@inline
def _lane(a, b, start, stop, step):
    """Sum of every `step`-th product in start..stop; 0 if there is none."""
    total = np.float32(0.0)
    for k in range(start, stop, step):
        total = np.float32(total + np.float32(a[k] * b[k]))
    return total


@inline
def _by_vectors(a, b, ways):
    """`ways` (2 or 4) sums over vectors of four lanes in turn, added together lane by lane, then the lanes.

    Two: a vector that is left over comes after the two sums. Four: those that are left over go on with the first
    sums, and these are added from the last.
    """
    n = a.shape[0]
    vectors = n // 4
    if vectors == 0:
        return _in_order(a, b, 0, np.float32(0.0))
    stop = vectors * 4
    c0, c1, c2, c3 = np.float32(0), np.float32(0), np.float32(0), np.float32(0)
    for lane in range(4):
        if ways == 2:
            whole = max(vectors // 2 * 8, 4)
            total = _lane(a, b, lane, whole, 8)
            if vectors > 1:
                total = np.float32(total + _lane(a, b, lane + 4, whole, 8))
                if stop > whole:
                    total = np.float32(total + np.float32(a[stop - 4 + lane] * b[stop - 4 + lane]))
        else:
            total = _lane(a, b, lane, stop, 16)
            third = _lane(a, b, lane + 8, stop, 16)
            if vectors > 3:
                third = np.float32(third + _lane(a, b, lane + 12, stop, 16))
            second = _lane(a, b, lane + 4, stop, 16)
            if vectors > 2:
                second = np.float32(second + third)
            if vectors > 1:
                total = np.float32(total + second)
        if lane == 0:
            c0 = total
        elif lane == 1:
            c1 = total
        elif lane == 2:
            c2 = total
        else:
            c3 = total
    return _in_order(a, b, stop, np.float32(np.float32(c0 + c2) + np.float32(c1 + c3)))


@subroutine
def add_product(order, x, w, out):
    """out[b, n] += sum of x[b] * w[n] in float32, summed in that order of Eigen's.

    A BLOCKED product of more terms than fit the first cache, which Eigen sums in parts, is summed as one here.

    Args: x: float32[B, K]. w: float32[N, K]. out: float32[B, N], read and written.
    Source: Eigen/src/Core/products/GeneralMatrixVector.h, GeneralBlockPanelKernel.h, Eigen/src/Core/InnerProduct.h
    """
    columns, rows = out.shape
    whole_rows = rows - rows % _BLOCK_ROWS
    half_rows = rows - rows % (_BLOCK_ROWS // 2)
    whole_columns = columns - columns % _BLOCK_COLUMNS
    for b in range(columns):
        for n in range(rows):
            if order == BY_LANES:
                total = _by_lanes(x[b], w[n])
            elif order == INNER:
                total = _by_vectors(x[b], w[n], 4)
            elif order == SMALL:
                total = _by_vectors(x[b], w[n], 2)
            elif b >= whole_columns or n < whole_rows:
                total = _in_order(x[b], w[n], 0, np.float32(0.0))
            elif n < half_rows:
                total = _alternating(x[b], w[n])
            else:
                total = _by_fours(x[b], w[n])
            out[b, n] = np.float32(total + out[b, n])

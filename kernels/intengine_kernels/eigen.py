"""float32 arithmetic in the order of Eigen's SSE code, with which LiteRT computes its float cells: four lanes, no FMA."""

import math

import numpy as np

from intengine_kernels.jit import inline

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
    odd = np.float32(np.float32(r2 * np.float32(8.33471305668354034423828125e-3)) + np.float32(0.16666877269744873046875))
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
    e = np.float32(math.exp(min(x, np.float32(16.6355324))))
    return np.float32(e / np.float32(np.float32(1.0) + e))


@inline
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


@inline
def dot_by_lanes(a, b):
    """Sum of a * b in float32: four sums over every fourth term, added as (0 + 2) + (1 + 3), then the rest in order.

    Source: Eigen/src/Core/products/GeneralMatrixVector.h
    """
    c0, c1, c2, c3 = np.float32(0), np.float32(0), np.float32(0), np.float32(0)
    n = a.shape[0]
    whole = n - n % LANES
    for k in range(0, whole, LANES):
        c0 = np.float32(np.float32(a[k] * b[k]) + c0)
        c1 = np.float32(np.float32(a[k + 1] * b[k + 1]) + c1)
        c2 = np.float32(np.float32(a[k + 2] * b[k + 2]) + c2)
        c3 = np.float32(np.float32(a[k + 3] * b[k + 3]) + c3)
    total = np.float32(np.float32(c0 + c2) + np.float32(c1 + c3))
    for k in range(whole, n):
        total = np.float32(total + np.float32(a[k] * b[k]))
    return total

"""Sums of products in the order of K: activations [M, K] times weights [K, N], for float32, int32 and int64 sums.

Vectors run along the output channels, so that every output keeps its own sequential sum, rounded at each step.
"""

from intengine_kernels.jit import inline

#: Rows that share the weights while these are in registers.
ROWS = 4


@inline
def _add_four_rows(a, row, w, acc, at):
    """acc[at + i] += a[row + i] @ w for i in 0..3; four terms at a time, left to right."""
    wide = acc.dtype.type
    depth, columns = w.shape
    x0, x1, x2, x3 = a[row], a[row + 1], a[row + 2], a[row + 3]
    c0, c1, c2, c3 = acc[at], acc[at + 1], acc[at + 2], acc[at + 3]
    whole = depth - depth % 4
    for k in range(0, whole, 4):
        w0, w1, w2, w3 = w[k], w[k + 1], w[k + 2], w[k + 3]
        x00, x01, x02, x03 = wide(x0[k]), wide(x0[k + 1]), wide(x0[k + 2]), wide(x0[k + 3])
        x10, x11, x12, x13 = wide(x1[k]), wide(x1[k + 1]), wide(x1[k + 2]), wide(x1[k + 3])
        x20, x21, x22, x23 = wide(x2[k]), wide(x2[k + 1]), wide(x2[k + 2]), wide(x2[k + 3])
        x30, x31, x32, x33 = wide(x3[k]), wide(x3[k + 1]), wide(x3[k + 2]), wide(x3[k + 3])
        for n in range(columns):
            v0, v1, v2, v3 = wide(w0[n]), wide(w1[n]), wide(w2[n]), wide(w3[n])
            c0[n] = wide(c0[n] + x00 * v0 + x01 * v1 + x02 * v2 + x03 * v3)
            c1[n] = wide(c1[n] + x10 * v0 + x11 * v1 + x12 * v2 + x13 * v3)
            c2[n] = wide(c2[n] + x20 * v0 + x21 * v1 + x22 * v2 + x23 * v3)
            c3[n] = wide(c3[n] + x30 * v0 + x31 * v1 + x32 * v2 + x33 * v3)
    for k in range(whole, depth):
        w0 = w[k]
        x00, x10, x20, x30 = wide(x0[k]), wide(x1[k]), wide(x2[k]), wide(x3[k])
        for n in range(columns):
            v0 = wide(w0[n])
            c0[n] = wide(c0[n] + x00 * v0)
            c1[n] = wide(c1[n] + x10 * v0)
            c2[n] = wide(c2[n] + x20 * v0)
            c3[n] = wide(c3[n] + x30 * v0)


@inline
def _add_row(a, row, w, acc, at):
    """acc[at] += a[row] @ w; four terms at a time, left to right."""
    wide = acc.dtype.type
    depth, columns = w.shape
    x0 = a[row]
    c0 = acc[at]
    whole = depth - depth % 4
    for k in range(0, whole, 4):
        w0, w1, w2, w3 = w[k], w[k + 1], w[k + 2], w[k + 3]
        x00, x01, x02, x03 = wide(x0[k]), wide(x0[k + 1]), wide(x0[k + 2]), wide(x0[k + 3])
        for n in range(columns):
            c0[n] = wide(c0[n] + x00 * wide(w0[n]) + x01 * wide(w1[n]) + x02 * wide(w2[n]) + x03 * wide(w3[n]))
    for k in range(whole, depth):
        w0 = w[k]
        x00 = wide(x0[k])
        for n in range(columns):
            c0[n] = wide(c0[n] + x00 * wide(w0[n]))


@inline
def add_rows(a, row, rows, w, acc, at):
    """acc[at + i] += a[row + i] @ w for 0 <= i < rows.

    Args:
        a: float32, or an integer type [M, K]. w: float32, or int8 or int16 [K, N].
        acc: float32, rounded at each step, or int32 or int64, which wrap [*, N].
    """
    i = 0
    while i + ROWS <= rows:
        _add_four_rows(a, row + i, w, acc, at + i)
        i += ROWS
    while i < rows:
        _add_row(a, row + i, w, acc, at + i)
        i += 1


@inline
def clamp_row(acc, bias, lo, hi, out):
    """out[c] = clamp(acc[c] + bias[c]) in float32; NaN stays NaN."""
    for c in range(out.shape[0]):
        value = acc[c] + bias[c]
        value = lo if value < lo else value
        out[c] = hi if hi < value else value

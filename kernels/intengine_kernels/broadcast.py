"""Walking broadcast operands row by row.

The planner merges axes that all operands walk alike; what is left is a shape int64[n] and, for each operand, strides
int64[n] in elements, 0 where it repeats. A row is the last axis.

Kernels walk arrays flat, whatever axes they have: threads share them along the first.
"""

from intengine_kernels.copying import copy_row
from intengine_kernels.jit import inline, kernel


@inline
def row_offset(row, shape, strides):
    """Offset of the first element of row `row`, counted over all axes but the last."""
    at = 0
    for axis in range(shape.shape[0] - 2, -1, -1):
        at += (row % shape[axis]) * strides[axis]
        row //= shape[axis]
    return at


@kernel
def spread(x, shape, strides, out):
    """out = x broadcast: flat x, walked by shape and strides, to out, flat or not, of as many elements; one type."""
    out, inner = out.reshape(-1), shape[-1]
    step = strides[-1]
    for row in range(out.size // inner):
        at, target = row_offset(row, shape, strides), out[row * inner : (row + 1) * inner]
        if step == 1:
            copy_row(x[at : at + inner], target)
        elif step == 0:
            value = x[at]
            for i in range(inner):
                target[i] = value
        else:
            for i in range(inner):
                target[i] = x[at + i * step]

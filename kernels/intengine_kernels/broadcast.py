"""Walking broadcast operands row by row.

The planner merges axes that all operands walk alike; what is left is a shape int64[n] and, for each operand, strides
int64[n] in elements, 0 where it repeats. A row is the last axis.
"""

from intengine_kernels.jit import inline


@inline
def row_offset(row, shape, strides):
    """Offset of the first element of row `row`, counted over all axes but the last."""
    at = 0
    for axis in range(shape.shape[0] - 2, -1, -1):
        at += (row % shape[axis]) * strides[axis]
        row //= shape[axis]
    return at

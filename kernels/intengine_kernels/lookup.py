"""Operators of one 8- or 16-bit input as tables."""

from intengine_kernels.jit import kernel


@kernel
def lookup(x, table, out):
    """out[i] = table[x[i]].

    Args:
        x: flat uint8 or uint16: the bits of the input. table: one entry for each bit pattern. out: the table's type.
    """
    for i in range(x.shape[0]):
        out[i] = table[x[i]]


@kernel
def lookup_rows(x, table, out):
    """out[r, i] = table[x[r, i]]; the rows of out may lie apart. x: uint8[rows, n]."""
    for r in range(x.shape[0]):
        for i in range(x.shape[1]):
            out[r, i] = table[x[r, i]]

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

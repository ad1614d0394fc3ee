"""Operators of one 8- or 16-bit input as tables."""

from intengine_kernels.isa import host_features
from intengine_kernels.isa.tables import LANES, lookup_blocks
from intengine_kernels.jit import chosen, inline, kernel


def _blocks_for(x, table, out):
    is_bytes = x.dtype.bitwidth == table.dtype.bitwidth == out.dtype.bitwidth == 8
    return _in_blocks if is_bytes and "avx512vbmi" in host_features() else _none


def _none(x, table, out):
    return 0


def _in_blocks(x, table, out):
    blocks = x.shape[0] // LANES
    lookup_blocks(x, table, out, blocks)
    return blocks * LANES


@chosen(_blocks_for)
def _blocks(x, table, out):
    """How many elements, from the first one on, are looked up many at a time."""
    return _none(x, table, out)


@inline
def _lookup(x, table, out):
    for i in range(_blocks(x, table, out), x.shape[0]):
        out[i] = table[x[i]]


@kernel
def lookup(x, table, out):
    """out[i] = table[x[i]].

    Args:
        x: flat uint8 or uint16: the bits of the input. table: one entry for each bit pattern. out: the table's type.
    """
    _lookup(x, table, out)


@kernel
def lookup_rows(x, table, out):
    """out[r, i] = table[x[r, i]]; the rows of out may lie apart. x: uint8[rows, n]."""
    for r in range(x.shape[0]):
        _lookup(x[r], table, out[r])

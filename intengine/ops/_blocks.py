"""Flat tensors in two parts: as many whole blocks as there are, and the rest, which LiteRT computes otherwise."""

from intengine.ops._operand import Operand
from intengine.step import Ref


def blocks_and_rest(size: int, block: int, *operands: Operand) -> tuple[tuple[Ref, ...], tuple[Ref, ...]]:
    """Flat views of `size` elements of each operand: the first size // block * block, and those that remain."""
    whole = size - size % block
    first = tuple(operand.strided((whole,), (1,)) for operand in operands)
    rest = tuple(operand.strided((size - whole,), (1,), whole) for operand in operands)
    return first, rest

"""Quantized sums and products of two rows as far as guesses prove them; plain loops prove none."""

from numba import types

from intengine_kernels.isa.lanes import LANES
from intengine_kernels.isa.pairs import guess_products, guess_sums
from intengine_kernels.jit import chosen, inline


def _none(isa, a, a_at, b, b_at, table, a_zero_point, b_zero_point, out, out_at, count):
    return 0


def _make(guess):
    def by_guess(isa, a, a_at, b, b_at, table, a_zero_point, b_zero_point, out, out_at, count):
        return guess(a, a_at, b, b_at, table, a_zero_point, b_zero_point, out, out_at, count)

    def choose(isa, *rest):
        return _none if isinstance(isa, types.NoneType) else by_guess

    @chosen(choose)
    def proven(isa, a, a_at, b, b_at, table, a_zero_point, b_zero_point, out, out_at, count):
        """Elements from the first on that are right, because a guess proves them: see `isa.pairs`."""
        return _none(isa, a, a_at, b, b_at, table, a_zero_point, b_zero_point, out, out_at, count)

    return proven


@inline
def plainly(isa, proven, count):
    """How many of `count` elements plain loops do behind so many proven ones: the one that was not, or a block.

    A block where not even the first one was proven, since then others are not, as a rule.
    """
    if isa is not None and count >= LANES and proven > 0:
        return 1
    return min(LANES, count)


proven_sums, proven_products = _make(guess_sums), _make(guess_products)

"""Where tensors live in one block of memory: two may share bytes if their lifetimes do not meet.

Two threads write the first and the second half of every tensor. Where tensors have the same middle, each of them finds
its part of the memory in its own cache, while memory that the other has written comes from far. So tensors are placed
around middles of others if that costs next to nothing.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

#: Every tensor starts at a multiple of this, so that vector loads are aligned.
ALIGNMENT = 64
#: Orders that are tried after the first two, until the arena is at most so many times as large as the lower bound.
_TRIES = 8
_ENOUGH = 1.02


@dataclass(frozen=True)
class Lifetime:
    """A tensor's bytes are needed from step `first` to step `last`, both included."""

    tensor: int
    size: int
    first: int
    last: int


def allocate(lifetimes: Iterable[Lifetime]) -> tuple[dict[int, int], int]:
    """Offsets for all tensors, each where it is free during the tensor's whole lifetime.

    Which tensor comes first decides how good that is. Tried are the largest first, and those of the most crowded
    steps first, both around middles that there are; then without; then, a few times, what lies at the top of the
    better arena before all others.

    Returns:
        tensor -> offset in bytes, and the size of the arena.
    """
    lives = list(lifetimes)
    least = lower_bound(lives)
    enough = _ENOUGH * least
    largest = sorted(lives, key=lambda life: (-life.size, life.first, life.tensor))
    crowded = _most_crowded_first(largest)
    for order in (largest, crowded):
        offsets, size = _place(order, enough)
        if size <= enough:
            return offsets, size
    order = largest
    offsets, size = _place(largest)
    found, reached = _place(crowded)
    if reached < size:
        offsets, size, order = found, reached, crowded
    for _ in range(_TRIES):
        if size <= enough:
            break
        # Of the order tried last, which is not always the best so far: that leads out of dead ends.
        top = {life.tensor for life in order if found[life.tensor] + life.size > least}
        order = [life for life in order if life.tensor in top] + [life for life in order if life.tensor not in top]
        found, reached = _place(order)
        if reached < size:
            offsets, size = found, reached
    return offsets, size


def _most_crowded_first(lives: Sequence[Lifetime]) -> list[Lifetime]:
    """By the greatest sum of sizes alive at a step of theirs; `lives` are ordered within the same step."""
    steps = sorted({step for life in lives for step in (life.first, life.last)})
    sums = {step: sum(life.size for life in lives if life.first <= step <= life.last) for step in steps}
    out: dict[int, Lifetime] = {}
    for step in sorted(steps, key=lambda step: -sums[step]):
        out.update((life.tensor, life) for life in lives if life.first <= step <= life.last and life.tensor not in out)
    return list(out.values())


def _place(order: Iterable[Lifetime], limit: float = 0) -> tuple[dict[int, int], int]:
    """Offsets and the arena's size: each tensor around the first middle where it is free, all of it below the limit.

    Else it lies in the lowest gap, and has a middle of its own.
    """
    offsets: dict[int, int] = {}
    placed: list[tuple[int, int, Lifetime]] = []
    middles: list[int] = []
    arena = 0
    for item in order:
        size = -(-item.size // ALIGNMENT) * ALIGNMENT
        busy = sorted(
            (begin, end) for begin, end, life in placed if life.first <= item.last and item.first <= life.last
        )
        around = ((middle - size // 2) // ALIGNMENT * ALIGNMENT for middle in middles)
        free = (at for at in around if at >= 0 and at + size <= limit and _is_free(at, at + size, busy))
        at = next(free, None)
        if at is None:
            at = _lowest_gap(size, busy)
            middles.append(at + size // 2)
        offsets[item.tensor] = at
        placed.append((at, at + size, item))
        arena = max(arena, at + size)
    return offsets, arena


def _is_free(begin: int, end: int, busy: Iterable[tuple[int, int]]) -> bool:
    return all(last <= begin or end <= first for first, last in busy)


def _lowest_gap(size: int, busy: Iterable[tuple[int, int]]) -> int:
    at = 0
    for begin, end in busy:
        if at + size <= begin:
            break
        at = max(at, end)
    return at


def lower_bound(lifetimes: Iterable[Lifetime]) -> int:
    """No arena can be smaller: the greatest sum of sizes alive at the same step."""
    change: dict[int, int] = {}
    for item in lifetimes:
        size = -(-item.size // ALIGNMENT) * ALIGNMENT
        change[item.first] = change.get(item.first, 0) + size
        change[item.last + 1] = change.get(item.last + 1, 0) - size
    peak = alive = 0
    for step in sorted(change):
        alive += change[step]
        peak = max(peak, alive)
    return peak

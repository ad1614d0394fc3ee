"""Where tensors live in one block of memory: two may share bytes if their lifetimes do not meet."""

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
    """Offsets for all tensors, each in the lowest gap that is free during its whole lifetime.

    Which tensor comes first decides how good that is. Tried are the largest first, and those of the most crowded
    steps first; then, a few times, what lies at the top of the better arena before all others.

    Returns:
        tensor -> offset in bytes, and the size of the arena.
    """
    lives = list(lifetimes)
    least = lower_bound(lives)
    enough = _ENOUGH * least
    largest = sorted(lives, key=lambda life: (-life.size, life.first, life.tensor))
    offsets, size = _place(largest)
    if size <= enough:
        return offsets, size
    order = largest
    crowded = _most_crowded_first(largest)
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


def _place(order: Iterable[Lifetime]) -> tuple[dict[int, int], int]:
    offsets: dict[int, int] = {}
    placed: list[tuple[int, int, Lifetime]] = []
    arena = 0
    for item in order:
        size = -(-item.size // ALIGNMENT) * ALIGNMENT
        at = 0
        busy = [(begin, end) for begin, end, life in placed if life.first <= item.last and item.first <= life.last]
        for begin, end in sorted(busy):
            if at + size <= begin:
                break
            at = max(at, end)
        offsets[item.tensor] = at
        placed.append((at, at + size, item))
        arena = max(arena, at + size)
    return offsets, arena


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

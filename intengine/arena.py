"""Where tensors live in one block of memory: two may share bytes if their lifetimes do not meet."""

from collections.abc import Iterable
from dataclasses import dataclass

#: Every tensor starts at a multiple of this, so that vector loads are aligned.
ALIGNMENT = 64


@dataclass(frozen=True)
class Lifetime:
    """A tensor's bytes are needed from step `first` to step `last`, both included."""

    tensor: int
    size: int
    first: int
    last: int


def allocate(lifetimes: Iterable[Lifetime]) -> tuple[dict[int, int], int]:
    """Offsets for all tensors, largest first into the lowest gap that is free during its whole lifetime.

    Returns:
        tensor -> offset in bytes, and the size of the arena.
    """
    offsets: dict[int, int] = {}
    placed: list[tuple[int, int, Lifetime]] = []
    arena = 0
    for item in sorted(lifetimes, key=lambda life: (-life.size, life.first, life.tensor)):
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

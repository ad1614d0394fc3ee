"""A binary heap that leaves equal entries in the order in which the C++ standard library LiteRT is built with does.

Source: libstdc++ bits/stl_heap.h, bits/stl_algo.h
"""

from collections.abc import Callable, Iterable
from typing import Generic, TypeVar

T = TypeVar("T")


class Heap(Generic[T]):
    """Entries of which the first is never below another.

    Args:
        below: whether an entry belongs below another; equal ones do not.
        entries: to begin with, in any order.
    """

    def __init__(self, below: Callable[[T, T], bool], entries: Iterable[T] = ()) -> None:
        self._below = below
        self.entries = list(entries)
        for parent in reversed(range(len(self.entries) // 2)):
            self._sink(parent, len(self.entries), self.entries[parent])

    def pop(self) -> T:
        first, last = self.entries[0], self.entries.pop()
        if self.entries:
            self._sink(0, len(self.entries), last)
        return first

    def replace(self, entry: T) -> None:
        """Drop the first entry for another."""
        self._sink(0, len(self.entries), entry)

    def ordered(self) -> list[T]:
        """All entries, those that belong below first in the list; empties the heap."""
        found: list[T] = []
        while self.entries:
            found.append(self.pop())
        return found[::-1]

    def _rise(self, hole: int, top: int, entry: T) -> None:
        while hole > top and self._below(self.entries[(hole - 1) // 2], entry):
            self.entries[hole] = self.entries[(hole - 1) // 2]
            hole = (hole - 1) // 2
        self.entries[hole] = entry

    def _sink(self, top: int, size: int, entry: T) -> None:
        """Move the hole down to a leaf, along the upper of two children (the second of equals), then the entry up."""
        hole = top
        while (child := 2 * hole + 2) < size:
            if self._below(self.entries[child], self.entries[child - 1]):
                child -= 1
            self.entries[hole] = self.entries[child]
            hole = child
        if child == size:
            self.entries[hole] = self.entries[child - 1]
            hole = child - 1
        self._rise(hole, top, entry)

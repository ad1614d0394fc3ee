"""Calls whose chunks go along with those of the call before.

Where each chunk of a call needs nothing of the call before but what the same chunk of that has made, threads do the two
one after the other: one thing less to take and to wait for, and what was just written is read while it is in cache.
"""

import itertools

import numpy as np
from intengine_kernels.run_loop import shares

from intengine.chunks import Cuts
from intengine.touching import Touched, joined, needs

#: A thread's share of a call may be larger by one part in so many than where the call leads itself.
_EVEN = 16


class Leader:
    """A call and those that follow it so far; None at first.

    Args:
        threads: that share calls.
    """

    def __init__(self, threads: int) -> None:
        self._threads = threads
        self.leave()

    _cuts: Cuts
    _touched: Touched | None

    def leave(self) -> None:
        """The next call follows nothing."""
        self._cuts, self._touched = (), None

    def lead(self, cuts: Cuts, touched: Touched) -> None:
        """The next call may follow this one."""
        self._cuts, self._touched = cuts, touched

    def cuts(self, own: Cuts, *, is_cut: bool, block: int = 1) -> Cuts | None:
        """Where a call is cut if it follows; None if it cannot, or better does not.

        Args:
            own: its cuts if it leads. is_cut: whether it can be cut elsewhere. block: rows that a cut must not divide.
        """
        if self._threads < 2 or len(own) > len(self._cuts):
            return None
        if not is_cut:
            return own if len(own) == len(self._cuts) == 1 else None
        (_, rows), (_, leaders) = own[-1], self._cuts[-1]
        edges = [0, *(rows * end for _, end in self._cuts)]
        if leaders == 0 or any(edge % leaders for edge in edges):
            return None
        cuts = [(begin // leaders, end // leaders) for begin, end in itertools.pairwise(edges)]
        if any(begin % block for begin, _ in cuts):
            return None
        if len(own) > 1 and _EVEN * self._share(cuts) > (_EVEN + 1) * self._share(own):
            return None
        return cuts

    def follow(self, touched: Touched) -> bool:
        """Whether a call cut so, which touches that, follows; if so, others may follow both."""
        assert self._touched is not None
        chunks = len(self._cuts)
        if (needs(self._touched, touched) & ~(1 << np.arange(chunks))).any():
            return False
        self._touched = joined(self._touched, touched)
        return True

    def _share(self, cuts: Cuts) -> int:
        """Rows of the thread that has most of them."""
        edges = shares(np.array([[0, 0, len(cuts), 0]]), self._threads)[:, 0]
        return max(cuts[end - 1][1] - cuts[begin][0] for begin, end in itertools.pairwise(edges) if end > begin)

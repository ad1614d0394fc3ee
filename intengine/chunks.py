"""Into which chunks threads divide the rows of a call."""

from collections.abc import Sequence
from itertools import pairwise

from intengine_kernels.run_loop import MOST_CHUNKS

#: The rows of each chunk, from begin to end, in order.
Cuts = Sequence[tuple[int, int]]

#: Multiply-accumulates of a thread's share, and of a chunk where a share is halved, at least: to take a chunk costs as
#: much as some thousand of them, and weights are read again for each.
_LEAST_SHARE = 20_000
_LEAST_CHUNK = 1_000_000
#: Shares may differ by one part in so many for the sake of whole units.
_EVEN = 16


def chunks_of(rows: int, unit: int, work: int, threads: int) -> Cuts:
    """The chunks of a call: one or two for each thread, or a single one if they cannot share.

    A thread takes its chunks one after the other, every second one from the end of its share, and then those that
    others have not begun.

    Args:
        rows: to divide. unit: of them, rows that are best done together. work: of all, in multiply-accumulates.
    """
    threads = min(threads, rows, MOST_CHUNKS)
    share = work // max(threads, 1)
    if threads < 2 or share < _LEAST_SHARE:
        return [(0, rows)]
    shares = list(pairwise([*(_edge(rows, unit, thread, threads) for thread in range(threads)), rows]))
    units = [(end - begin) // unit for begin, end in shares]
    if share < 2 * _LEAST_CHUNK or 2 * threads > MOST_CHUNKS or min(units) < 2:
        return shares
    edges = [0]
    for thread, ((begin, end), count) in enumerate(zip(shares, units, strict=True)):
        half = unit * (count - count // 2)
        edges += [end - half if thread & 1 else begin + half, end]
    return list(pairwise(edges))


def _edge(rows: int, unit: int, thread: int, threads: int) -> int:
    """Where a thread's share begins: at a whole unit, unless that would make shares too uneven."""
    units = round(rows * thread / (threads * unit))
    is_even = abs(units * unit * threads - rows * thread) * _EVEN <= rows
    return min(units * unit, rows) if is_even else rows * thread // threads

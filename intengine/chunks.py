"""Into which chunks threads divide the rows of a call."""

from itertools import pairwise

#: Multiply-accumulates of a chunk, at least: to take one costs as much as some thousand of them.
_LEAST_WORK = 100_000
#: Chunks of a call for each thread, at most.
_MOST_CHUNKS = 5
#: Shares may differ by one part in so many for the sake of whole units.
_EVEN = 16


def chunks_of(rows: int, unit: int, work: int, threads: int) -> list[tuple[int, int]]:
    """[begin, end) of each chunk, in order: as many for each thread, or a single one if they cannot share.

    A thread takes its chunks one after the other, and then those that others have not begun. Each is half of what is
    left of the share, so that there are few, and yet the last ones, for which the others may have to wait, are short.

    Args:
        rows: to divide. unit: of them, rows that are best done together. work: of all, in multiply-accumulates.
    """
    threads = min(threads, rows)
    count = min(_MOST_CHUNKS, (work // (threads * _LEAST_WORK)).bit_length()) if threads > 1 else 0
    if count == 0:
        return [(0, rows)]
    edges = [_edge(rows, unit, thread, threads) for thread in range(threads + 1)]
    units = min(-(-(end - begin) // unit) for begin, end in pairwise(edges))
    cuts = []
    for begin, end in pairwise(edges):
        cuts.append(begin)
        for _ in range(min(count, units.bit_length()) - 1):
            left = -(-(end - cuts[-1]) // unit)
            cuts.append(cuts[-1] + unit * (left - left // 2))
    return list(pairwise([*cuts, rows]))


def _edge(rows: int, unit: int, thread: int, threads: int) -> int:
    """Where a thread's share begins: at a whole unit, unless that would make shares too uneven."""
    units = round(rows * thread / (threads * unit))
    is_even = abs(units * unit * threads - rows * thread) * _EVEN <= rows
    return min(units * unit, rows) if is_even else rows * thread // threads

"""Into which chunks threads divide the rows of a call."""

from itertools import pairwise

from intengine_kernels.run_loop import MOST_CHUNKS

#: Multiply-accumulates of a thread's share, and of a chunk where a share is cut, at least: to take a chunk costs as
#: much as some thousand of them.
_LEAST_SHARE = 20_000
_LEAST_CHUNK = 100_000
#: Chunks of a call for each thread, at most.
_MOST_CHUNKS = 3
#: Shares may differ by one part in so many for the sake of whole units.
_EVEN = 16


def chunks_of(rows: int, unit: int, work: int, threads: int) -> list[tuple[int, int]]:
    """[begin, end) of each chunk, in order: as many for each thread, or a single one if they cannot share.

    A thread takes its chunks one after the other, every second one from the end of its share, and then those that
    others have not begun. Each is half of what is left of the share, so that there are few, and yet the last ones, for
    which the others may have to wait, are short.

    Args:
        rows: to divide. unit: of them, rows that are best done together. work: of all, in multiply-accumulates.
    """
    threads = min(threads, rows, MOST_CHUNKS)
    share = work // max(threads, 1)
    if threads < 2 or share < _LEAST_SHARE:
        return [(0, rows)]
    count = min(_MOST_CHUNKS, MOST_CHUNKS // threads, 1 + (share // (2 * _LEAST_CHUNK)).bit_length())
    edges = [_edge(rows, unit, thread, threads) for thread in range(threads + 1)]
    units = min(-(-(end - begin) // unit) for begin, end in pairwise(edges))
    cuts = []
    for thread, (begin, end) in enumerate(pairwise(edges)):
        at = [0]
        for _ in range(min(count, units.bit_length()) - 1):
            left = -(-(end - begin - at[-1]) // unit)
            at.append(at[-1] + unit * (left - left // 2))
        cuts += [begin, *(end - some for some in at[:0:-1])] if thread & 1 else [begin + some for some in at]
    return list(pairwise([*cuts, rows]))


def _edge(rows: int, unit: int, thread: int, threads: int) -> int:
    """Where a thread's share begins: at a whole unit, unless that would make shares too uneven."""
    units = round(rows * thread / (threads * unit))
    is_even = abs(units * unit * threads - rows * thread) * _EVEN <= rows
    return min(units * unit, rows) if is_even else rows * thread // threads

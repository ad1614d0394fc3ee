"""How rows are divided among threads."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st
from intengine_kernels.run_loop import MOST_CHUNKS

from intengine.chunks import chunks_of

MUCH = 10**9


def sizes(rows: int, unit: int, work: int, threads: int) -> list[int]:
    return [end - begin for begin, end in chunks_of(rows, unit, work, threads)]


def test_great_shares_are_halved() -> None:
    assert sizes(128, 1, MUCH, 2) == [32, 32, 32, 32]
    assert sizes(24, 1, MUCH, 3) == [4, 4, 4, 4, 4, 4]
    assert sizes(24, 1, 3_999_999, 2) == [12, 12]
    assert sizes(24, 1, 4_000_000, 2) == [6, 6, 6, 6]


def test_shares_are_even_though_units_are_not() -> None:
    assert sizes(14, 2, MUCH, 2) == [4, 3, 3, 4]
    assert sizes(49, 12, MUCH, 2) == [12, 12, 13, 12]
    assert sizes(3136, 12, MUCH, 2) == [792, 780, 784, 780]


def test_little_work_is_not_shared() -> None:
    assert sizes(100, 1, 0, 2) == [100]
    assert sizes(100, 1, 39_999, 2) == [100]
    assert sizes(100, 1, 40_000, 2) == [50, 50]
    assert sizes(100, 1, MUCH, 1) == [100]


@given(st.integers(1, 300), st.integers(1, 70), st.integers(0, 10**8), st.integers(1, 100))
def test_every_row_is_in_one_chunk_and_every_thread_has_as_many(rows: int, unit: int, work: int, threads: int) -> None:
    chunks = chunks_of(rows, unit, work, threads)
    assert (chunks[0][0], chunks[-1][1]) == (0, rows)
    assert all(begin < end for begin, end in chunks)
    assert all(one[1] == following[0] for one, following in pairwise(chunks))
    assert len(chunks) == 1 or len(chunks) % min(threads, rows, MOST_CHUNKS) == 0
    assert len(chunks) <= MOST_CHUNKS

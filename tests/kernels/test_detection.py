"""Pieces of the detector's kernel: partial sorts in the order of C++'s heap, best scores, boxes that are no boxes."""

from collections.abc import Callable
from typing import Any

import numpy as np
from intengine_kernels.detection import all_ordered, best_scores
from intengine_kernels.heap import partial_sort

from tests.kernels._both import both_ways
from tests.spec.heap import Heap

RNG = np.random.default_rng(0)


@both_ways(partial_sort)
def test_partial_sorts_leave_equal_keys_as_the_heap_does(run: Callable[..., Any]) -> None:
    for size in (1, 2, 3, 7, 20):
        for count in range(1, size + 1):
            keys = RNG.integers(0, 4, size).astype(np.float32)
            heap = Heap[int](lambda a, b, keys=keys: bool(keys[a] > keys[b]), range(count))  # type: ignore[misc]
            for place in range(count, size):
                if keys[place] > keys[heap.entries[0]]:
                    heap.replace(place)
            order = np.empty(count, np.int64)
            run(keys, order)
            assert order.tolist() == heap.ordered()


@both_ways(best_scores)
def test_the_best_score_of_a_row_is_the_maximum_or_nan(run: Callable[..., Any]) -> None:
    scores = RNG.standard_normal((40, 9)).astype(np.float32)
    scores[0, 3], scores[1, 8], scores[2, 5], scores[3] = np.nan, -np.nan, np.inf, -np.inf
    scores[4, 0] = np.nan  # the background's, which does not count
    best = np.empty(40, np.float32)
    for rows in ((0, 17), (17, 40)):
        run(scores, 1, *rows, best)
    with np.errstate(invalid="ignore"):
        assert np.array_equal(best, scores[:, 1:].max(axis=1), equal_nan=True)


@both_ways(all_ordered)
def test_a_box_ends_before_its_start_only_with_a_negative_size(run: Callable[..., Any]) -> None:
    codes, scales = np.zeros((2, 4), np.float32), np.ones(4, np.float32)
    anchors = np.array([[0, 0, 1, 1], [0, 0, 0, 2]], np.float32)
    assert run(codes, anchors, scales, np.empty(4, np.float32))
    anchors[1, 2] = -1
    assert not run(codes, anchors, scales, np.empty(4, np.float32))
    codes[1, 2] = -1e9  # a size that underflows to nothing
    assert run(codes, anchors, scales, np.empty(4, np.float32))

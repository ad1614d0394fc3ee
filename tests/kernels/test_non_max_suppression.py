"""Non-maximum suppression, compiled and not, against exact fractions."""

import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from intengine_kernels.non_max_suppression import non_max_suppression

from tests.kernels._both import both_ways
from tests.spec.non_max_suppression import overlap, select


def suppressed(
    run: Callable[..., Any], boxes: Any, scores: Any, limit: float, floor: float, sigma: float, most: int
) -> tuple[list[int], list[float]]:
    count = len(scores)
    queue = np.empty(count, np.float32), np.empty(count, np.int32), np.empty(count, np.int32)
    out = np.full(most, -1, np.int32), np.full(most, -1, np.float32), np.zeros(1, np.int32)
    limits = (np.array([value], np.float32) for value in (limit, floor, sigma))
    run(np.asarray(boxes, np.float32), np.asarray(scores, np.float32), *limits, *queue, *out)
    selected = int(out[2][0])
    assert not out[0][selected:].any()
    assert not out[1][selected:].any()
    return out[0][:selected].tolist(), out[1][:selected].tolist()


@both_ways(non_max_suppression)
@pytest.mark.parametrize("limit", [Fraction(1, 8), Fraction(1, 4), Fraction(1, 2), Fraction(1)])
def test_selects_what_exact_fractions_select(run: Callable[..., Any], limit: Fraction) -> None:
    rng = np.random.default_rng(6)
    for count in (1, 2, 7, 30):
        boxes = rng.integers(0, 6, (count, 4))
        scores = rng.permutation(count)
        found, values = suppressed(run, boxes, scores, float(limit), 2.0, 0.0, 20)
        assert found == select(boxes.tolist(), scores.tolist(), limit, 2, 20)
        assert values == scores[found].tolist()


@both_ways(non_max_suppression)
def test_candidates_come_in_descending_order(run: Callable[..., Any]) -> None:
    rng = np.random.default_rng(7)
    corners = np.arange(50)[:, np.newaxis] * 2 + [0, 0, 1, 1]
    scores = rng.random(50).astype(np.float32)
    assert suppressed(run, corners, scores, 0.5, 0.0, 0.0, 50)[0] == np.argsort(-scores).tolist()


@both_ways(non_max_suppression)
def test_an_overlap_lowers_the_score_softly(run: Callable[..., Any]) -> None:
    boxes = [[0, 0, 4, 4], [0, 1, 4, 5], [9, 9, 10, 10]]
    found, values = suppressed(run, boxes, [1.0, 0.9, 0.8], 0.9, 0.0, 0.5, 3)
    shared = float(overlap(boxes[0], boxes[1]))
    assert found == [0, 2, 1]
    np.testing.assert_allclose(values, [1.0, 0.8, 0.9 * math.exp(-shared * shared / (2 * 0.5))], rtol=1e-6)


@both_ways(non_max_suppression)
def test_nothing_is_selected_from_nothing(run: Callable[..., Any]) -> None:
    assert suppressed(run, np.zeros((0, 4)), [], 0.5, 0.0, 0.0, 3) == ([], [])
    assert suppressed(run, [[0, 0, 1, 1]], [0.5], 0.5, 0.5, 0.0, 3) == ([], [])

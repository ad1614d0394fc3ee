"""Hard non-maximum suppression in exact fractions."""

from collections.abc import Sequence
from fractions import Fraction

Box = Sequence[int]


def overlap(a: Box, b: Box) -> Fraction:
    """Intersection over union; 0 where a box has no area."""
    tops, bottoms = [min(x[0], x[2]) for x in (a, b)], [max(x[0], x[2]) for x in (a, b)]
    lefts, rights = [min(x[1], x[3]) for x in (a, b)], [max(x[1], x[3]) for x in (a, b)]
    areas = [(bottoms[i] - tops[i]) * (rights[i] - lefts[i]) for i in range(2)]
    if min(areas) <= 0:
        return Fraction(0)
    inside = max(min(bottoms) - max(tops), 0) * max(min(rights) - max(lefts), 0)
    return Fraction(inside, sum(areas) - inside)


def select(boxes: Sequence[Box], scores: Sequence[int], limit: Fraction, floor: int, most: int) -> list[int]:
    """Boxes by descending score, each score different, that no better selected box overlaps by `limit` or more.

    A box without area overlaps nothing, not even itself: once reached it is selected again and again.
    """
    chosen: list[int] = []
    candidates = sorted((i for i in range(len(boxes)) if scores[i] > floor), key=lambda i: -scores[i])
    most = min(most, len(candidates))
    for i in candidates:
        if all(overlap(boxes[i], boxes[j]) < limit for j in chosen) and len(chosen) < most:
            chosen.append(i)
            if overlap(boxes[i], boxes[i]) < limit:
                return chosen + [i] * (most - len(chosen))
    return chosen

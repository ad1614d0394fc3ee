"""Non-maximum suppression: the best boxes that do not overlap much, best first; soft or hard."""

import numpy as np

from intengine_kernels.jit import inline, kernel
from intengine_kernels.libm.exp import expf

_ZERO = np.float32(0)


@inline
def _least(a, b):
    return b if b < a else a


@inline
def _greatest(a, b):
    return b if a < b else a


@inline
def _overlap(boxes, i, j):
    """Intersection over union of two boxes, float32; 0 where a box has no area. boxes: float32[n, 4], y x y x."""
    top_i, bottom_i = _least(boxes[i, 0], boxes[i, 2]), _greatest(boxes[i, 0], boxes[i, 2])
    left_i, right_i = _least(boxes[i, 1], boxes[i, 3]), _greatest(boxes[i, 1], boxes[i, 3])
    top_j, bottom_j = _least(boxes[j, 0], boxes[j, 2]), _greatest(boxes[j, 0], boxes[j, 2])
    left_j, right_j = _least(boxes[j, 1], boxes[j, 3]), _greatest(boxes[j, 1], boxes[j, 3])
    area_i = np.float32(np.float32(bottom_i - top_i) * np.float32(right_i - left_i))
    area_j = np.float32(np.float32(bottom_j - top_j) * np.float32(right_j - left_j))
    if area_i <= _ZERO or area_j <= _ZERO:
        return _ZERO
    height = _greatest(np.float32(_least(bottom_i, bottom_j) - _greatest(top_i, top_j)), _ZERO)
    width = _greatest(np.float32(_least(right_i, right_j) - _greatest(left_i, left_j)), _ZERO)
    inside = np.float32(height * width)
    union = np.float32(np.float32(area_i + area_j) - inside)
    return _ZERO if union == _ZERO else np.float32(inside / union)


@inline
def _push(score, box, begin, hole, queue_score, queue_box, queue_begin):
    """Put a candidate where its score belongs above `hole` of a heap."""
    while hole > 0:
        parent = (hole - 1) >> 1
        if not queue_score[parent] < score:
            break
        queue_score[hole], queue_box[hole] = queue_score[parent], queue_box[parent]
        queue_begin[hole] = queue_begin[parent]
        hole = parent
    queue_score[hole], queue_box[hole], queue_begin[hole] = score, box, begin


@inline
def _remove_best(size, queue_score, queue_box, queue_begin):
    """Close the gap at the top of a heap of `size`: the greater children rise, of equal ones the second.

    The last candidate then goes into the hole at the bottom and up from there.
    """
    last = size - 1
    hole = child = 0
    while child < (last - 1) // 2:
        child = 2 * child + 2
        if queue_score[child] < queue_score[child - 1]:
            child -= 1
        queue_score[hole], queue_box[hole] = queue_score[child], queue_box[child]
        queue_begin[hole] = queue_begin[child]
        hole = child
    if last & 1 == 0 and last > 0 and child == (last - 2) // 2:
        child = 2 * child + 1
        queue_score[hole], queue_box[hole] = queue_score[child], queue_box[child]
        queue_begin[hole] = queue_begin[child]
        hole = child
    _push(queue_score[last], queue_box[last], queue_begin[last], hole, queue_score, queue_box, queue_begin)


@kernel
def non_max_suppression(
    boxes, scores, iou_limit, score_limit, sigma, queue_score, queue_box, queue_begin, out_box, out_score, out_count
):
    """Select boxes by score; one whose overlap with a selected box is iou_limit or more is dropped.

    With sigma > 0 an overlap also multiplies the score by exp(-overlap^2 / (2 sigma)), once for each selected box, and
    the candidate waits again. What is not selected stays 0.

    Args:
        boxes: float32[n, 4]. scores: float32[n]. iou_limit, score_limit, sigma: float32[1].
        queue_score: float32[n], queue_box, queue_begin: int32[n], work space.
        out_box: int32[m], out_score: float32[m], out_count: int32[1].

    Source: tflite/kernels/internal/reference/non_max_suppression.h
    """
    limit, floor, spread = iou_limit[0], score_limit[0], sigma[0]
    scale = np.float32(np.float32(-0.5) / spread) if spread > _ZERO else _ZERO
    size = 0
    for i in range(scores.shape[0]):
        if scores[i] > floor:
            _push(scores[i], np.int32(i), np.int32(0), size, queue_score, queue_box, queue_begin)
            size += 1
    out_box[:] = 0
    out_score[:] = 0
    most = min(size, out_box.shape[0])
    count = 0
    while count < most and size > 0:
        score, box, begin = queue_score[0], queue_box[0], queue_begin[0]
        _remove_best(size, queue_score, queue_box, queue_begin)
        size -= 1
        first_score = score
        is_dropped = False
        for j in range(count - 1, begin - 1, -1):
            overlap = _overlap(boxes, box, out_box[j])
            if overlap >= limit:
                is_dropped = True
                break
            if spread > _ZERO:
                score = np.float32(score * expf(np.float32(np.float32(scale * overlap) * overlap)))
            if score <= floor:
                break
        if is_dropped:
            continue
        begin = np.int32(count)
        if score == first_score:
            out_box[count], out_score[count] = box, score
            count += 1
        if score > floor:
            _push(score, box, begin, size, queue_score, queue_box, queue_begin)
            size += 1
    out_count[0] = count

"""Detections of a single-shot detector: boxes decoded from anchors, and the best of those that overlap.

A box is decoded when its turn comes: of thousands, suppression looks at a few hundred.
"""

import numpy as np

from intengine_kernels.heap import partial_sort
from intengine_kernels.jit import inline, kernel, subroutine
from intengine_kernels.libm.exp import exp


@subroutine
def decode_box(codes, anchors, scales, n, box):
    """Centre and size relative to an anchor -> corners; float64 inside, stored as float32.

    Args:
        codes: float32[N, K], anchors: float32[N, A], (y, x, h, w) first. scales: float32[4], of y, x, h, w.
        box: float32[4], (ymin, xmin, ymax, xmax), written.

    Source: tflite/kernels/detection_postprocess.cc
    """
    for axis in range(2):
        size = np.float64(anchors[n, axis + 2])
        shift = np.float64(codes[n, axis]) / np.float64(scales[axis])
        centre = np.float32(shift * size + np.float64(anchors[n, axis]))
        stretch = exp(np.float64(codes[n, axis + 2]) / np.float64(scales[axis + 2]))
        half = np.float32(0.5 * stretch * size)
        box[axis] = np.float32(centre - half)
        box[axis + 2] = np.float32(centre + half)


@inline
def overlap(a, b):
    """Intersection over union of two boxes, float32."""
    zero = np.float32(0.0)
    area_a = np.float32(np.float32(a[2] - a[0]) * np.float32(a[3] - a[1]))
    area_b = np.float32(np.float32(b[2] - b[0]) * np.float32(b[3] - b[1]))
    if area_a <= zero or area_b <= zero:
        return zero
    height = max(np.float32(min(a[2], b[2]) - max(a[0], b[0])), zero)
    width = max(np.float32(min(a[3], b[3]) - max(a[1], b[1])), zero)
    shared = np.float32(height * width)
    return np.float32(shared / np.float32(np.float32(area_a + area_b) - shared))


@kernel
def dequantize_rows(x, scale, zero_point, whole, out):
    """out = x * scale + (-zero_point * scale) of the first `whole` elements, (x - zero_point) * scale of the others.

    Args: x: uint8[N, C]. scale, zero_point: float32. out: float32[N, C].
    """
    x, out = x.reshape(-1), out.reshape(-1)
    bias = np.float32(-zero_point * scale)
    for i in range(whole):
        out[i] = np.float32(np.float32(np.float32(x[i]) * scale) + bias)
    for i in range(whole, x.shape[0]):
        out[i] = np.float32(np.float32(np.float32(x[i]) - zero_point) * scale)


@subroutine
def all_ordered(codes, anchors, scales, box):
    """Whether no box ends before its start, which only one of a negative size can; box: float32[4], scratch."""
    for n in range(codes.shape[0]):
        if anchors[n, 2] < 0 or anchors[n, 3] < 0:
            decode_box(codes, anchors, scales, n, box)
            if box[0] > box[2] or box[1] > box[3]:
                return False
    return True


@kernel
def best_scores(scores, first, row_begin, row_end, best):
    """best[n] = the greatest of scores[n, first:], NaN if one is NaN. scores: float32[N, C]. best: float32[N].

    Only of rows row_begin to row_end - 1.
    """
    bits, found = scores.view(np.int32), best.view(np.int32)
    magnitude = np.int32(0x7FFFFFFF)
    for n in range(row_begin, row_end):
        row = bits[n, first:]
        most, widest = np.int32(-(2**31)), np.int32(0)
        for c in range(row.shape[0]):
            # As integers in this form floats keep their order; the greatest magnitude tells whether one is NaN.
            most = max(most, np.int32(row[c] ^ ((row[c] >> np.int32(31)) & magnitude)))
            widest = max(widest, np.int32(row[c] & magnitude))
        value = np.int32(most ^ ((most >> np.int32(31)) & magnitude))
        found[n] = widest if widest > np.int32(0x7F800000) else value


@inline
def _sink(scores, entries, hole, size):
    """Let the entry at `hole` sink below better ones: greater scores, and of equal ones the first."""
    entry = entries[hole]
    while 2 * hole + 1 < size:
        child = 2 * hole + 1
        if child + 1 < size and _is_better(scores, entries[child + 1], entries[child]):
            child += 1
        if not _is_better(scores, entries[child], entry):
            break
        entries[hole] = entries[child]
        hole = child
    entries[hole] = entry


@inline
def _is_better(scores, a, b):
    return scores[a] > scores[b] or (scores[a] == scores[b] and a < b)


@subroutine
def take(codes, anchors, scales, scores, least, threshold, most, entries, decoded, boxes, chosen):
    """Boxes by falling score, each that overlaps none taken before by more than the threshold.

    Args:
        scores: float32[N]; those below `least`, and NaN, have no part. threshold: float32. most: of the taken.
        entries: scratch int64[N]. decoded: bool[N], which of `boxes` are written: float32[N, 4].
        chosen: int64[most], places of the taken, written from the start.

    Returns:
        How many were taken.

    Source: tflite/kernels/detection_postprocess.cc
    """
    size = 0
    for n in range(scores.shape[0]):
        if scores[n] >= least:
            entries[size] = n
            size += 1
    for hole in range(size // 2 - 1, -1, -1):
        _sink(scores, entries, hole, size)
    count = 0
    while size > 0 and count < most:
        n = entries[0]
        size -= 1
        entries[0] = entries[size]
        _sink(scores, entries, 0, size)
        if not decoded[n]:
            decode_box(codes, anchors, scales, n, boxes[n])
            decoded[n] = True
        is_free = True
        for k in range(count):
            if overlap(boxes[chosen[k]], boxes[n]) > threshold:
                is_free = False
                break
        if is_free:
            chosen[count] = n
            count += 1
    return count


@kernel
def detect_fast(
    codes, scores, anchors, scales, classes, least, threshold,
    best, entries, decoded, boxes, chosen, order, finding, boxes_out, classes_out, scores_out, count_out,
):  # fmt: skip
    """Suppression by the best class of each box, then several classes of each that is taken.

    Args:
        codes, scores, anchors: float32[N, ...]; the last `classes` columns of scores count.
        least, threshold: float32. best: float32[N], as `best_scores` gives it. order: scratch int64[classes of a box].
        chosen: scratch int64[most boxes]. The rest as in `take`.
        boxes_out: float32[R, 4], classes_out, scores_out: float32[R]; rows behind the last detection become 0.
        finding: int64[4]; the first is 1 if a box does not end behind its start, and nothing else is written.
        count_out: float32[1], the number of boxes taken.
    """
    if not all_ordered(codes, anchors, scales, boxes[0]):
        finding[0] = 1
        return
    first = scores.shape[1] - classes
    decoded[:] = False
    count = take(codes, anchors, scales, best, least, threshold, chosen.shape[0], entries, decoded, boxes, chosen)
    boxes_out[:] = np.float32(0)
    classes_out[:] = np.float32(0)
    scores_out[:] = np.float32(0)
    row = 0
    for k in range(count):
        keys = scores[chosen[k], first:]
        if order.shape[0] == 1:
            # The first of equal classes, where the heap has another.
            order[0] = 0
            for c in range(1, classes):
                order[0] = c if keys[c] > keys[order[0]] else order[0]
        else:
            partial_sort(keys, order)
        for i in range(order.shape[0]):
            for axis in range(4):
                boxes_out[row, axis] = boxes[chosen[k], axis]
            classes_out[row], scores_out[row] = np.float32(order[i]), keys[order[i]]
            row += 1
    count_out[0] = np.float32(count)


@kernel
def detect_regular(
    codes, scores, anchors, scales, classes, per_class, least, threshold,
    best, entries, decoded, boxes, chosen, order, finding, boxes_out, classes_out, scores_out, count_out,
):  # fmt: skip
    """Suppression in each class, at most `per_class` boxes of each, and the best of all classes.

    Args: as for `detect_fast`; best: scratch float32[N]; order: scratch int64[most], the detections' boxes.
    """
    if not all_ordered(codes, anchors, scales, boxes[0]):
        finding[0] = 1
        return
    decoded[:] = False
    boxes_out[:] = np.float32(0)
    classes_out[:] = np.float32(0)
    scores_out[:] = np.float32(0)
    total, most = 0, order.shape[0]
    for c in range(classes):
        for n in range(scores.shape[0]):
            best[n] = scores[n, scores.shape[1] - classes + c]
        count = take(codes, anchors, scales, best, least, threshold, per_class, entries, decoded, boxes, chosen)
        for k in range(count):
            score = best[chosen[k]]
            if total == most and not score > scores_out[most - 1]:
                break
            # Behind all that are as good; what is too much falls off the end.
            row = min(total, most - 1)
            while row > 0 and scores_out[row - 1] < score:
                order[row], scores_out[row], classes_out[row] = (
                    order[row - 1],
                    scores_out[row - 1],
                    classes_out[row - 1],
                )
                row -= 1
            order[row], scores_out[row], classes_out[row] = chosen[k], score, np.float32(c)
            total = min(total + 1, most)
    for row in range(total):
        for axis in range(4):
            boxes_out[row, axis] = boxes[order[row], axis]
    count_out[0] = np.float32(total)

"""Boxes of detectors: decoded from anchors, and the best of those that overlap."""

import numpy as np

from intengine_kernels.jit import inline, kernel
from intengine_kernels.libm.exp import exp


@kernel
def decode_boxes(codes, anchors, scales, boxes):
    """Centre and size relative to anchors -> corners; float64 inside, stored as float32.

    Args:
        codes: float32[N, K], (y, x, h, w) first. anchors: float32[N, A], (y, x, h, w) first.
        scales: float32[4], of y, x, h, w.
        boxes: float32[N, 4], (ymin, xmin, ymax, xmax), written.

    Source: tflite/kernels/detection_postprocess.cc
    """
    for n in range(boxes.shape[0]):
        for axis in range(2):
            size = np.float64(anchors[n, axis + 2])
            shift = np.float64(codes[n, axis]) / np.float64(scales[axis])
            centre = np.float32(shift * size + np.float64(anchors[n, axis]))
            stretch = exp(np.float64(codes[n, axis + 2]) / np.float64(scales[axis + 2]))
            half = np.float32(0.5 * stretch * size)
            boxes[n, axis] = np.float32(centre - half)
            boxes[n, axis + 2] = np.float32(centre + half)


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
def suppress(boxes, order, threshold, alive, chosen):
    """Take boxes in order, each that overlaps none taken before by more than the threshold.

    Args:
        boxes: float32[N, 4]. order: int64[M], places in boxes, best first. threshold: float.
        alive: scratch bool[M].
        chosen: int64[most], written from the start.

    Returns:
        How many were taken.

    Source: tflite/kernels/detection_postprocess.cc
    """
    threshold = np.float32(threshold)
    alive[:] = True
    count = 0
    for i in range(order.shape[0]):
        if count >= chosen.shape[0]:
            break
        if not alive[i]:
            continue
        chosen[count] = order[i]
        count += 1
        for j in range(i + 1, order.shape[0]):
            if alive[j] and overlap(boxes[order[i]], boxes[order[j]]) > threshold:
                alive[j] = False
    return count

"""Numbers divided by the size of their neighbours, float32, rounded at each step."""

import math

import numpy as np

from intengine_kernels.jit import kernel
from intengine_kernels.libm.power import pow


@kernel
def l2_normalize(x, out):
    """out[row] = x[row] / max(|x[row]|, 1e-6). x, out: float32[rows, depth].

    Source: tflite/kernels/internal/reference/l2normalization.h
    """
    for row in range(x.shape[0]):
        total = np.float32(0.0)
        for c in range(x.shape[1]):
            total = np.float32(total + np.float32(x[row, c] * x[row, c]))
        norm = max(np.float32(math.sqrt(total)), np.float32(1e-6))
        for c in range(x.shape[1]):
            out[row, c] = np.float32(x[row, c] / norm)


@kernel
def normalize_locally(x, radius, bias, alpha, beta, out):
    """out[c] = x[c] * (bias + alpha * sum of squares from c - radius to c + radius) ** -beta.

    The element at c + radius does not count, as LiteRT has it. The power is float64, rounded to float32.

    Args: x, out: float32[rows, depth].

    Source: tflite/kernels/internal/reference/reference_ops.h
    """
    bias, alpha, beta = np.float64(bias), np.float64(alpha), np.float64(beta)
    depth = x.shape[1]
    for row in range(x.shape[0]):
        for c in range(depth):
            total = np.float32(0.0)
            for k in range(max(0, c - radius), min(depth, c + radius)):
                total = np.float32(total + np.float32(x[row, k] * x[row, k]))
            scale = np.float32(pow(bias + alpha * np.float64(total), -beta))
            out[row, c] = np.float32(x[row, c] * scale)


@kernel
def l2_pool(x, kh, kw, stride_h, stride_w, pad_h, pad_w, lo, hi, out):
    """out = sqrt(mean of squares over the window's part inside the image), within lo..hi. x, out: float32 NHWC.

    Source: tflite/kernels/internal/reference/reference_ops.h
    """
    lo, hi = np.float32(lo), np.float32(hi)
    batches, out_h, out_w, channels = out.shape
    for b in range(batches):
        for out_y in range(out_h):
            for out_x in range(out_w):
                top, left = out_y * stride_h - pad_h, out_x * stride_w - pad_w
                for c in range(channels):
                    total, count = np.float32(0.0), 0
                    for y in range(max(top, 0), min(top + kh, x.shape[1])):
                        for column in range(max(left, 0), min(left + kw, x.shape[2])):
                            total = np.float32(total + np.float32(x[b, y, column, c] * x[b, y, column, c]))
                            count += 1
                    value = np.float32(math.sqrt(np.float32(total / np.float32(count))))
                    value = lo if value < lo else value
                    out[b, out_y, out_x, c] = hi if hi < value else value

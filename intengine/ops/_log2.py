"""Whether a scale is a power of two, as LiteRT asks it."""

import numpy as np
from intengine_kernels.libm.log import logf


def near_log2(scale: np.float32) -> int | None:
    """k where log(scale) / log(2), in float32, lies within a thousandth of the integer k; None elsewhere.

    Source: tflite/kernels/kernel_util.cc
    """
    log2 = np.float32(logf(scale) * (np.float32(1) / logf(np.float32(2))))
    nearest = np.rint(log2)
    return int(nearest) if abs(log2 - nearest) < np.float32(1e-3) else None

"""The activation of a plain recurrent network."""

import numpy as np

from intengine_kernels.eigen import tanh
from intengine_kernels.jit import kernel


@kernel
def rnn_activate(acc, is_tanh, lo, hi, state):
    """state = tanh(acc), or acc within lo..hi. acc, state: float32[B, U].

    Source: tflite/kernels/internal/kernel_utils.cc
    """
    lo, hi = np.float32(lo), np.float32(hi)
    for b in range(state.shape[0]):
        for u in range(state.shape[1]):
            value = acc[b, u]
            if is_tanh:
                value = tanh(value)
            value = lo if value < lo else value
            state[b, u] = hi if hi < value else value

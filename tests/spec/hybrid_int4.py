"""FULLY_CONNECTED of float32 with packed int4 weights, byte by byte and in float32 steps.

Transcribed from the formulas of LiteRT on x86; nothing is shared with the engine.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tests.spec.fixedpoint import half_away

F32 = np.float32
BLOCK = 32


def _shifted_words(octets: Sequence[int]) -> list[int]:
    """Bytes as little-endian 16-bit words, each shifted left by 4 within 16 bits."""
    out = []
    for lo, hi in zip(octets[0::2], octets[1::2], strict=True):
        word = ((hi << 8 | lo) << 4) & 0xFFFF
        out += [word & 0xFF, word >> 8]
    return out


def _whole(octets: list[int]) -> list[int]:
    """16 bytes -> 8: the first half's in the high nibbles, the second half's in the low ones."""
    return [a | b for a, b in zip(_shifted_words(octets)[:8], octets[8:], strict=True)]


def _part(octets: list[int]) -> list[int]:
    """The same for less than 16 bytes; what is missing stands for a weight of 0."""
    padded = octets + [7] * (16 - len(octets))
    return [(a << 4 | b) & 0xFF for a, b in zip(padded[:8], padded[8:], strict=True)]


def nibbles(row: Sequence[int]) -> list[int]:
    """What is multiplied in place of each weight + 7 of one row."""
    found = []
    for at in range(0, len(row), BLOCK):
        block = row[at : at + BLOCK]
        result = [0] * BLOCK
        for parity in (0, 1):
            octets = [(w + 7) & 0xFF for w in block[parity::2]]
            joined = _whole(octets) if len(octets) == 16 else _part(octets)
            for j, value in enumerate(joined):
                result[2 * j + parity] = value >> 4
                result[2 * (j + 8) + parity] = value & 15
        found += result[: len(block)]
    return found


@np.errstate(all="ignore")
def quantize(x: NDArray[np.float32]) -> tuple[list[int], np.float32]:
    """(q, scale) of one row."""
    reach = max((abs(value) for value in x), default=F32(0)) or F32(127)
    inverse, scale = F32(F32(127) / reach), F32(reach / F32(127))
    values = [float(F32(value * inverse)) for value in x]
    return [half_away(value) if np.isfinite(value) else 0 for value in values], scale


def fully_connected(
    x: NDArray[np.float32], w: NDArray[np.int8], filter_scale: NDArray[np.float32], bias: NDArray[np.float32] | None
) -> NDArray[np.float32]:
    """[M, K] x [N, K] -> [M, N], without a fused activation."""
    out = np.empty((x.shape[0], w.shape[0]), np.float32)
    rows = [nibbles(row) for row in w.tolist()]
    for m, line in enumerate(x):
        q, scale = quantize(line)
        offset = F32(F32(-7 * sum(q)) * scale)
        for n, row in enumerate(rows):
            start = F32(offset * filter_scale[n])
            if bias is not None:
                start = F32(start + bias[n])
            total = F32(sum(a * b for a, b in zip(q, row, strict=True)))
            out[m, n] = F32(start + F32(F32(total * scale) * filter_scale[n]))
    return out

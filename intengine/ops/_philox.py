"""Counter-based random bits: Philox 4x32-10 and Threefry 2x32-20, many blocks at once.

Source: J. Salmon et al., Parallel random numbers: as easy as 1, 2, 3 (2011)
"""

import numpy as np
from numpy.typing import NDArray

Words = NDArray[np.uint32]

_MASK_64 = 2**64 - 1
_LOW = np.uint64(0xFFFFFFFF)
_32 = np.uint64(32)


def philox(key: tuple[int, int], counters: Words) -> Words:
    """uint32[n, 4]: a block of bits for each counter uint32[n, 4] under a key of two words."""
    c0, c1, c2, c3 = (counters[:, i].astype(np.uint64) for i in range(4))
    k0, k1 = key
    for _ in range(10):
        first, second = c0 * np.uint64(0xD2511F53), c2 * np.uint64(0xCD9E8D57)
        c0, c1 = (second >> _32) ^ c1 ^ np.uint64(k0), second & _LOW
        c2, c3 = (first >> _32) ^ c3 ^ np.uint64(k1), first & _LOW
        k0, k1 = (k0 + 0x9E3779B9) & 0xFFFFFFFF, (k1 + 0xBB67AE85) & 0xFFFFFFFF
    return np.stack([c0, c1, c2, c3], axis=1).astype(np.uint32)


def threefry(key: tuple[int, int], counters: Words) -> Words:
    """uint32[n, 2]: a block of bits for each counter uint32[n, 2] under a key of two words."""
    keys = (*key, key[0] ^ key[1] ^ 0x1BD11BDA)
    a, b = counters[:, 0] + np.uint32(keys[0]), counters[:, 1] + np.uint32(keys[1])
    for i in range(5):
        for bits in ((13, 15, 26, 6), (17, 29, 16, 24))[i % 2]:
            a = a + b
            b = ((b << np.uint32(bits)) | (b >> np.uint32(32 - bits))) ^ a
        a = a + np.uint32(keys[(i + 1) % 3])
        b = b + np.uint32((keys[(i + 2) % 3] + i + 1) & 0xFFFFFFFF)
    return np.stack([a, b], axis=1)


def words(values: NDArray[np.uint64]) -> Words:
    """uint32[n, 2]: low and high halves."""
    return np.stack([values & _LOW, values >> _32], axis=1).astype(np.uint32)


class Stream:
    """Philox blocks one after the other, under a 64-bit key and a 128-bit counter that starts at seed2 * 2**64."""

    def __init__(self, seed: int, seed2: int) -> None:
        self._key = (seed & 0xFFFFFFFF, seed >> 32 & 0xFFFFFFFF)
        self._counter = (seed2 & _MASK_64) << 64

    def peek(self, count: int) -> Words:
        """uint32[count, 4]: the next blocks, which stay the next ones."""
        low, high = self._counter & _MASK_64, self._counter >> 64
        lows = np.uint64(low) + np.arange(count, dtype=np.uint64)
        highs = np.where(lows < np.uint64(low), np.uint64(high + 1 & _MASK_64), np.uint64(high))
        return philox(self._key, np.concatenate([words(lows), words(highs)], axis=1))

    def skip(self, count: int) -> None:
        """Go past blocks."""
        self._counter = (self._counter + count) % 2**128

    def take(self, count: int) -> Words:
        """uint32[count, 4]: the next blocks."""
        found = self.peek(count)
        self.skip(count)
        return found

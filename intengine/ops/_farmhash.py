"""FarmHash's 64-bit fingerprint of many keys of one length at once.

Source: G. Pike, FarmHash (Fingerprint64)
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Words = NDArray[np.uint64]

_K0, _K1, _K2 = (np.uint64(k) for k in (0xC3A5C85C97CB3127, 0xB492B66FBE98F273, 0x9AE16A3B2F90404F))


def _u(value: int) -> np.uint64:
    return np.uint64(value & 0xFFFFFFFFFFFFFFFF)


def _rotate(x: Words, bits: int) -> Words:
    return (x >> _u(bits)) | (x << _u(64 - bits))


def _shift_mix(x: Words) -> Words:
    return x ^ (x >> _u(47))


def _pair(u: Words, v: Words, mul: Any) -> Words:
    """One word of two."""
    a = _shift_mix((u ^ v) * mul)
    return _shift_mix((v ^ a) * mul) * mul


class _Keys:
    """Keys as little-endian words at any byte. keys: uint8[n, length]."""

    def __init__(self, keys: NDArray[np.uint8]) -> None:
        self.keys = keys

    def word(self, at: int, size: int = 8) -> Words:
        piece = np.ascontiguousarray(self.keys[:, at : at + size])
        return piece.view(f"<u{size}")[:, 0].astype(np.uint64)

    def weak(self, at: int, a: Words, b: Words) -> tuple[Words, Words]:
        """Four words from `at`, mixed weakly with two seeds."""
        w, x, y, z = (self.word(at + 8 * i) for i in range(4))
        a = a + w
        b = _rotate(b + a + z, 21)
        start = a
        a = a + x + y
        return a + z, b + _rotate(a, 44) + start


def _tiny(k: _Keys, length: int) -> Words:
    """Up to 16 bytes."""
    mul = _u(int(_K2) + 2 * length)
    if length >= 8:
        a, b = k.word(0) + _K2, k.word(length - 8)
        return _pair(_rotate(b, 37) * mul + a, (_rotate(a, 25) + b) * mul, mul)
    if length >= 4:
        return _pair((k.word(0, 4) << _u(3)) + _u(length), k.word(length - 4, 4), mul)
    if length:
        first, middle, last = (k.word(i, 1) for i in (0, length >> 1, length - 1))
        y, z = first + (middle << _u(8)), (last << _u(2)) + _u(length)
        return _shift_mix((y * _K2) ^ (z * _K0)) * _K2
    return np.full(len(k.keys), _K2)


def _short(k: _Keys, length: int) -> Words:
    """17 to 64 bytes."""
    mul = _u(int(_K2) + 2 * length)
    scale = _K1 if length <= 32 else _K2
    a, b, c, d = k.word(0) * scale, k.word(8), k.word(length - 8) * mul, k.word(length - 16) * _K2
    y = _rotate(a + b, 43) + _rotate(c, 30) + d
    z = _pair(y, a + _rotate(b + _K2, 18) + c, mul)
    if length <= 32:
        return z
    e, f = k.word(16) * mul, k.word(24)
    g, h = (y + k.word(length - 32)) * mul, (z + k.word(length - 24)) * mul
    return _pair(_rotate(e + f, 43) + _rotate(g, 30) + h, e + _rotate(f + a, 18) + g, mul)


def _long(k: _Keys, length: int) -> Words:
    """More than 64 bytes: blocks of 64, then the last 64 bytes again."""
    count = len(k.keys)
    x, y = np.full(count, _u(81)), np.full(count, _u(81 * int(_K1) + 113))
    z = _shift_mix(y * _K2 + _u(113)) * _K2
    v = w = (np.zeros(count, np.uint64), np.zeros(count, np.uint64))
    x = x * _K2 + k.word(0)

    def mixed(at: int, mul: Any, times: int) -> None:
        nonlocal x, y, z, v, w
        x = _rotate(x + y + v[0] + k.word(at + 8), 37) * mul
        y = _rotate(y + v[1] + k.word(at + 48), 42) * mul
        x = x ^ (w[1] * _u(times))
        y = y + v[0] * _u(times) + k.word(at + 40)
        z = _rotate(z + w[0], 33) * mul
        v = k.weak(at, v[1] * mul, x + w[0])
        w = k.weak(at + 32, z + w[1], y + k.word(at + 16))
        z, x = x, z

    for at in range(0, (length - 1) // 64 * 64, 64):
        mixed(at, _K1, 1)
    mul = _K1 + ((z & _u(255)) << _u(1))
    w = (w[0] + _u((length - 1) & 63), w[1])
    v = (v[0] + w[0], v[1])
    w = (w[0] + v[0], w[1])
    mixed(length - 64, mul, 9)
    return _pair(_pair(v[0], w[0], mul) + _shift_mix(y) * _K0 + z, _pair(v[1], w[1], mul) + x, mul)


def fingerprints(keys: NDArray[np.uint8]) -> Words:
    """uint64[n] of uint8[n, length]."""
    length = keys.shape[1]
    function = _tiny if length <= 16 else _short if length <= 64 else _long
    return function(_Keys(keys), length)

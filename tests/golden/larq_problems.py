"""One-op models of Larq's binary operators; tests/golden/larq.npz has what larq-compute-engine 0.16.0 makes of them."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from flatbuffers import flexbuffers
from numpy.typing import NDArray

from intengine.writer import ModelBuilder
from tests.cases import Problem


def _words(channels: int) -> int:
    return -(-channels // 32)


def _bits(rng: np.random.Generator, shape: tuple[int, ...]) -> NDArray[np.int32]:
    """Words of random bits for so many channels, 0 behind the last."""
    raw = np.packbits(
        np.pad(rng.integers(0, 2, shape), [(0, 0)] * 3 + [(0, -shape[-1] % 32)]), axis=-1, bitorder="little"
    )
    return np.ascontiguousarray(raw).view(np.int32)


def _options(**values: int) -> bytes:
    return bytes(flexbuffers.Dumps(values))


def _quantizers(rng: np.random.Generator) -> Iterator[Problem]:
    for i, channels in enumerate((1, 31, 32, 33, 70)):
        shape, packed = (2, 1, 3, channels), (2, 1, 3, _words(channels))
        for type_ in ("FLOAT32", "INT8", "BOOL"):
            scale: dict[str, Any] = (
                {"scale": (0.5, 0.1, 0.003, 2.0, 0.4)[i], "zero_point": 3} if type_ == "INT8" else {}
            )
            x = {
                "FLOAT32": rng.standard_normal(shape).astype(np.float32),
                "INT8": rng.integers(-128, 128, shape).astype(np.int8),
                "BOOL": rng.integers(0, 2, shape).astype(bool),
            }[type_]
            b = ModelBuilder()
            a, y = b.tensor("x", type_, shape, **scale), b.tensor("y", "INT32", packed)
            b.op("LceQuantize", [a], [y])
            yield Problem(f"quantize_{type_}_{channels}", b.to_bytes([a], [y]), (x,))
            b = ModelBuilder()
            a, y = b.tensor("x", "INT32", packed), b.tensor("y", type_, shape, **scale)
            b.op("LceDequantize", [a], [y])
            yield Problem(f"dequantize_{type_}_{channels}", b.to_bytes([a], [y]), (_bits(rng, shape),))


def _out(size: int, window: int, stride: int, dilation: int, padding: int) -> int:
    return -(-size // stride) if padding == 0 else (size - ((window - 1) * dilation + 1)) // stride + 1


def _pools(rng: np.random.Generator) -> Iterator[Problem]:
    for i, (kh, kw, stride, padding) in enumerate([(2, 2, 2, 0), (3, 2, 1, 1), (1, 3, 2, 0), (3, 3, 2, 1)]):
        shape = (2, 5, 6, 40)
        size = (2, _out(5, kh, stride, 1, padding), _out(6, kw, stride, 1, padding), 2)
        b = ModelBuilder()
        x, y = b.tensor("x", "INT32", (2, 5, 6, 2)), b.tensor("y", "INT32", size)
        sizes = {"filter_height": kh, "filter_width": kw, "stride_height": stride, "stride_width": stride}
        b.op("LceBMaxPool2d", [x], [y], custom_options=_options(padding=padding, **sizes))
        # Mostly set bits, so that some windows have only such.
        data = _bits(rng, shape) | _bits(rng, shape) | _bits(rng, shape)
        yield Problem(f"pool_{i}", b.to_bytes([x], [y]), (data,))


def _convolutions(rng: np.random.Generator) -> Iterator[Problem]:
    shapes = [
        # channels in, out, groups, kh, kw, stride, dilation, padding, pad value, activation
        (32, 8, 1, 3, 3, 1, 1, 0, 1, 0), (70, 5, 1, 1, 1, 1, 1, 1, 0, 1), (64, 6, 2, 3, 2, 2, 1, 0, 1, 2),
        (17, 3, 1, 2, 3, 1, 2, 1, 1, 3), (128, 34, 2, 1, 3, 2, 2, 0, 1, 1), (96, 33, 1, 3, 3, 2, 1, 1, 0, 0),
        (64, 7, 1, 3, 3, 1, 1, 0, 0, 0),
    ]  # fmt: skip
    for i, (cin, cout, groups, kh, kw, stride, dilation, padding, pad, activation) in enumerate(shapes):
        share = cin // groups
        size = tuple(_out(n, k, stride, dilation, padding) for n, k in ((7, kh), (8, kw)))
        options = _options(
            channels_in=cin, stride_height=stride, stride_width=stride, dilation_height_factor=dilation,
            dilation_width_factor=dilation, padding=padding, pad_values=pad, fused_activation_function=activation,
        )  # fmt: skip
        for type_ in ("FLOAT32", "INT8", "INT32"):
            if type_ == "INT32" and pad == 0 and padding == 0:
                continue  # larq-compute-engine dies there
            b = ModelBuilder()
            x = b.tensor("x", "INT32", (2, 7, 8, _words(cin)))
            w = b.tensor("w", "INT32", (cout, kh, kw, _words(share)), _bits(rng, (cout, kh, kw, share)))
            multiplier = (rng.standard_normal(cout) * 0.1).astype(np.float32)
            extra = [
                b.tensor("multiplier", "FLOAT32", (cout,), multiplier),
                b.tensor("bias", "FLOAT32", (cout,), rng.standard_normal(cout).astype(np.float32)),
                b.tensor("threshold", "INT32", (cout,), rng.integers(0, share * kh * kw, cout).astype(np.int32)),
            ]
            used = [-1, -1, extra[2]] if type_ == "INT32" else [*extra[:2], -1]
            scale = {"scale": 0.11, "zero_point": -4} if type_ == "INT8" else {}
            y = b.tensor("y", type_, (2, *size, _words(cout) if type_ == "INT32" else cout), **scale)
            b.op("LceBconv2d", [x, w, *used], [y], custom_options=options)
            yield Problem(f"conv_{i}_{type_}", b.to_bytes([x], [y]), (_bits(rng, (2, 7, 8, cin)),))


def _ties(rng: np.random.Generator) -> Iterator[Problem]:
    """int8 outputs half way between two numbers, where it shows how the multiplier and the bias were rounded."""
    cin, cout, kernel, size = 45, 16, 2, 7
    for i, scale in enumerate((0.1, 0.11, 1 / 3, 0.5)):
        half = np.float32(scale) * np.float32(0.5)
        options = _options(
            channels_in=cin, stride_height=1, stride_width=1, dilation_height_factor=1, dilation_width_factor=1,
            padding=1, pad_values=1, fused_activation_function=0,
        )  # fmt: skip
        b = ModelBuilder()
        x = b.tensor("x", "INT32", (1, size, size, 2))
        w = b.tensor("w", "INT32", (cout, kernel, kernel, 2), _bits(rng, (cout, kernel, kernel, cin)))
        multiplier = b.tensor("multiplier", "FLOAT32", (cout,), half * rng.integers(-3, 4, cout).astype(np.float32))
        bias = b.tensor("bias", "FLOAT32", (cout,), half * rng.integers(-50, 50, cout).astype(np.float32))
        out = size - kernel + 1
        y = b.tensor("y", "INT8", (1, out, out, cout), scale=scale, zero_point=37 * i - 60)
        b.op("LceBconv2d", [x, w, multiplier, bias, -1], [y], custom_options=options)
        yield Problem(f"conv_ties_{i}", b.to_bytes([x], [y]), (_bits(rng, (1, size, size, cin)),))


def problems() -> Iterator[Problem]:
    rng = np.random.default_rng(3)
    yield from _quantizers(rng)
    yield from _pools(rng)
    yield from _convolutions(rng)
    yield from _ties(rng)

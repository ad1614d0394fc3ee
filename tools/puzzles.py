"""The figures of three public questions on rounding: python tools/puzzles.py. See docs/numerics.md, section 14."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

import numpy as np

import intengine
from intengine.writer import ModelBuilder

Answers = dict[str, np.ndarray]
PROFILES = ("litert-reference", "litert-optimized", "litert-xnnpack", "tflm")


def one_output() -> tuple[bytes, np.ndarray]:
    """tensorflow#102943: a 1x1 convolution whose accumulator is 585, with the scales that the reporter gives."""
    b = ModelBuilder()
    x = b.tensor("x", "INT8", (1, 1, 1, 1), scale=0.05296124517917633, zero_point=-124)
    w = b.tensor("w", "INT8", (1, 1, 1, 1), [[[[5]]]], scale=0.024093778803944588, zero_point=0)
    bias = b.tensor("b", "INT32", (1,), [0], scale=0.05296124517917633 * 0.024093778803944588, zero_point=0)
    y = b.tensor("y", "INT8", (1, 1, 1, 1), scale=0.11484327912330627, zero_point=-126)
    b.op("CONV_2D", [x, w, bias], [y], padding=0, stride_h=1, stride_w=1)
    return b.to_bytes([x], [y]), np.array([[[[-7]]]], np.int8)


def convolution() -> tuple[bytes, np.ndarray]:
    """tensorflow#99072: a 3x3 convolution with 51,200 outputs; made anew, the reporter's model is not public data."""
    rng = np.random.default_rng(0)
    b = ModelBuilder()
    x = b.tensor("x", "INT8", (1, 80, 80, 8), scale=0.02, zero_point=-10)
    weights, offsets = rng.integers(-127, 128, (8, 3, 3, 8)), rng.integers(-3000, 3000, 8)
    scales, zeros = [0.004 * 1.3**c for c in range(8)], [0] * 8
    w = b.tensor("w", "INT8", (8, 3, 3, 8), weights, scale=scales, zero_point=zeros)
    bias = b.tensor("b", "INT32", (8,), offsets, scale=[0.02 * scale for scale in scales], zero_point=zeros)
    y = b.tensor("y", "INT8", (1, 80, 80, 8), scale=0.15, zero_point=4)
    b.op("CONV_2D", [x, w, bias], [y], padding=0, stride_h=1, stride_w=1)
    return b.to_bytes([x], [y]), rng.integers(-128, 128, (1, 80, 80, 8), np.int8)


def block() -> tuple[bytes, np.ndarray]:
    """LiteRT#7441: MUL, then MEAN over five elements, as in a normalization."""
    b = ModelBuilder()
    x = b.tensor("x", "INT8", (400, 5), scale=0.031, zero_point=3)
    k = b.tensor("k", "INT8", (1, 5), [[17, -90, 55, 101, -33]], scale=0.021, zero_point=0)
    product = b.tensor("product", "INT8", (400, 5), scale=0.05, zero_point=-7)
    b.op("MUL", [x, k], [product])
    axes = b.tensor("axes", "INT32", (1,), [1])
    mean = b.tensor("mean", "INT8", (400, 1), scale=0.013, zero_point=11)
    b.op("MEAN", [product, axes], [mean], keep_dims=True)
    return b.to_bytes([x], [mean]), np.random.default_rng(1).integers(-128, 128, (400, 5), np.int8)


def answers(model: bytes, x: np.ndarray) -> Answers:
    """Profile -> the output."""
    found: Answers = {}
    for profile in PROFILES:
        (found[profile],) = intengine.Interpreter(model, profile=profile).run(x).values()
    return found


def main() -> None:
    print("tensorflow#102943:", {name: int(y.reshape(-1)[0]) for name, y in answers(*one_output()).items()})
    found = answers(*convolution())
    base = found["litert-reference"]
    print("tensorflow#99072:", {name: f"{(y != base).sum()} of {y.size} differ" for name, y in found.items()})
    model, x = block()
    base_trace = intengine.Interpreter(model).trace(x)
    for profile in PROFILES[1:]:
        trace = intengine.Interpreter(model, profile=profile).trace(x)
        counts = {name: int((trace[name] != base_trace[name]).sum()) for name in ("product", "mean")}
        print(f"LiteRT#7441: {profile} against litert-reference, differing elements: {counts}")


if __name__ == "__main__":
    main()

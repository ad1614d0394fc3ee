"""Small float networks and their quantized twins, made by the writer."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from intengine.model import Model
from intengine.writer.builder import ModelBuilder


def _scale(values: NDArray[Any], axis: int | None = None) -> Any:
    return np.abs(values).max(axis=axis) / 127


def dense(*, per_channel: bool) -> tuple[Model, Model, NDArray[np.float32]]:
    """A layer whose rows differ in size by 2**5; int16 activations, so that rounding the weights decides."""
    rng = np.random.default_rng(6)
    sizes = 2.0 ** -np.arange(7).repeat(2)[:12]
    weights = rng.uniform(-1, 1, (12, 16)) * sizes[:, None]
    data = rng.uniform(-1, 1, (40, 16)).astype(np.float32)
    bias = rng.uniform(-0.1, 0.1, 12) * sizes
    b = ModelBuilder()
    x = b.tensor("x", "FLOAT32", [1, 16])
    w = b.tensor("w", "FLOAT32", [12, 16], weights)
    c = b.tensor("b", "FLOAT32", [12], bias)
    y = b.tensor("y", "FLOAT32", [1, 12])
    b.op("FULLY_CONNECTED", [x, w, c], [y])
    real = b.build([x], [y])

    step = np.float32(1 / 32767)
    scale = np.float32(_scale(weights, 1) if per_channel else [_scale(weights)])
    q = ModelBuilder()
    x = q.tensor("x", "INT16", [1, 16], scale=step, zero_point=0)
    rounded = np.rint(weights / scale.reshape(-1, 1)).astype(np.int8)
    w = q.tensor("w", "INT8", [12, 16], rounded, scale=scale, axis=0)
    c = q.tensor("b", "INT64", [12], np.rint(bias / (step * scale)).astype(np.int64), scale=step * scale, axis=0)
    y = q.tensor("y", "INT16", [1, 12], scale=16 / 32767, zero_point=0)
    q.op("FULLY_CONNECTED", [x, w, c], [y])
    return real, q.build([x], [y]), data


def unfolded() -> tuple[Model, Model]:
    """CONV_2D, MUL, ADD, RELU in float; one CONV_2D with RELU and folded weights in int8; no name in common."""
    rng = np.random.default_rng(6)
    weights = rng.uniform(-1, 1, (8, 3, 3, 4))
    factor, shift = rng.uniform(0.5, 2.0, 8), rng.uniform(-1, 1, 8)
    other = rng.uniform(-1, 1, (8, 1, 1, 8))
    b = ModelBuilder()
    x = b.tensor("photo", "FLOAT32", [1, 6, 6, 4])
    tensors = [b.tensor(f"step{i}", "FLOAT32", [1, 6, 6, 8]) for i in range(4)]
    w, m, a = (
        b.tensor(name, "FLOAT32", values.shape, values)
        for name, values in (("w", weights), ("m", factor), ("a", shift))
    )
    zeros = b.tensor("zeros", "FLOAT32", [8], np.zeros(8))
    b.op("CONV_2D", [x, w, zeros], [tensors[0]], padding=0, stride_w=1, stride_h=1)
    b.op("MUL", [tensors[0], m], [tensors[1]])
    b.op("ADD", [tensors[1], a], [tensors[2]])
    b.op("RELU", [tensors[2]], [tensors[3]])
    second = b.tensor("w2", "FLOAT32", other.shape, other)
    y = b.tensor("answer", "FLOAT32", [1, 6, 6, 8])
    b.op("CONV_2D", [tensors[3], second, zeros], [y], padding=0, stride_w=1, stride_h=1)
    real = b.build([x], [y])

    q = ModelBuilder()
    folded = weights * factor[:, None, None, None]
    step = np.float32(1 / 127)
    x = q.tensor("in", "INT8", [1, 6, 6, 4], scale=step, zero_point=0)
    hidden = q.tensor("h", "INT8", [1, 6, 6, 8], scale=30 / 255, zero_point=-128)
    y = q.tensor("out", "INT8", [1, 6, 6, 8], scale=60 / 127, zero_point=0)
    for values, constant, source, target, unit, act in (
        (folded, shift, x, hidden, step, 1),
        (other, np.zeros(8), hidden, y, np.float32(30 / 255), 0),
    ):
        scale = np.float32(np.abs(values).reshape(8, -1).max(axis=1) / 127)
        rounded = np.rint(values / scale[:, None, None, None]).astype(np.int8)
        w = q.tensor(f"w{target}", "INT8", values.shape, rounded, scale=scale, axis=0)
        c = q.tensor(
            f"b{target}", "INT32", [8], np.rint(constant / (unit * scale)).astype(np.int32), scale=unit * scale, axis=0
        )
        q.op("CONV_2D", [source, w, c], [target], padding=0, stride_w=1, stride_h=1, fused_activation_function=act)
    return real, q.build([x], [y])

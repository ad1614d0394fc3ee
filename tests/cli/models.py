"""Small models for the commands."""

from typing import Any

import numpy as np

from intengine.writer import ModelBuilder

RNG = np.random.default_rng(3)


def small(*, labels: bool = False) -> bytes:
    """int8 [1, 4, 4, 3] image -> a convolution -> reshape -> fully connected [1, 5]."""
    b = ModelBuilder(description="a small one")
    x = b.tensor("image", "INT8", (1, 4, 4, 3), scale=1 / 255, zero_point=-128)
    w = b.tensor("w", "INT8", (2, 3, 3, 3), RNG.integers(-127, 128, (2, 3, 3, 3)), scale=[0.01, 0.03], axis=0)
    y = b.tensor("conv", "INT8", (1, 4, 4, 2), scale=0.05, zero_point=3)
    shape = b.tensor("shape", "INT32", (2,), [1, 32])
    flat = b.tensor("flat", "INT8", (1, 32), scale=0.05, zero_point=3)
    w2 = b.tensor("w2", "INT8", (5, 32), RNG.integers(-127, 128, (5, 32)), scale=0.02)
    scores = b.tensor("scores", "INT8", (1, 5), scale=0.3, zero_point=-1)
    bias = b.tensor("bias", "INT32", (2,), [40, -70], scale=[0.01 / 255, 0.03 / 255], axis=0)
    b.op("CONV_2D", [x, w, bias], [y], version=3, stride_h=1, stride_w=1)
    b.op("RESHAPE", [y, shape], [flat])
    b.op("FULLY_CONNECTED", [flat, w2, -1], [scores], version=4)
    b.signature("serving_default", {"image": x}, {"scores": scores})
    return b.to_bytes([x], [scores])


def two_inputs() -> bytes:
    """int8 a + b -> c."""
    b = ModelBuilder()
    tensors = [b.tensor(name, "INT8", (1, 3), scale=0.5, zero_point=1) for name in "abc"]
    b.op("ADD", tensors[:2], tensors[2:])
    return b.to_bytes(tensors[:2], tensors[2:])


def custom() -> bytes:
    """An operator that nobody has."""
    b = ModelBuilder()
    x, y = (b.tensor(name, "INT8", (1, 3), scale=0.5) for name in "xy")
    b.op("NobodyHasThis", [x], [y], custom_options=b"\1")
    return b.to_bytes([x], [y])


def impossible() -> bytes:
    """A well-formed file whose convolution has no output channels in common with its tensors."""
    b = ModelBuilder()
    x = b.tensor("x", "INT8", (1, 3), scale=0.5)
    y = b.tensor("y", "INT8", (1, 3), scale=0.5)
    missing = b.tensor("missing", "INT8", (1, 3), scale=0.5)
    b.op("ADD", [x, missing], [y])
    return b.to_bytes([x], [y])


def hostile_texts() -> bytes:
    """Names and a description that would colour the terminal, turn text around and forge lines."""
    b = ModelBuilder(description="d\x1b[31m\nforged")
    x, y = (b.tensor(f"{name}\x1b[31m\u202e\n", "INT8", (1, 3), scale=0.5) for name in "xy")
    b.op("ADD", [x, x], [y])
    return b.to_bytes([x], [y])


def named(output: str) -> bytes:
    """int8 x + x, to an output of that name."""
    b = ModelBuilder()
    x, y = (b.tensor(name, "INT8", (1, 3), scale=0.5) for name in ("x", output))
    b.op("ADD", [x, x], [y])
    return b.to_bytes([x], [y])


def without_inputs() -> bytes:
    """A sum of constants."""
    b = ModelBuilder()
    c = b.tensor("c", "INT8", (1, 3), [[1, 2, 3]], scale=0.5)
    y = b.tensor("y", "INT8", (1, 3), scale=0.5)
    b.op("ADD", [c, c], [y])
    return b.to_bytes([], [y])


def without_nodes() -> bytes:
    """The input is the output."""
    b = ModelBuilder()
    x = b.tensor("x", "INT8", (1, 3), scale=0.5)
    return b.to_bytes([x], [x])


class FakeLiteRT:
    """Stands in for `LiteRTRunner`: answers with this engine's own tensors, one of them changed if wanted."""

    name = "LiteRT 0.0.0 reference"

    def __init__(self, change: int | None = None, hide: int | None = None) -> None:
        self.change, self.hide = change, hide
        self.model = b""

    def __enter__(self) -> "FakeLiteRT":
        return self

    def __exit__(self, *args: object) -> None:
        pass

    def version(self) -> str:
        return "0.0.0"

    def close(self) -> None:
        pass

    def load(self, model: bytes, *, keep_all: bool, shapes: dict[int, Any], name: str = "") -> None:
        self.model = model
        assert keep_all

    def run(self, inputs: dict[int, Any], wanted: tuple[int, ...], *, name: str = "") -> dict[int, Any]:
        import intengine

        trace = intengine.Interpreter(self.model).trace(inputs)
        answer = {i: trace[i].copy() for i in wanted if i != self.hide}
        if self.change is not None and self.change in answer:
            answer[self.change].reshape(-1)[1] ^= 1
        return answer

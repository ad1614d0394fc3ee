"""DENSIFY and FULLY_CONNECTED of sparse constants."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from intengine.model import TensorType
from intengine.writer import ModelBuilder, compress, pack
from tests.cases import Problem

#: name -> (shape, compressed levels, order, blocks)
LAYOUTS: dict[str, tuple[tuple[int, ...], Sequence[int], Sequence[int], Mapping[int, int]]] = {
    "vector": ((7,), [0], [0], {}),
    "rows": ((5, 9), [1], [0, 1], {}),
    "columns": ((5, 9), [0], [1, 0], {}),
    "both": ((4, 6), [0, 1], [0, 1], {}),
    "blocks_1x4": ((6, 16), [1], [0, 1, 2], {1: 4}),
    "blocks_2x3": ((4, 9), [1], [0, 1, 2, 3], {0: 2, 1: 3}),
    "filter": ((8, 1, 1, 6), [3], [0, 1, 2, 3], {}),
    "filter_inside": ((3, 2, 2, 4), [1, 3], [3, 1, 0, 2], {}),
    "dense": ((3, 4), [], [0, 1], {}),
    "indices_16": ((2, 300), [1], [0, 1], {}),
}


def holes(rng: np.random.Generator, type_: str, shape: Sequence[int], block: int = 1) -> NDArray[np.generic]:
    """Values of which about half are 0, in runs of `block`; the first is not, and the last is."""
    dtype = TensorType[type_].dtype
    found = rng.integers(-128, 128, shape) if dtype.kind == "i" else rng.standard_normal(shape)
    kept = rng.random((*shape[:-1], shape[-1] // block)) < 0.5
    kept.reshape(-1)[0], kept.reshape(-1)[-1] = True, False
    return np.where(np.repeat(kept, block, axis=-1), found, 0).astype(dtype)


def _densify(type_: str, layout: str) -> Problem:
    shape, compressed, order, blocks = LAYOUTS[layout]
    name = f"densify_{type_}_{layout}"
    dense = holes(np.random.default_rng(list(name.encode())), type_, shape)
    sparsity, stored = compress(dense, compressed, order=order, blocks=blocks)
    b = ModelBuilder()
    scale = 0.5 if type_ == "INT8" else None
    w = b.tensor("w", type_, shape, pack(stored, TensorType[type_]).tobytes(), sparsity=sparsity, scale=scale)
    y = b.tensor("y", type_, shape, scale=scale)
    b.op("DENSIFY", [w], [y])
    return Problem(name, b.to_bytes([], [y]), ())


def _fully_connected(kind: str, *, block: int = 16, per_channel: bool = False, lowest: bool = False) -> Problem:
    name = f"fully_connected_sparse_{kind}_{block}" + "_per_channel" * per_channel + "_lowest" * lowest
    rng = np.random.default_rng(list(name.encode()))
    rows, channels, depth = 5, 6, 48
    source = "INT8" if kind == "int8" else "FLOAT32"
    type_ = "FLOAT32" if kind == "float32" else "INT8"
    x = rng.integers(-128, 128, (rows, depth)) if source == "INT8" else rng.standard_normal((rows, depth)) * 3
    w = holes(rng, type_, (channels, depth), block)
    if lowest:
        w[w != 0] = -128
        x[:2] = -128 if source == "INT8" else -5.0
    sparsity, stored = compress(w, [1], blocks={1: block} if block > 1 else {})
    scale = rng.uniform(0.001, 0.05, channels if per_channel else 1) if type_ == "INT8" else None
    b = ModelBuilder()
    quantized = source == "INT8"
    here = b.tensor("x", source, x.shape, scale=0.05 if quantized else None, zero_point=-9 if quantized else None)
    data = pack(stored, TensorType[type_]).tobytes()
    filter_ = b.tensor("w", type_, w.shape, data, sparsity=sparsity, scale=scale)
    bias_scale = np.float32(0.05) * scale.astype(np.float32) if quantized else None
    found = rng.integers(-9000, 9000, channels) if quantized else rng.standard_normal(channels)
    bias = b.tensor("b", "INT32" if quantized else "FLOAT32", (channels,), found, scale=bias_scale)
    y = b.tensor("y", source, (rows, channels), scale=1.5 if quantized else None, zero_point=7 if quantized else None)
    b.op(
        "FULLY_CONNECTED", [here, filter_, bias], [y], version=9,
        asymmetric_quantize_inputs=kind == "hybrid_asymmetric",
    )  # fmt: skip
    return Problem(name, b.to_bytes([here], [y]), (x.astype(TensorType[source].dtype),))


def problems() -> Iterator[Problem]:
    for type_ in ("FLOAT32", "FLOAT16", "INT8"):
        for layout in LAYOUTS:
            yield _densify(type_, layout)
    for block in (1, 4, 16):
        yield _fully_connected("float32", block=block)
    for kind in ("hybrid", "hybrid_asymmetric", "int8"):
        for per_channel in (False, True):
            yield _fully_connected(kind, per_channel=per_channel)
            yield _fully_connected(kind, per_channel=per_channel, lowest=True)

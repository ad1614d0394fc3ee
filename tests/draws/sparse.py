"""DENSIFY and FULLY_CONNECTED of sparse constants: traversal orders, blocks, compressed levels, all types."""

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

from intengine.model import TensorType
from intengine.writer import ModelBuilder, compress, pack
from tests.cases import Problem
from tests.draws._build import Draw, results, scales, shapes, tensors, values


@st.composite
def _holes(draw: Draw, type_: str, shape: tuple[int, ...], block: int = 1) -> NDArray[np.generic]:
    """Values of which a drawn part is 0, whole runs of `block` of the last axis at once; never all of them.

    LiteRT refuses a compressed level without indices.
    """
    found = draw(values(type_, shape))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    kept = rng.random((*shape[:-1], shape[-1] // block)) < draw(st.sampled_from([0.05, 0.2, 0.6, 1.0]))
    holes = np.where(np.repeat(kept, block, axis=-1), found, found.dtype.type(0))
    holes.reshape(-1)[rng.integers(holes.size)] = 1
    return holes


@st.composite
def _densify(draw: Draw, type_: str) -> Problem:
    cut = draw(shapes(1, 4, (1, 4)))
    inner = {d: draw(st.integers(1, 4)) for d in range(len(cut)) if draw(st.integers(0, 2)) == 0}
    shape = tuple(size * inner.get(d, 1) for d, size in enumerate(cut))
    # LiteRT takes the dimensions before the insides of the blocks, and finds the size of a block only if these
    # come in order.
    order = [*draw(st.permutations(range(len(cut)))), *range(len(cut), len(cut) + len(inner))]
    compressed = [d for d in range(len(cut)) if draw(st.booleans())]
    dense = draw(_holes(type_, shape))
    sparsity, stored = compress(dense, compressed, order=order, blocks=inner)
    b = ModelBuilder()
    scale = 0.5 if type_ == "INT8" else None
    data = pack(stored, TensorType[type_]).tobytes()
    w = b.tensor("w", type_, shape, data, sparsity=sparsity, scale=scale)
    y = b.tensor("y", type_, shape, scale=scale)
    b.op("DENSIFY", [w], [y])
    return Problem("densify", b.to_bytes([], [y]), ())


@st.composite
def _fully_connected(draw: Draw, kind: str) -> Problem:
    """LiteRT's int8 kernels know blocks of 1 x 16 only, and rows of at most 255 blocks; float32 any."""
    block = draw(st.sampled_from([1, 4, 16])) if kind == "float32" else 16
    rows, channels, depth = draw(st.integers(1, 9)), draw(st.integers(1, 9)), block * draw(st.integers(1, 6))
    types = {"float32": ("FLOAT32", "FLOAT32"), "hybrid": ("FLOAT32", "INT8"), "int8": ("INT8", "INT8")}[kind]
    x = draw(tensors(types[0], (rows, depth)))
    w = draw(_holes(types[1], (channels, depth), block))
    sparsity, stored = compress(w, [1], blocks={1: block} if block > 1 else {})
    per_channel = types[1] == "INT8" and draw(st.booleans())
    some = scales(2.0**-10, 0.25)
    scale = np.array(draw(st.lists(some, min_size=channels, max_size=channels)) if per_channel else [draw(some)])
    b = ModelBuilder()
    here = b.tensor("x", x.type, x.shape, scale=x.scale, zero_point=x.zero_point)
    data = pack(stored, TensorType[types[1]]).tobytes()
    filter_ = b.tensor("w", types[1], w.shape, data, sparsity=sparsity, scale=scale if types[1] == "INT8" else None)
    operands = [here, filter_, -1]
    if draw(st.booleans()):
        bias = "INT32" if kind == "int8" else "FLOAT32"
        chosen = draw(values("INT16", (channels,))) if kind == "int8" else draw(values(bias, (channels,)))
        total = np.float32(x.scale) * scale.astype(np.float32) if x.scale else None
        operands[2] = b.tensor("b", bias, (channels,), chosen.astype(TensorType[bias].dtype), scale=total)
    like = float(x.scale * scale.max() * 64 * depth**0.5) if kind == "int8" else None
    out = draw(results(types[0], (rows, channels), like))
    y = b.tensor("y", out.type, out.shape, scale=out.scale, zero_point=out.zero_point)
    b.op(
        "FULLY_CONNECTED", operands, [y], version=9, fused_activation_function=draw(st.integers(0, 3)),
        asymmetric_quantize_inputs=kind == "hybrid" and draw(st.booleans()),
    )  # fmt: skip
    return Problem("fully_connected_sparse", b.to_bytes([here], [y]), (x.data,))


DRAWS = {
    **{f"DENSIFY {type_.lower()}": _densify(type_) for type_ in ("FLOAT32", "FLOAT16", "INT8")},
    **{f"FULLY_CONNECTED sparse {kind}": _fully_connected(kind) for kind in ("float32", "hybrid", "int8")},
}

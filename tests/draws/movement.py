"""Operators that move elements, and what they are told: axes, sizes, indices, as constants or computed."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from hypothesis import strategies as st

from tests.cases import Problem
from tests.cases._build import Operand, constant, given, one_op
from tests.draws._build import Draw, results, scales, shapes, tensors
from tests.draws._scaled import QUANTIZED, parameter

Strategy = st.SearchStrategy[Problem]
INDEX = st.sampled_from(["INT32", "INT64"])
HALVES = ("FLOAT16", "BFLOAT16")
ANY = ("FLOAT32", *HALVES, "FLOAT64", "UINT16", "INT32", "UINT32", "INT64", "BOOL", "COMPLEX64")


def _like(x: Operand, shape: Any) -> Operand:
    """An output with the quantization of an input."""
    return Operand(x.type, tuple(int(n) for n in shape), None, x.scale, x.zero_point)


def _signed(draw: Draw, axis: int, rank: int) -> int:
    """The axis, or the same counted from the end."""
    return axis - rank if draw(st.booleans()) else axis


@st.composite
def _concatenation(draw: Draw, type_: str) -> Problem:
    shape = list(draw(shapes()))
    axis = draw(st.integers(0, len(shape) - 1))
    x = draw(tensors(type_, shape))
    parts = [x]
    for _ in range(draw(st.integers(0, 4))):
        shape[axis] = draw(st.integers(1, 6))
        part = draw(tensors(type_, shape, constant=None))
        if type_ == "INT8":
            part = replace(part, scale=x.scale, zero_point=x.zero_point)
        parts.append(part)
    shape[axis] = sum(part.shape[axis] for part in parts)
    out = _like(x, shape)
    if type_ == "UINT8" and draw(st.booleans()):
        out = draw(results(type_, shape, like=x.scale))
    at = _signed(draw, axis, len(shape))
    return one_op("CONCATENATION", "CONCATENATION", parts, [out], axis=at)


@st.composite
def _pad(draw: Draw, op: str, type_: str) -> Problem:
    x = draw(tensors(type_, draw(shapes(1, 4))))
    pairs = [(draw(st.integers(0, 3)), draw(st.integers(0, 3))) for _ in x.shape]
    inputs = [x, draw(parameter(draw(INDEX), pairs))]
    if op == "PADV2":
        value = draw(tensors(type_, draw(st.sampled_from([(), (1,)])), constant=None))
        inputs.append(replace(value, scale=x.scale, zero_point=x.zero_point))
    shape = [a + n + b for n, (a, b) in zip(x.shape, pairs, strict=True)]
    return one_op(op, op, inputs, [_like(x, shape)])


@st.composite
def _mirror_pad(draw: Draw, type_: str) -> Problem:
    x = draw(tensors(type_, draw(shapes(1, 4))))
    mode = draw(st.integers(0, 1))
    pairs = [tuple(draw(st.integers(0, min(n - 1 + mode, 4))) for _ in range(2)) for n in x.shape]
    shape = [a + n + b for n, (a, b) in zip(x.shape, pairs, strict=True)]
    return one_op("MIRROR_PAD", "MIRROR_PAD", [x, draw(parameter(draw(INDEX), pairs))], [_like(x, shape)], mode=mode)


@st.composite
def _reshape(draw: Draw, type_: str) -> Problem:
    x = draw(tensors(type_, draw(shapes(0, 5))))
    factors = [f for n in x.shape for f in ([2, n // 2] if n % 2 == 0 else [n])]
    shape: list[int] = []
    for factor in draw(st.permutations(factors)):
        if shape and draw(st.booleans()):
            shape[-1] *= factor
        else:
            shape.append(factor)
    wanted = list(shape)
    if wanted and draw(st.booleans()):
        wanted[draw(st.integers(0, len(wanted) - 1))] = -1
    if draw(st.booleans()):
        return one_op("RESHAPE", "RESHAPE", [x], [_like(x, shape)], new_shape=wanted)
    given_shape = draw(parameter("INT32", np.array(wanted, np.int32)))
    return one_op("RESHAPE", "RESHAPE", [x, given_shape], [_like(x, shape)], new_shape=wanted)


@st.composite
def _squeeze(draw: Draw, type_: str) -> Problem:
    shape = tuple(1 if draw(st.booleans()) else n for n in draw(shapes(1, 5)))
    x = draw(tensors(type_, shape))
    ones = [axis for axis, n in enumerate(shape) if n == 1]
    chosen = [axis for axis in ones if draw(st.booleans())]
    dropped = chosen or ones
    kept = [n for axis, n in enumerate(shape) if axis not in dropped]
    named = [_signed(draw, axis, len(shape)) for axis in chosen]
    return one_op("SQUEEZE", "SQUEEZE", [x], [_like(x, kept)], squeeze_dims=named)


@st.composite
def _expand_dims(draw: Draw, type_: str) -> Problem:
    x = draw(tensors(type_, draw(shapes(0, 4))))
    axis = draw(st.integers(0, len(x.shape)))
    shape = (*x.shape[:axis], 1, *x.shape[axis:])
    at = draw(parameter(draw(INDEX), _signed(draw, axis, len(shape))))
    return one_op("EXPAND_DIMS", "EXPAND_DIMS", [x, at], [_like(x, shape)])


@st.composite
def _transpose(draw: Draw, type_: str) -> Problem:
    x = draw(tensors(type_, draw(shapes(1, 6, (1, 4)))))
    order = draw(st.permutations(range(len(x.shape))))
    named = [_signed(draw, axis, len(order)) for axis in order]
    out = _like(x, [x.shape[axis] for axis in order])
    return one_op("TRANSPOSE", "TRANSPOSE", [x, draw(parameter("INT32", named))], [out])


@st.composite
def _slice(draw: Draw, type_: str) -> Problem:
    x = draw(tensors(type_, draw(shapes(1, 5, (1, 5)))))
    begin = [draw(st.integers(0, n - 1)) for n in x.shape]
    shape = [draw(st.integers(1, n - b)) for n, b in zip(x.shape, begin, strict=True)]
    size = [-1 if s == n - b and draw(st.booleans()) else s for s, n, b in zip(shape, x.shape, begin, strict=True)]
    kind = draw(INDEX)
    inputs = [x, draw(parameter(kind, begin)), draw(parameter(kind, size))]
    return one_op("SLICE", "SLICE", inputs, [_like(x, shape)])


@st.composite
def _strided_slice(draw: Draw, type_: str) -> Problem:
    """Begins and ends beyond the sizes, from the end, with every mask; nothing empty, which LiteRT cannot show."""
    x = draw(tensors(type_, draw(shapes(1, 4, (1, 5)))))
    rank = len(x.shape)
    used = draw(st.integers(1, rank))
    roles = ["axis"] * used
    # An ellipsis without axes takes one in LiteRT, and with new axes its kernel may read past the shape.
    if draw(st.integers(0, 3)) == 0:
        roles.insert(draw(st.integers(0, len(roles))), "ellipsis")
    if used < rank or "ellipsis" not in roles:
        for _ in range(draw(st.sampled_from([0, 0, 1, 5 - rank]))):
            roles.insert(draw(st.integers(0, len(roles))), "new")
    begin, end, strides, index = [], [], [], []
    masks = dict.fromkeys(("begin_mask", "end_mask", "ellipsis_mask", "new_axis_mask", "shrink_axis_mask"), 0)
    axis = 0
    for i, role in enumerate(roles):
        n = x.shape[min(axis, rank - 1)]
        b, e, s = (
            draw(st.integers(-n - 2, n + 2)),
            draw(st.integers(-n - 2, n + 2)),
            draw(st.sampled_from([1, 1, 2, -1, -2, 3])),
        )
        if role == "ellipsis":
            masks["ellipsis_mask"] |= 1 << i
            index.append(Ellipsis)
            axis += rank - used
        elif role == "new":
            masks["new_axis_mask"] |= 1 << i
            index.append(None)
        else:
            # After an ellipsis without axes this counts for the next axis, of another size.
            shifted = masks["ellipsis_mask"] != 0 and used == rank
            if draw(st.integers(0, 3)) == 0:
                b, s = draw(st.integers(-1, 0) if shifted else st.integers(-n, n - 1)), 1
                e = b + 1
                masks["shrink_axis_mask"] |= 1 << i
                index.append(b)
            else:
                first, last = draw(st.booleans()), draw(st.booleans())
                if shifted or not len(range(n)[slice(None if first else b, None if last else e, s)]):
                    first = last = True
                masks["begin_mask"] |= first << i
                masks["end_mask"] |= last << i
                index.append(slice(None if first else b, None if last else e, s))
            axis += 1
        begin.append(b)
        end.append(e)
        strides.append(s)
    shape = np.zeros(x.shape)[tuple(index)].shape
    # Where ends are offsets, LiteRT neither clamps them nor fills in axes that are not given, leaves outputs unwritten
    # that reach element 0 backwards, and takes one of begins, ends and strides for a constant if another is.
    offset = False
    if roles == ["axis"] * rank and draw(st.booleans()):
        slices = [at if isinstance(at, slice) else slice(at, None) for at in index]
        bounds = [at.indices(n) for at, n in zip(slices, x.shape, strict=True)]
        offset = all(last >= 0 for _, last, _ in bounds)
    if offset:
        end = [last - first for first, last, _ in bounds]
        parameters = [constant("INT32", values) for values in (begin, end, strides)]
    else:
        parameters = [draw(parameter("INT32", values)) for values in (begin, end, strides)]
    inputs = [x, *parameters]
    return one_op("STRIDED_SLICE", "STRIDED_SLICE", inputs, [_like(x, shape)], offset=offset, **masks)


@st.composite
def _split(draw: Draw, type_: str) -> Problem:
    shape = list(draw(shapes(1, 4)))
    axis = draw(st.integers(0, len(shape) - 1))
    parts = draw(st.integers(1, 4))
    shape[axis] *= parts
    x = draw(tensors(type_, shape))
    shape[axis] //= parts
    at = draw(parameter("INT32", _signed(draw, axis, len(shape))))
    return one_op("SPLIT", "SPLIT", [at, x], [_like(x, shape)] * parts, num_splits=parts)


@st.composite
def _split_v(draw: Draw, type_: str) -> Problem:
    shape = list(draw(shapes(1, 4)))
    axis = draw(st.integers(0, len(shape) - 1))
    sizes = draw(st.lists(st.integers(1, 4), min_size=1, max_size=4))
    shape[axis] = sum(sizes)
    x = draw(tensors(type_, shape))
    outs = [_like(x, [*shape[:axis], n, *shape[axis + 1 :]]) for n in sizes]
    wanted = list(sizes)
    if draw(st.booleans()):
        wanted[draw(st.integers(0, len(wanted) - 1))] = -1
    inputs = [x, draw(parameter(draw(INDEX), wanted)), draw(parameter("INT32", _signed(draw, axis, len(shape))))]
    return one_op("SPLIT_V", "SPLIT_V", inputs, outs, num_splits=len(sizes))


@st.composite
def _pack(draw: Draw, type_: str) -> Problem:
    x = draw(tensors(type_, draw(shapes(0, 4))))
    axis, count = draw(st.integers(0, len(x.shape))), draw(st.integers(1, 4))
    others = [draw(tensors(type_, x.shape, constant=None)) for _ in range(count - 1)]
    parts = [x, *(replace(other, scale=x.scale, zero_point=x.zero_point) for other in others)]
    out = _like(x, (*x.shape[:axis], count, *x.shape[axis:]))
    at = _signed(draw, axis, len(x.shape) + 1)
    return one_op("PACK", "PACK", parts, [out], values_count=count, axis=at)


@st.composite
def _unpack(draw: Draw, type_: str) -> Problem:
    x = draw(tensors(type_, draw(shapes())))
    axis = draw(st.integers(0, len(x.shape) - 1))
    outs = [_like(x, (*x.shape[:axis], *x.shape[axis + 1 :]))] * x.shape[axis]
    return one_op("UNPACK", "UNPACK", [x], outs, num=x.shape[axis], axis=_signed(draw, axis, len(x.shape)))


@st.composite
def _gather(draw: Draw, type_: str) -> Problem:
    x = draw(tensors(type_, draw(shapes(1, 4, (1, 5)))))
    axis = draw(st.integers(0, len(x.shape) - 1))
    batch = draw(st.integers(0, axis))
    shape = (*x.shape[:batch], *draw(shapes(0, 2, (1, 4))))
    rng = np.random.default_rng(draw(st.integers(0, 999)))
    places = rng.integers(0, x.shape[axis], shape)
    named = batch - len(shape) if batch and len(shape) > batch and draw(st.booleans()) else batch
    out = _like(x, (*x.shape[:axis], *shape[batch:], *x.shape[axis + 1 :]))
    indices = draw(parameter(draw(st.sampled_from(["INT16", "INT32", "INT64"])), places))
    return one_op("GATHER", "GATHER", [x, indices], [out], axis=_signed(draw, axis, len(x.shape)), batch_dims=named)


@st.composite
def _gather_nd(draw: Draw, type_: str) -> Problem:
    x = draw(tensors(type_, draw(shapes(1, 4, (1, 5)))))
    depth = draw(st.integers(1, len(x.shape)))
    rng = np.random.default_rng(draw(st.integers(0, 999)))
    around = draw(shapes(0, 2, (1, 4)))
    places = rng.integers(0, x.shape[:depth], (*around, depth))
    indices = draw(parameter(draw(st.sampled_from(["INT16", "INT32", "INT64"])), places))
    return one_op("GATHER_ND", "GATHER_ND", [x, indices], [_like(x, (*around, *x.shape[depth:]))])


@st.composite
def _blocks(draw: Draw, op: str, type_: str) -> Problem:
    b, h, w, c = draw(shapes(4, 4, (1, 4)))
    n = draw(st.integers(1, 3))
    image, deep = (b, h * n, w * n, c), (b, h, w, c * n * n)
    source, target = (deep, image) if op == "DEPTH_TO_SPACE" else (image, deep)
    x = draw(tensors(type_, source))
    return one_op(op, op, [x], [_like(x, target)], block_size=n)


@st.composite
def _shape(draw: Draw, op: str, type_: str) -> Problem:
    # LiteRT has no way to show an empty tensor, such as the shape of a scalar.
    x = draw(tensors(type_, draw(shapes(int(op == "SHAPE"), 6, (1, 3)))))
    if op == "RANK":
        return one_op(op, op, [x], [Operand("INT32", ())])
    wide = draw(st.booleans())
    return one_op(op, op, [x], [Operand("INT64" if wide else "INT32", (len(x.shape),))], out_type=4 if wide else 2)


@st.composite
def _fill(draw: Draw, type_: str) -> Problem:
    shape = draw(shapes(0, 4, (1, 5)))
    value = draw(tensors(type_, ()))
    return one_op(
        "FILL", "FILL", [draw(parameter(draw(INDEX), np.array(shape, np.int64))), value], [_like(value, shape)]
    )


@st.composite
def _arg(draw: Draw, op: str, type_: str) -> Problem:
    """Small numbers, for ties; floats also with infinities and NaN."""
    shape = draw(shapes(sizes=(1, 9)))
    axis = draw(st.integers(0, len(shape) - 1))
    rng = np.random.default_rng(draw(st.integers(0, 999)))
    lo, hi = draw(st.sampled_from([(-3, 4), (0, 2), (-128, 128)]))
    data = rng.integers(lo, hi, shape)
    if type_ == "FLOAT32":
        special = np.array([np.nan, np.inf, -np.inf, -0.0, 0.5])
        data = np.where(rng.random(shape) < draw(st.sampled_from([0.0, 0.1, 0.6])), rng.choice(special, shape), data)
    elif type_ in ("UINT8", "BOOL"):
        data = data & (255 if type_ == "UINT8" else 1)
    x = given(type_, data)
    if type_ in QUANTIZED:
        x = replace(x, scale=draw(scales()), zero_point=0)
    at = draw(parameter(draw(INDEX), _signed(draw, axis, len(shape))))
    wide = draw(st.booleans())
    out = Operand("INT64" if wide else "INT32", (*shape[:axis], *shape[axis + 1 :]))
    return one_op(op, op, [x, at], [out], output_type=4 if wide else 2)


@st.composite
def _one_of(draw: Draw, make: Callable[[str], Strategy], types: tuple[str, ...]) -> Problem:
    return draw(make(draw(st.sampled_from(types))))


def _every(op: str, make: Callable[[str], Strategy], types: tuple[str, ...]) -> dict[str, Strategy]:
    """A key for each quantized type, and one for all the others."""
    plain = tuple(type_ for type_ in types if type_ not in QUANTIZED)
    keys = {f"{op} {type_.lower()}": make(type_) for type_ in types if type_ in QUANTIZED}
    return keys | {f"{op} other types": _one_of(make, plain)}


_PADS = (*QUANTIZED, "FLOAT32", *HALVES, "INT32", "INT64", "BOOL")
_EVERYTHING = (*QUANTIZED, *ANY)
_BASIC = (*QUANTIZED, "FLOAT32", "INT32", "INT64")
_OPERATORS: list[tuple[str, Callable[[str], Strategy], tuple[str, ...]]] = [
    ("CONCATENATION", _concatenation, (*_PADS, "UINT32")),
    ("PAD", lambda type_: _pad("PAD", type_), _PADS),
    ("PADV2", lambda type_: _pad("PADV2", type_), _PADS),
    ("MIRROR_PAD", _mirror_pad, _EVERYTHING),
    ("RESHAPE", _reshape, _EVERYTHING),
    ("SQUEEZE", _squeeze, _EVERYTHING),
    ("EXPAND_DIMS", _expand_dims, _EVERYTHING),
    ("TRANSPOSE", _transpose, _EVERYTHING),
    ("SLICE", _slice, _EVERYTHING),
    ("STRIDED_SLICE", _strided_slice, _EVERYTHING),
    ("SPLIT", _split, _BASIC),
    ("SPLIT_V", _split_v, _BASIC),
    ("PACK", _pack, (*_BASIC, "UINT32")),
    ("UNPACK", _unpack, (*QUANTIZED, "FLOAT32", *HALVES, "INT32", "BOOL")),
    ("GATHER", _gather, _PADS),
    ("GATHER_ND", _gather_nd, _PADS),
    ("DEPTH_TO_SPACE", lambda type_: _blocks("DEPTH_TO_SPACE", type_), ("INT8", "UINT8", "FLOAT32", "INT32", "INT64")),
    ("SPACE_TO_DEPTH", lambda type_: _blocks("SPACE_TO_DEPTH", type_), ("INT8", "UINT8", "FLOAT32", "INT32", "INT64")),
    ("SHAPE", lambda type_: _shape("SHAPE", type_), _EVERYTHING),
    ("RANK", lambda type_: _shape("RANK", type_), _EVERYTHING),
    ("FILL", _fill, _EVERYTHING),
]
DRAWS = {key: strategy for op, make, types in _OPERATORS for key, strategy in _every(op, make, types).items()} | {
    f"{op} {type_.lower()}": _arg(op, type_)
    for op in ("ARG_MAX", "ARG_MIN")
    for type_ in ("FLOAT32", "INT8", "UINT8", "INT32", "BOOL")
}

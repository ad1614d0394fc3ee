"""Operators of one input: RELU and its kin, functions, QUANTIZE, DEQUANTIZE and CAST."""

from dataclasses import replace
from typing import Any

import numpy as np
from hypothesis import strategies as st

from intengine.model import TensorType
from tests.cases import Problem
from tests.cases._build import ALL_8, FULL_RANGE, Operand, one_op
from tests.draws._build import Draw, scales, shapes, tensors, values, zero_points
from tests.draws._scaled import QUANTIZED, near, scale_families

NARROW = {"INT4": (-8, 7), "UINT4": (0, 15), "INT2": (-2, 1)}
#: Operators whose result is about as great as their input.
LINEAR = ("RELU", "RELU6", "RELU_N1_TO_1", "RELU_0_TO_1", "LEAKY_RELU", "HARD_SWISH", "ABS")
SPECIAL = np.array([0.0, -0.0, 1e-45, -1e-45, 3.4e38, -3.4e38, np.inf, -np.inf, np.nan, 0.5, -0.5, 6.0, -3.0, 3.0])


@st.composite
def _input(draw: Draw, type_: str, scale: float | None = None, zero_point: int | None = None) -> Operand:
    """Every 8-bit number in half of the draws; floats with special values among them."""
    if type_ in ALL_8 and draw(st.booleans()):
        data = ALL_8[type_].reshape(draw(st.sampled_from([(256,), (4, 64), (1, 2, 128), (2, 2, 8, 8)])))
        x = Operand(type_, data.shape, data, 1.0, draw(zero_points(type_)))
    elif type_ == "INT16" and draw(st.booleans()):
        x = draw(tensors(type_, (draw(st.integers(200, 900)),)))
    else:
        x = draw(tensors(type_, draw(shapes())))
    if scale is None:
        if type_ in QUANTIZED:
            return replace(x, scale=None, zero_point=None)
        assert x.data is not None
        data = np.array(x.data)
        if data.dtype.kind not in "iub" and draw(st.booleans()):
            rng = np.random.default_rng(data.size)
            special = rng.random(data.shape) < 0.3
            with np.errstate(over="ignore"):
                data[special] = rng.choice(SPECIAL, data.shape).astype(data.dtype)[special]
        return replace(x, data=data)
    return replace(x, scale=scale, zero_point=x.zero_point if zero_point is None else zero_point)


@st.composite
def _linear(draw: Draw, op: str, type_: str) -> Problem:
    options: dict[str, Any] = {}
    if op == "LEAKY_RELU":
        alphas = st.one_of(st.sampled_from([0.0, 0.25, -0.5, 1.0, 1.5, -1.0]), st.floats(-2, 2, width=32))
        options["alpha"] = draw(alphas)
    if type_ not in QUANTIZED:
        x = draw(_input(type_))
        return one_op(op, op, [x], [Operand(type_, x.shape)], **options)
    scale = draw(draw(scale_families()))
    x = draw(_input(type_, scale))
    # HARD_SWISH takes no output scale below 1/128 of the input's.
    out = draw(near(type_, x.shape, scale))
    if op == "ABS" and draw(st.integers(0, 2)) == 0:
        out = replace(out, scale=x.scale)
    return one_op(op, op, [x], [out], **options)


@st.composite
def _sigmoid(draw: Draw, op: str, type_: str) -> Problem:
    """The output's scale is fixed, but that of 8-bit TANH."""
    if type_ == "INT16":
        scale = draw(st.one_of(st.integers(-16, -8).map(lambda e: 2.0**e), scales(2.0**-16, 2.0**-8)))
        x = draw(_input(type_, scale))
        return one_op(op, op, [x], [Operand(type_, x.shape, None, 2.0**-15, 0)])
    x = draw(_input(type_, draw(scales(2.0**-9, 0.5))))
    if op == "LOGISTIC":
        out = Operand(type_, x.shape, None, 1 / 256, draw(zero_points(type_)))
    else:
        out = draw(near(type_, x.shape, 1 / 128, -2, 1))
    return one_op(op, op, [x], [out])


@st.composite
def _function(draw: Draw, op: str, type_: str) -> Problem:
    """EXP, LOG, SQRT and RSQRT: outputs of the function's size at half the input's range."""
    half = 64 if type_ == "INT8" else 16384
    scale = draw(st.one_of(st.integers(-7, 0).map(lambda e: 2.0**e), scales(2.0**-8, 1.0))) * 4 / half
    from_zero = op in ("SQRT", "RSQRT")
    zero_point = None
    if from_zero and type_ == "INT8":
        zero_point = draw(st.one_of(st.just(-128), st.integers(-128, 120)))
    x = draw(_input(type_, float(np.float32(scale)), zero_point))
    if from_zero:
        # Below the zero point LiteRT fails.
        assert x.data is not None
        x = replace(x, data=np.maximum(x.data, x.data.dtype.type(x.zero_point)))
    with np.errstate(all="ignore"):
        middle = np.float32(scale * half)
        size = {
            "EXP": np.exp,
            "LOG": lambda v: abs(np.log(v)) + 0.5,
            "SQRT": np.sqrt,
            "RSQRT": lambda v: 1 / np.sqrt(v),
        }
        like = float(size[op](middle)) / half
    return one_op(op, op, [x], [draw(near(type_, x.shape, like, -2, 2))])


@st.composite
def _plain(draw: Draw, op: str, type_: str) -> Problem:
    x = draw(_input(type_))
    return one_op(op, op, [x], [Operand(type_, x.shape)])


@st.composite
def _negated(draw: Draw, type_: str) -> Problem:
    """Quantization has no say."""
    x = draw(_input(type_, draw(scales())))
    return one_op("NEG", "NEG", [x], [draw(near(type_, x.shape, 1.0))])


@st.composite
def _channels(draw: Draw, type_: str, shape: tuple[int, ...], zero: bool) -> dict[str, Any]:
    """Scales along one axis."""
    axis = draw(st.integers(0, len(shape) - 1))
    rng = np.random.default_rng(draw(st.integers(0, 999)))
    few = [draw(scales(2.0**-6, 1.0)) for _ in range(4)]
    lo, hi = (0, 0) if zero else NARROW.get(type_) or FULL_RANGE[type_]
    points = rng.integers(lo, hi + 1, shape[axis])
    return {"scale": rng.choice(np.array(few, np.float32), shape[axis]), "zero_point": points, "axis": axis}


@st.composite
def _quantize(draw: Draw, target: str, *, per_channel: bool = False) -> Problem:
    """Floats that lie at halves of the output's steps, or anywhere."""
    x = draw(_input("FLOAT32"))
    assert x.data is not None
    if target in ("INT4", "UINT4"):
        out = Operand(target, x.shape, None, draw(scales(2.0**-4, 4.0)), draw(st.integers(0, 7)))
    else:
        out = draw(near(target, x.shape, 4 / FULL_RANGE[target][1]))
    if per_channel:
        out = replace(out, **draw(_channels(target, x.shape, zero=target == "INT16")))
    elif draw(st.booleans()):
        rng = np.random.default_rng(x.data.size)
        steps = rng.integers(-300, 300, x.shape) / 2
        x = replace(x, data=(steps * np.float32(out.scale)).astype(np.float32))
    return one_op("QUANTIZE", "QUANTIZE", [x], [out])


@st.composite
def _requantize(draw: Draw, source: str, target: str) -> Problem:
    if source == "INT32":
        x = draw(tensors(source, draw(shapes())))
        assert x.data is not None
        x = replace(x, data=x.data >> draw(st.integers(0, 24)), scale=draw(draw(scale_families())), zero_point=0)
    else:
        x = draw(_input(source, draw(draw(scale_families()))))
    assert x.data is not None
    widths = {"INT8": 8, "UINT8": 8, "INT16": 16, "INT32": 32}
    magnitude = float(np.abs(np.asarray(x.data, np.float64)).max(initial=1.0))
    like = x.scale * magnitude / 2.0 ** (min(widths[target], 18) - 1)
    out = draw(near(target, x.shape, like))
    if target in QUANTIZED and draw(st.integers(0, 3)) == 0:
        flipped = {"INT8": 128, "UINT8": -128}.get(source, 0) if source != target else 0
        point = int(np.clip((x.zero_point or 0) + flipped, *FULL_RANGE[target])) if target != "INT16" else 0
        out = replace(out, scale=x.scale, zero_point=point)
    return one_op("QUANTIZE", "QUANTIZE", [x], [out])


@st.composite
def _narrow(draw: Draw, type_: str) -> Operand:
    """A constant: inputs of these types cannot be set from Python."""
    shape = draw(shapes())
    lo, hi = NARROW[type_]
    data = np.random.default_rng(draw(st.integers(0, 999))).integers(lo, hi + 1, shape)
    return Operand(type_, shape, data.astype(TensorType[type_].dtype), constant=True)


@st.composite
def _dequantize(draw: Draw, source: str, *, per_channel: bool = False) -> Problem:
    if source in NARROW:
        x = replace(draw(_narrow(source)), scale=draw(scales()), zero_point=draw(st.integers(*NARROW[source])))
    elif source == "FLOAT16":
        x = draw(_input(source))
    else:
        x = draw(_input(source, draw(scales())))
    if per_channel:
        zero = source in ("INT16",)
        x = replace(x, constant=True, **draw(_channels(source, x.shape, zero)))
    return one_op("DEQUANTIZE", "DEQUANTIZE", [x], [Operand("FLOAT32", x.shape)])


@st.composite
def _cast(draw: Draw, source: str) -> Problem:
    narrow = source in NARROW
    others = [t for t in (*CASTS, *(NARROW if source == "FLOAT32" else ())) if t != source]
    target = "FLOAT32" if narrow else draw(st.sampled_from(others))
    if narrow:
        x = draw(_narrow(source))
    elif source in FLOATS:
        x = draw(_input(source))
    else:
        shape = draw(shapes())
        x = Operand(source, shape, np.asarray(draw(values(source, shape))))
    types = {"in_data_type": int(TensorType[source]), "out_data_type": int(TensorType[target])}
    return one_op("CAST", "CAST", [x], [Operand(target, x.shape)], **types)


FLOATS = ("FLOAT32", "FLOAT16", "BFLOAT16", "FLOAT64", "COMPLEX64")
#: LiteRT refuses 8-bit floats, and takes narrow integers from and to float32 only.
CASTS = (*FLOATS, "INT8", "UINT8", "INT16", "UINT16", "INT32", "UINT32", "INT64", "BOOL")
_LINEAR_TYPES = {
    "HARD_SWISH": ("INT8", "UINT8", "FLOAT32"),
    "ABS": ("INT8", "INT16", "INT32", "FLOAT32"),
    "RELU_N1_TO_1": ("INT8", "UINT8", "FLOAT32"),
    "RELU_0_TO_1": ("INT8", "UINT8", "FLOAT32"),
}
_PLAIN = {
    "LOGISTIC": ("FLOAT32", "FLOAT16", "BFLOAT16"),
    "TANH": ("FLOAT32", "FLOAT16", "BFLOAT16"),
    "EXP": ("FLOAT32",),
    "LOG": ("FLOAT32",),
    "SQRT": ("FLOAT32",),
    "RSQRT": ("FLOAT32",),
    "NEG": ("FLOAT32", "FLOAT16", "BFLOAT16", "INT32", "INT64"),
}
_PAIRS = [
    *((a, b) for a in ("INT8", "UINT8") for b in QUANTIZED),
    *(("INT16", b) for b in ("INT8", "INT16", "INT32")),
    *(("INT32", b) for b in ("INT8", "INT16")),
]
DRAWS = (
    {
        f"{op} {type_.lower()}": _linear(op, type_)
        for op in LINEAR
        for type_ in _LINEAR_TYPES.get(op, (*QUANTIZED, "FLOAT32"))
    }
    | {f"{op} {type_.lower()}": _sigmoid(op, type_) for op in ("LOGISTIC", "TANH") for type_ in QUANTIZED}
    | {
        f"{op} {type_.lower()}": _function(op, type_)
        for op in ("EXP", "LOG", "SQRT", "RSQRT")
        for type_ in ("INT8", "INT16")
    }
    | {f"{op} {type_.lower()}": _plain(op, type_) for op, types in _PLAIN.items() for type_ in types}
    | {f"NEG {type_.lower()}": _negated(type_) for type_ in ("INT8", "INT16")}
    | {f"QUANTIZE float32 to {type_.lower()}": _quantize(type_) for type_ in (*QUANTIZED, "INT4", "UINT4")}
    | {f"QUANTIZE float32 to {type_.lower()} per-channel": _quantize(type_, per_channel=True) for type_ in QUANTIZED}
    | {f"QUANTIZE {a.lower()} to {b.lower()}": _requantize(a, b) for a, b in _PAIRS}
    | {f"DEQUANTIZE {type_.lower()}": _dequantize(type_) for type_ in (*QUANTIZED, *NARROW, "FLOAT16")}
    | {
        f"DEQUANTIZE {type_.lower()} per-channel": _dequantize(type_, per_channel=True)
        for type_ in ("INT8", "UINT8", *NARROW)
    }
    | {f"CAST {type_.lower()}": _cast(type_) for type_ in (*CASTS, *NARROW)}
)

"""CONV_2D, DEPTHWISE_CONV_2D, FULLY_CONNECTED, TRANSPOSE_CONV and BATCH_MATMUL."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from hypothesis import assume
from hypothesis import strategies as st
from numpy.typing import NDArray

import intengine
from intengine.writer import ModelBuilder
from tests.cases import Problem
from tests.cases._build import Operand, constant, one_op
from tests.cases._matrix import RANGES, SAME, VALID, Scheme, Sums, near_halves, quantized, real
from tests.draws._build import Draw, shapes, tensors
from tests.draws._scaled import ACTIVATIONS, near, scale_families, scaled
from tests.spec import matrix

#: Depths and numbers of channels: about the widths of vectors, and small ones.
CHANNELS = st.one_of(st.integers(1, 5), st.sampled_from([7, 8, 15, 16, 17, 24, 33]))
SEEDS = st.integers(0, 2**20)
Before = Callable[[ModelBuilder, Sequence[int]], list[int]]


@dataclass(frozen=True, kw_only=True)
class Geometry:
    """What a drawn operator looks like.

    Attributes:
        axis: of the filter's output channels. sums: see `quantized`. before: adds inputs before the operator's own.
    """

    op: str
    x: tuple[int, ...]
    w: tuple[int, ...]
    out: tuple[int, ...]
    sums: Sums
    axis: int = 0
    before: Before | None = None
    options: dict[str, Any] = field(default_factory=dict)

    @property
    def channels(self) -> int:
        return self.w[self.axis]


#: Rows or columns of a window: more than 5 x 5 taps, from where XNNPACK adds up in another order.
_LARGEST = 7


@st.composite
def _window(
    draw: Draw, sizes: Sequence[int]
) -> tuple[list[int], int, tuple[int, int], tuple[int, int], dict[str, Any]]:
    """(kernel sizes, padding, strides, dilations, options); VALID windows fit into the image."""
    padding = draw(st.sampled_from([SAME, VALID]))
    kernel, strides, dilations = [], [], []
    for size in sizes:
        k = draw(st.integers(1, min(size, _LARGEST) if padding == VALID else _LARGEST))
        reach = (size - 1) // (k - 1) if padding == VALID and k > 1 else 3
        dilations.append(draw(st.sampled_from([1, 1, min(2, reach), min(3, reach)])))
        kernel.append(k)
        strides.append(draw(st.sampled_from([1, 1, 2, 3])))
    stride, dilation = (strides[0], strides[1]), (dilations[0], dilations[1])
    options = {
        "padding": padding, "stride_h": stride[0], "stride_w": stride[1],
        "dilation_h_factor": dilation[0], "dilation_w_factor": dilation[1],
    }  # fmt: skip
    return kernel, padding, stride, dilation, options


@st.composite
def _conv(draw: Draw, *, grouped: bool = True) -> Geometry:
    batch, h, w = draw(st.integers(1, 2)), draw(st.integers(1, 7)), draw(st.integers(1, 7))
    groups = draw(st.sampled_from([1, 1, 1, 2, 3])) if grouped else 1
    depth, channels = draw(CHANNELS), draw(CHANNELS)
    if groups > 1:
        depth, channels = draw(st.integers(1, 9)), groups * draw(st.integers(1, 9))
    kernel, padding, stride, dilation, options = draw(_window((h, w)))
    same = padding == SAME
    x, weights = (batch, h, w, groups * depth), (channels, *kernel, depth)
    *_, out_h, out_w = matrix.geometry(x, *kernel, same=same, stride=stride, dilation=dilation)

    def sums(a: NDArray[Any], b: NDArray[Any]) -> NDArray[Any]:
        return matrix.conv(a, b, same=same, stride=stride, dilation=dilation)

    return Geometry(op="CONV_2D", x=x, w=weights, out=(batch, out_h, out_w, channels), sums=sums, options=options)


@st.composite
def _depthwise(draw: Draw) -> Geometry:
    batch, h, w = draw(st.integers(1, 2)), draw(st.integers(1, 7)), draw(st.integers(1, 7))
    depth, multiplier = draw(CHANNELS), draw(st.sampled_from([1, 1, 2, 3, 8]))
    kernel, padding, stride, dilation, options = draw(_window((h, w)))
    same = padding == SAME
    x, weights = (batch, h, w, depth), (1, *kernel, depth * multiplier)
    *_, out_h, out_w = matrix.geometry(x, *kernel, same=same, stride=stride, dilation=dilation)

    def sums(a: NDArray[Any], b: NDArray[Any]) -> NDArray[Any]:
        return matrix.depthwise_conv(a, b, same=same, stride=stride, dilation=dilation)

    return Geometry(
        op="DEPTHWISE_CONV_2D", x=x, w=weights, out=(batch, out_h, out_w, weights[3]), sums=sums, axis=3,
        options=options | {"depth_multiplier": multiplier},
    )  # fmt: skip


@st.composite
def _fully_connected(draw: Draw) -> Geometry:
    around = draw(shapes(0, 3, (1, 3)))
    depth = draw(st.one_of(CHANNELS, st.sampled_from([31, 32, 48, 65])))
    channels = draw(CHANNELS)
    x, keep = (*around, depth), bool(around) and draw(st.booleans())
    out = (*around, channels) if keep else (int(np.prod(around, dtype=int)), channels)

    def sums(a: NDArray[Any], b: NDArray[Any]) -> NDArray[Any]:
        return matrix.fully_connected(a.reshape(-1, depth), b).reshape(out)

    return Geometry(op="FULLY_CONNECTED", x=x, w=(channels, depth), out=out, sums=sums, options={"keep_num_dims": keep})


@st.composite
def _transpose_conv(draw: Draw) -> Geometry:
    """The output's size is any whose convolution has the input's size."""
    batch, depth, channels = draw(st.integers(1, 2)), draw(CHANNELS), draw(CHANNELS)
    padding = draw(st.sampled_from([SAME, VALID]))
    here, there, kernel, strides = [], [], [], []
    for _ in range(2):
        n, k, s = draw(st.integers(1, 5)), draw(st.integers(1, 4)), draw(st.integers(1, 3))
        more = draw(st.integers(0, s - 1))
        there.append(n * s - more if padding == SAME else (n - 1) * s + k + more)
        here.append(n)
        kernel.append(k)
        strides.append(s)
    x, out = (batch, *here, depth), (batch, *there, channels)
    stride = (strides[0], strides[1])

    def sums(a: NDArray[Any], b: NDArray[Any]) -> NDArray[Any]:
        return matrix.transpose_conv(a, b, out, same=padding == SAME, stride=stride)

    computed = draw(st.integers(0, 4)) == 0

    def before(b: ModelBuilder, _: object) -> list[int]:
        shape = np.array(out, np.int32)
        if not computed:
            return [b.tensor("output_shape", "INT32", (4,), shape)]
        # The shape of a tensor made while running: a constant plus zeros.
        parts = [b.tensor(f"part{i}", "INT32", (4,), value) for i, value in enumerate((shape, 0 * shape))]
        total = b.tensor("output_shape", "INT32", (4,))
        b.op("ADD", parts, [total])
        return [total]

    return Geometry(
        op="TRANSPOSE_CONV", x=x, w=(channels, *kernel, depth), out=out, sums=sums, before=before,
        options={"padding": padding, "stride_h": stride[0], "stride_w": stride[1]},
    )  # fmt: skip


def _without_bias(op: str) -> st.SearchStrategy[bool]:
    """CONV_2D needs a bias; without one LiteRT's optimized kernel of DEPTHWISE_CONV_2D crashes, which takes time."""
    if op == "CONV_2D":
        return st.just(False)
    return st.integers(0, 19 if op == "DEPTHWISE_CONV_2D" else 4).map(lambda n: n == 1)


@st.composite
def _quantized(
    draw: Draw, geometries: st.SearchStrategy[Geometry], activation: str, weights: str, *, per_channel: bool,
    bias: str | None = "INT32", optional_bias: bool = True, filter_points: bool = False, **options: Any,
) -> Problem:  # fmt: skip
    g = draw(geometries)
    ends = RANGES[activation]
    points = (
        st.just(0) if activation == "INT16" else st.one_of(st.sampled_from([*ends, sum(ends) // 2]), st.integers(*ends))
    )
    scheme = Scheme(
        activation=activation,
        weights=weights,
        bias=None if optional_bias and draw(_without_bias(g.op)) else bias,
        per_channel=per_channel,
        powers_of_two=draw(st.booleans()),
        odd_scales=per_channel and draw(st.integers(0, 9)) == 0,
        input_zero_point=draw(points),
        output_zero_point=draw(points),
        weight_zero_point=draw(st.integers(*RANGES[weights])) if filter_points else 0,
    )
    problem = quantized(
        g.op, g.op, g.x, g.w, g.sums, scheme, axis=g.axis, seed=draw(SEEDS), activation=draw(ACTIVATIONS),
        before=g.before, **g.options, **options,
    )  # fmt: skip
    if activation == "INT16":
        # After an int64 sum LiteRT shifts by 14 bits less the multiplier's exponent, which means nothing below 0.
        x, w, *_, y = intengine.load(problem.model).main.tensors
        multipliers = np.abs(w.quantization.scale) * x.quantization.scale / y.quantization.scale
        assume(bool((multipliers < 2.0**14).all()))
    return problem


@st.composite
def _dense_int16(draw: Draw, activation: str, weights: str, bias: str, *, per_channel: bool = False) -> Problem:
    """FULLY_CONNECTED with int16 outputs and what gives them besides int8 weights, which may also be computed."""
    g = draw(_DENSE)
    family = draw(scale_families())
    one, other = draw(family), draw(family)
    x = draw(scaled(activation, g.x, one))
    w = draw(scaled(weights, g.w, other, constant=None))
    spread = 64.0 * (64.0 if activation == "UINT8" else 2.0**16)
    y = replace(draw(near("INT16", g.out, one * other * spread * np.sqrt(g.w[1]) / 128, -3, 3)), zero_point=0)
    if per_channel:
        scale = other * np.exp2(draw(st.lists(st.floats(-2, 2), min_size=g.channels, max_size=g.channels)))
        w = replace(w, scale=scale.astype(np.float32), zero_point=np.zeros(g.channels, np.int64))
    numbers = np.random.default_rng(draw(SEEDS)).integers(-(2**24), 2**24, g.channels)
    b = constant(bias, numbers, np.float32(one) * w.scale, 0 * np.asarray(w.zero_point))
    options = {"fused_activation_function": draw(ACTIVATIONS), **g.options}
    if bias == "INT64":
        # Without this LiteRT takes the bytes of an int64 bias for int32.
        options["quantized_bias_type"] = 4
    return one_op(g.op, g.op, [x, w, b], [y], **options)


@st.composite
def _real(
    draw: Draw, geometries: st.SearchStrategy[Geometry], weights: str = "FLOAT32", *, per_channel: bool = False,
    **options: Any,
) -> Problem:  # fmt: skip
    """Float activations, sometimes at halves of what they are quantized to; now and then the least weight of all."""
    g = draw(geometries)
    seed = draw(SEEDS)
    rng = np.random.default_rng(seed)
    x, w = None, None
    kind = draw(st.sampled_from(["normal", "normal", "halves", "positive", "zero rows"]))
    if kind == "halves":
        x = near_halves(rng, g.x)
    elif kind != "normal":
        x = np.abs(rng.standard_normal(g.x)).astype(np.float32) * np.float32(draw(st.sampled_from([1e-3, 1.0, 300.0])))
        if kind == "zero rows":
            x[rng.random(g.x) < 0.5] = 0
            x[rng.random(g.x[0]) < 0.5] = 0
    if weights != "FLOAT32" and draw(st.integers(0, 3)) == 0:
        w = rng.choice([RANGES[weights][0], RANGES[weights][0] + 1, 0, RANGES[weights][1]], g.w)
    return real(
        g.op, g.op, g.x, g.w, g.out, weights=weights, per_channel=per_channel,
        bias=not draw(_without_bias(g.op)),
        axis=g.axis, channels=g.channels, seed=seed, activation=draw(ACTIVATIONS), x=x, w=w, before=g.before,
        **g.options, **options,
    )  # fmt: skip


@st.composite
def _batch_matmul(draw: Draw, left: str, right: str) -> Problem:
    around = draw(shapes(0, 3, (1, 3)))
    first, second = (tuple(1 if draw(st.integers(0, 3)) == 0 else n for n in around) for _ in range(2))
    cut = draw(st.integers(0, len(around))) if draw(st.booleans()) else 0
    first, second = draw(st.permutations([first, second[cut:]]))
    m, k, n = draw(st.integers(1, 6)), draw(CHANNELS), draw(CHANNELS)
    adj_x, adj_y = draw(st.booleans()), draw(st.booleans())
    a_shape, b_shape = (*first, *((k, m) if adj_x else (m, k))), (*second, *((n, k) if adj_y else (k, n)))
    shape = (*np.broadcast_shapes(first, second), m, n)
    if left == "FLOAT32":
        a, b = draw(tensors(left, a_shape)), draw(tensors(right, b_shape, constant=None))
        out = Operand(left, shape)
    else:
        family = draw(scale_families())
        one, other = draw(family), draw(family)
        a, b = draw(scaled(left, a_shape, one)), draw(scaled(right, b_shape, other, constant=None))
        if left == "INT16":
            b = replace(b, zero_point=0)
        spread = {"INT8": 64.0, "INT16": 16384.0}
        # The arithmetic after an int64 sum is made for multipliers below 2**7.
        out = draw(near(left, shape, one * other * np.sqrt(k) * spread[right], -4 if left == "INT8" else -3, 2))
    return one_op("BATCH_MATMUL", "BATCH_MATMUL", [a, b], [out], adj_x=adj_x, adj_y=adj_y)


_CONV, _DEPTHWISE, _DENSE, _BACK = _conv(), _depthwise(), _fully_connected(), _transpose_conv()
_ALL = {"CONV_2D": _CONV, "DEPTHWISE_CONV_2D": _DEPTHWISE, "FULLY_CONNECTED": _DENSE, "TRANSPOSE_CONV": _BACK}
_DECLARED = {"quantized_bias_type": 2}
DRAWS = (
    {
        f"{op} int8 {name}": _quantized(geometries, "INT8", "INT8", per_channel=name == "per-channel")
        for op, geometries in _ALL.items()
        for name in ("per-channel", "per-tensor")
    }
    | {
        f"{op} uint8": _quantized(geometries, "UINT8", "UINT8", per_channel=False, filter_points=True)
        for op, geometries in _ALL.items()
    }
    | {
        f"{op} int16 x int8": _quantized(geometries, "INT16", "INT8", per_channel=True, bias="INT64")
        for op, geometries in _ALL.items()
    }
    | {
        f"{op} int16 x int8, int32 bias": _quantized(
            geometries, "INT16", "INT8", per_channel=True, optional_bias=op != "TRANSPOSE_CONV", **_DECLARED
        )
        for op, geometries in _ALL.items()
        if op != "DEPTHWISE_CONV_2D"
    }
    | {
        f"{op} {weights.lower()} {name}": _quantized(_ALL[op], "INT8", weights, per_channel=name == "per-channel")
        for op, weights in (
            ("CONV_2D", "INT4"),
            ("DEPTHWISE_CONV_2D", "INT4"),
            ("FULLY_CONNECTED", "INT4"),
            ("FULLY_CONNECTED", "INT2"),
        )
        for name in ("per-channel", "per-tensor")
    }
    | {
        "CONV_2D int16 x int4": _quantized(_CONV, "INT16", "INT4", per_channel=True, bias="INT64"),
        "FULLY_CONNECTED int16 x int4": _quantized(_DENSE, "INT16", "INT4", per_channel=True, bias="INT64"),
        "CONV_2D int16 x int8 per-tensor": _quantized(_CONV, "INT16", "INT8", per_channel=False, bias="INT64"),
        "FULLY_CONNECTED int16 x int8 per-tensor": _quantized(_DENSE, "INT16", "INT8", per_channel=False, bias="INT64"),
        "FULLY_CONNECTED int8 filter zero points": _quantized(
            _DENSE, "INT8", "INT8", per_channel=False, filter_points=True
        ),
    }
    | {
        "FULLY_CONNECTED uint8 to int16": _dense_int16("UINT8", "UINT8", "INT32"),
        "FULLY_CONNECTED int16": _dense_int16("INT16", "INT16", "INT64"),
        "FULLY_CONNECTED int16, int32 bias": _dense_int16("INT16", "INT16", "INT32"),
        "FULLY_CONNECTED int16 per-channel": _dense_int16("INT16", "INT16", "INT64", per_channel=True),
    }
    | {f"{op} float32": _real(geometries) for op, geometries in _ALL.items()}
    | {
        "CONV_2D hybrid per-tensor": _real(_conv(grouped=False), "INT8"),
        "CONV_2D hybrid per-channel": _real(_CONV, "INT8", per_channel=True),
        "CONV_2D hybrid uint8": _real(_conv(grouped=False), "UINT8"),
        "CONV_2D hybrid int4 per-channel": _real(_CONV, "INT4", per_channel=True),
        "CONV_2D hybrid int4 per-tensor": _real(_conv(grouped=False), "INT4"),
        # With one scale for all channels LiteRT reads scales that are not there.
        "DEPTHWISE_CONV_2D hybrid per-channel": _real(_DEPTHWISE, "INT8", per_channel=True),
        "TRANSPOSE_CONV hybrid per-tensor": _real(_BACK, "INT8"),
        "TRANSPOSE_CONV hybrid per-channel": _real(_BACK, "INT8", per_channel=True),
    }
    | {
        f"FULLY_CONNECTED hybrid {weights.lower()} {name}{' asymmetric' if asymmetric else ''}": _real(
            _DENSE, weights, per_channel=name == "per-channel", asymmetric_quantize_inputs=asymmetric
        )
        for weights in ("INT8", "UINT8", "INT4", "INT2")
        for name in ("per-channel", "per-tensor")
        for asymmetric in (False, True)
    }
    | {
        f"BATCH_MATMUL {left.lower()}{' x ' + right.lower() if left != right else ''}": _batch_matmul(left, right)
        for left, right in (("INT8", "INT8"), ("INT16", "INT16"), ("INT16", "INT8"), ("FLOAT32", "FLOAT32"))
    }
)

"""What the matrix operators refuse, as LiteRT does, and the little that they take beyond it."""

from typing import Any

import numpy as np
import pytest

import intengine
from intengine.errors import InvalidModelError, UnsupportedError
from intengine.runners import LiteRTRunner, RunnerError
from intengine.writer import ModelBuilder
from tests.cases._matrix import real

Refused = (InvalidModelError, UnsupportedError)


def model(
    op: str = "CONV_2D",
    *,
    x: tuple[Any, ...] = ("INT8", (1, 4, 4, 2)),
    w: tuple[Any, ...] = ("INT8", (3, 2, 2, 2)),
    bias: tuple[Any, ...] | None = ("INT32", (3,)),
    y: str | None = None,
    w_scale: Any = 0.5,
    w_zero_point: Any = None,
    x_zero_point: int = 0,
    axis: int = 0,
    out: tuple[int, ...] = (1, 4, 4, 3),
    shape: Any = None,
    bias_value: int = 1,
    **options: int,
) -> bytes:
    """A small matrix operator with one thing wrong."""
    b = ModelBuilder()
    quantized = {} if x[0] == "FLOAT32" else {"scale": 0.5}
    here = b.tensor("x", *x, **quantized, **({"zero_point": x_zero_point} if quantized else {}))
    data = np.ones(w[1], np.float32 if w[0] == "FLOAT32" else np.int64)
    scale = {} if w[0] == "FLOAT32" else {"scale": w_scale, "zero_point": w_zero_point, "axis": axis}
    operands = [here, b.tensor("w", *w, data, **scale)]
    if op == "TRANSPOSE_CONV":
        operands = [b.tensor("shape", "INT32", (len(out),), np.array(out) if shape is None else shape), *operands[::-1]]
    if bias:
        b_data = np.full(bias[1], bias_value, np.float32 if bias[0] == "FLOAT32" else np.int64)
        operands.append(b.tensor("bias", *bias, b_data, scale=None if bias[0] == "FLOAT32" else 0.25))
    there = b.tensor("y", y or x[0], out, **quantized)
    if op in ("CONV_2D", "DEPTHWISE_CONV_2D", "TRANSPOSE_CONV"):
        options = {"stride_h": 1, "stride_w": 1, **options}
    b.op(op, operands, [there], version=4 if op == "TRANSPOSE_CONV" else 1, options=options)
    return b.to_bytes([here], [there])


FC = {"op": "FULLY_CONNECTED", "x": ("INT8", (2, 4)), "w": ("INT8", (3, 4)), "out": (2, 3)}
DW = {"op": "DEPTHWISE_CONV_2D", "w": ("INT8", (1, 2, 2, 2)), "bias": ("INT32", (2,)), "out": (1, 4, 4, 2)}
TC = {"op": "TRANSPOSE_CONV"}
INT16 = {"x": ("INT16", (1, 4, 4, 2))}
FLOAT = {"x": ("FLOAT32", (1, 4, 4, 2)), "w": ("FLOAT32", (3, 2, 2, 2)), "bias": ("FLOAT32", (3,))}

REFUSED: dict[str, dict[str, Any]] = {
    "bias_too_wide": {"bias": ("INT64", (3,))},
    "bias_too_short": {"bias": ("INT32", (2,))},
    "bias_not_integer": {"bias": ("FLOAT32", (3,))},
    "int16_bias_declared_otherwise": {**INT16, "bias": ("INT64", (3,)), "quantized_bias_type": 2},
    "int16_zero_point": {**INT16, "bias": ("INT64", (3,)), "x_zero_point": 1},
    "filter_zero_point": {"w_zero_point": [1]},
    "filter_scales_too_few": {"w_scale": [0.5, 0.25]},
    "filter_scales_along_another_axis": {"w_scale": [0.5, 0.25, 1.0], "axis": 3},
    "filter_scale_nan": {"w_scale": float("nan")},
    "filter_without_scale": {"w_scale": None},
    "filter_3d": {"w": ("INT8", (3, 2, 2))},
    "filter_int2": {"w": ("INT2", (3, 2, 2, 2))},
    "filter_uint8": {"w": ("UINT8", (3, 2, 2, 2))},
    "filter_empty": {"w": ("INT8", (3, 0, 2, 2))},
    "input_3d": {"x": ("INT8", (4, 4, 2))},
    "input_channels_not_divisible": {"w": ("INT8", (3, 2, 2, 3))},
    "output_channels_not_divisible": {"w": ("INT8", (3, 2, 2, 1))},
    "output_type": {"y": "INT16"},
    "no_stride": {"stride_h": 0},
    "negative_dilation": {"dilation_w_factor": -1},
    "no_such_padding": {"padding": 7},
    "no_such_activation": {"fused_activation_function": 77},
    "float_bias_integer": {**FLOAT, "bias": ("INT32", (3,))},
    "hybrid_int2": {**FLOAT, "w": ("INT2", (3, 2, 2, 2))},
    "hybrid_filter_zero_point": {**FLOAT, "w": ("INT8", (3, 2, 2, 2)), "w_zero_point": [1]},
    "fc_filter_3d": {**FC, "w": ("INT8", (3, 2, 2))},
    "fc_input_not_divisible": {**FC, "x": ("INT8", (3, 3))},
    "fc_dimensions_not_kept": {**FC, "x": ("INT8", (4, 2)), "keep_num_dims": True},
    "fc_weights_format": {**FC, "weights_format": 1},
    "fc_activation_tanh": {**FC, "fused_activation_function": 4},
    "fc_bias_too_wide": {**FC, "bias": ("INT64", (3,))},
    "dw_filter_of_two": {**DW, "w": ("INT8", (2, 2, 2, 2))},
    "dw_channels_not_a_multiple": {**DW, "w": ("INT8", (1, 2, 2, 3)), "bias": ("INT32", (3,))},
    "dw_int16_bias": {**DW, **INT16},
    "dw_int16_int4": {**DW, **INT16, "bias": ("INT64", (2,)), "w": ("INT4", (1, 2, 2, 2))},
    "dw_hybrid_int4": {**DW, "x": FLOAT["x"], "bias": ("FLOAT32", (2,)), "w": ("INT4", (1, 2, 2, 2)),
        "axis": 3, "w_scale": [1, 1]},
    "tc_sizes_do_not_fit": {**TC, "out": (1, 9, 9, 3)},
    "tc_other_batch": {**TC, "out": (2, 4, 4, 3)},
    "tc_other_channels": {**TC, "out": (1, 4, 4, 2)},
    "tc_shape_of_three": {**TC, "out": (4, 4, 3)},
    "tc_negative_shape": {**TC, "shape": np.array([1, -4, 4, 3])},
    "tc_input_channels": {**TC, "w": ("INT8", (3, 2, 2, 3))},
    "tc_int4": {**TC, "w": ("INT4", (3, 2, 2, 2))},
    "tc_bias_too_wide": {**TC, "bias": ("INT64", (3,))},
    "tc_no_stride": {**TC, "stride_w": 0},
    "tc_hybrid_int4": {**TC, "x": FLOAT["x"], "w": ("INT4", (3, 2, 2, 2)), "bias": ("FLOAT32", (3,))},
}  # fmt: skip
#: What LiteRT runs all the same: it reads memory as another type or past its end, or checks nothing.
LITERT_RUNS = {
    "dw_int16_int4",
    "fc_bias_too_wide", "filter_scale_nan", "no_such_activation", "hybrid_int2", "hybrid_filter_zero_point",
    "fc_input_not_divisible",
}  # fmt: skip


@pytest.mark.parametrize("what", REFUSED)
def test_it_is_refused_with_a_reason(what: str) -> None:
    with pytest.raises(Refused) as refusal:
        intengine.Interpreter(model(**REFUSED[what]))
    assert str(refusal.value)


@pytest.mark.oracle
def test_litert_refuses_it_too_or_computes_nonsense() -> None:
    pytest.importorskip("ai_edge_litert")
    taken = set()
    with LiteRTRunner("reference") as litert:
        for what, given in REFUSED.items():
            data = model(**given)
            graph = intengine.load(data).main
            (source,) = (graph.tensors[i] for i in graph.inputs)
            try:
                litert.load(data)
                litert.run({source.index: np.ones(source.shape, source.type.dtype)}, graph.outputs)
                taken.add(what)
            except RunnerError:
                continue
    assert taken == LITERT_RUNS


@pytest.mark.parametrize("kind", ["INT8", "INT16", "FLOAT32", "hybrid"])
def test_a_convolution_without_bias_has_a_bias_of_zero(kind: str) -> None:
    """LiteRT refuses CONV_2D without bias."""
    is_real = kind in ("FLOAT32", "hybrid")
    x: tuple[Any, ...] = ("FLOAT32" if is_real else kind, (1, 4, 4, 2))
    w = ("FLOAT32" if kind == "FLOAT32" else "INT8", (3, 2, 2, 2))
    zeros = ("FLOAT32" if is_real else "INT32" if kind == "INT8" else "INT64", (3,))
    found = []
    for bias in (None, zeros):
        engine = intengine.Interpreter(model(x=x, w=w, bias=bias, bias_value=0))
        (source,) = engine.inputs.values()
        found.append(engine.run(np.random.default_rng(0).integers(-99, 99, x[1]).astype(source.type.dtype)))
    assert np.array_equal(found[0]["y"], found[1]["y"])


def test_infinite_weights_are_refused_only_where_the_window_reaches_over_the_edge() -> None:
    w = np.ones((2, 3, 3, 1), np.float32)
    w[1, 0, 0, 0] = np.inf
    shape = (1, 4, 4, 1)
    inside = real("inside", "CONV_2D", shape, w.shape, (1, 2, 2, 2), channels=2, w=w, padding=1, stride_h=1, stride_w=1)
    (got,) = intengine.Interpreter(inside.model).run(inside.inputs[0]).values()
    assert np.isfinite(got[..., 0]).all()
    assert (np.abs(got[..., 1]) == np.finfo(np.float32).max).all()
    over = real("over", "CONV_2D", shape, w.shape, (1, 4, 4, 2), channels=2, w=w, padding=0, stride_h=1, stride_w=1)
    with pytest.raises(UnsupportedError, match="infinities"):
        intengine.Interpreter(over.model)


MENDED: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "groups": (
        {**FLOAT, "w": ("INT8", (4, 2, 2, 1)), "bias": ("FLOAT32", (4,)), "out": (1, 4, 4, 4), "w_scale": [1.0]},
        {"w_scale": [1.0] * 4},
    ),
    "depthwise": (
        {**DW, "x": FLOAT["x"], "bias": ("FLOAT32", (2,)), "w_scale": [1.0]},
        {"w_scale": [1.0] * 2, "axis": 3},
    ),
    "conv_bias": ({**INT16, "bias": ("INT32", (3,))}, {"quantized_bias_type": 2}),
    "fc_bias": ({**FC, "x": ("INT16", (2, 4))}, {"quantized_bias_type": 2}),
    "tc_bias": ({**TC, **INT16}, {"quantized_bias_type": 2}),
}


@pytest.mark.parametrize("what", MENDED)
def test_what_litert_reads_beyond_its_end_means_what_the_file_plainly_says(what: str) -> None:
    """One scale counts for every channel; a bias is of the type that its tensor has."""
    given, said = MENDED[what]
    found = []
    for more in ({}, said):
        engine = intengine.Interpreter(model(**{**given, **more}))
        (source,) = engine.inputs.values()
        x = np.random.default_rng(0).integers(-99, 99, source.shape).astype(source.type.dtype)
        found.append(engine.run(x)["y"])
    assert np.array_equal(*found)
    assert found[0].any()


@pytest.mark.parametrize("rows", [0, 1])
@pytest.mark.parametrize("op", ["CONV_2D", "DEPTHWISE_CONV_2D"])
def test_an_image_without_rows_has_no_range(op: str, rows: int) -> None:
    weights = ("INT8", (3, 1, 1, 16) if op == "CONV_2D" else (1, 1, 1, 16))
    channels = 3 if op == "CONV_2D" else 16
    made = model(op, x=("FLOAT32", (1, rows, 16, 16)), w=weights, bias=None, w_scale=0.5, out=(1, rows, 16, channels))
    (out,) = intengine.Interpreter(made).run(np.zeros((1, rows, 16, 16), np.float32)).values()
    assert out.shape == (1, rows, 16, channels)
    assert not out.any()

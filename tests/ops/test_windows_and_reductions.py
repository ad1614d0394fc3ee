"""What pooling, resizing, softmax and the reductions refuse, and where they go on and LiteRT does not."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

import intengine
from intengine.errors import InvalidModelError, UnsupportedError
from intengine.runners import LiteRTRunner, RunnerError
from tests.cases import Problem
from tests.cases._build import Operand, constant, given, one_op, result

NAN = math.nan
WINDOW = {"filter_height": 2, "filter_width": 2, "stride_h": 1, "stride_w": 1, "padding": 1}


def pool(shape: Sequence[int] = (1, 4, 4, 2), q: Any = (0.5, 0), out: str = "INT8", **options: Any) -> Problem:
    return one_op(
        "pool", "MAX_POOL_2D", [given("INT8", np.ones(shape), *q)], [result(out, (1, 3, 3, 2), *q)], version=2,
        **(WINDOW | options),
    )  # fmt: skip


def resize(size: Operand | None = None, shape: Sequence[int] = (1, 3, 3, 2), kind: str = "INT8", **o: Any) -> Problem:
    q = (None, None) if kind.startswith("FLOAT") else (0.5, 0)
    inputs = [given(kind, np.ones(shape), *q), size or constant("INT32", [5, 5])]
    return one_op("resize", "RESIZE_BILINEAR", inputs, [result(kind, (1, 5, 5, 2), *q)], version=3, **o)


def softmax(
    op: str = "SOFTMAX", kind: str = "INT8", out: str = "INT8", shape: Sequence[int] = (2, 3), q: Any = (0.1, 0),
    q_out: Any = (1 / 256, -128), **options: Any,
) -> Problem:  # fmt: skip
    return one_op(
        "softmax", op, [given(kind, np.ones(shape), *q)], [result(out, shape, *q_out)],
        version=3 if "INT16" in (kind, out) else 2, **options,
    )  # fmt: skip


def reduce(
    op: str = "MEAN", axes: Any = (1,), kind: str = "INT8", q: Any = (0.5, 0), q_out: Any = None, index: str = "INT32",
    shape: Sequence[int] = (2, 3), out: str | None = None,
) -> Problem:  # fmt: skip
    inputs = [given(kind, np.ones(shape), *q), constant(index, np.array(axes))]
    return one_op("reduce", op, inputs, [result(out or kind, (2,), *(q_out or q))], version=2)


def arg(
    axis: Any = 1, kind: str = "INT8", shape: Sequence[int] = (2, 3), index: str = "INT32", out: str = "INT32"
) -> Problem:
    return one_op(
        "arg",
        "ARG_MAX",
        [given(kind, np.ones(shape)), constant(index, np.array(axis))],
        [result(out, (2,))],
        output_type=2,
    )


INT16 = {"kind": "INT16", "out": "INT16", "q_out": (1 / 32768, 0)}
#: Refused here and by LiteRT.
REFUSED: dict[str, Problem] = {
    "pool_of_a_matrix": pool((4, 4)),
    "pool_of_5_axes": pool((1, 1, 4, 4, 2)),
    "pool_without_stride": pool(stride_h=0),
    "pool_backwards": pool(stride_w=-1),
    "resize_of_a_matrix": resize(shape=(3, 3)),
    "resize_to_one_number": resize(constant("INT32", [5])),
    "resize_to_three_numbers": resize(constant("INT32", [5, 5, 5])),
    "resize_to_a_matrix_of_numbers": resize(constant("INT32", [[5, 5]])),
    "resize_to_nothing": resize(constant("INT32", [0, 5])),
    "resize_to_less_than_nothing": resize(constant("INT32", [5, -1])),
    "resize_to_int64": resize(constant("INT64", [5, 5])),
    "resize_no_image": resize(shape=(1, 0, 3, 2)),
    "resize_in_two_modes": resize(align_corners=True, half_pixel_centers=True),
    "resize_float16": resize(kind="FLOAT16"),
    "softmax_of_a_scalar": softmax(shape=(), beta=1.0),
    "softmax_scale": softmax(q_out=(1 / 200, -128), beta=1.0),
    "softmax_zero_point": softmax(q_out=(1 / 256, 0), beta=1.0),
    "softmax_tiny_scale": softmax(q=(1e-30, 0), beta=1.0),
    "softmax_negative_beta": softmax(beta=-1.0),
    "softmax_without_beta": softmax(beta=0.0),
    "softmax_nan_beta": softmax(beta=NAN),
    "softmax_of_int32": softmax(kind="INT32", out="INT32", q=(None, None), q_out=(None, None), beta=1.0),
    "softmax_int16_zero_point": softmax(**INT16, q=(0.001, 5), beta=1.0),
    "log_softmax_scale": softmax("LOG_SOFTMAX", q_out=(1 / 15, 127)),
    "log_softmax_zero_point": softmax("LOG_SOFTMAX", q_out=(1 / 16, 0)),
    "log_softmax_int16": softmax("LOG_SOFTMAX", **(INT16 | {"q_out": (1 / 16, 0)})),
    "reduce_unknown_axis": reduce(axes=(2,)),
    "reduce_unknown_negative_axis": reduce(axes=(-3,)),
    "reduce_int64_axes": reduce(index="INT64"),
    "reduce_int16_zero_point": reduce(kind="INT16", q=(0.5, 3)),
    "mean_of_bools": reduce(kind="BOOL", q=(None, None)),
    "maximum_of_other_scale": reduce("REDUCE_MAX", q_out=(0.25, 0)),
    "maximum_of_other_zero_point": reduce("REDUCE_MAX", q_out=(0.5, 3)),
    "any_of_integers": reduce("REDUCE_ANY", kind="INT32", q=(None, None)),
    "product_of_uint8": reduce("REDUCE_PROD", kind="UINT8"),
    "arg_unknown_axis": arg(2),
    "arg_two_axes": arg([0, 1]),
    "arg_no_axis": arg(np.zeros(0, int)),
    "arg_float_axis": arg(index="FLOAT32"),
    "arg_of_int16": arg(kind="INT16"),
    "arg_of_nothing": arg(shape=(2, 0)),
    "arg_of_a_scalar": arg(0, shape=()),
    "arg_huge_axis": arg(2**40, index="INT64"),
}
#: Refused here alone: what LiteRT makes of them means nothing.
STRICTER: dict[str, Problem] = {
    "pool_no_window": pool(filter_height=0),
    "pool_negative_window": pool(filter_width=-2),
    "pool_unknown_padding": pool(padding=7),
    "pool_unknown_activation": pool(fused_activation_function=9),
    "pool_nan_scale": pool(q=(NAN, 0), fused_activation_function=1),
    "pool_to_other_type": pool(out="UINT8"),
    "mean_without_scale": reduce(q=(None, None)),
    "mean_to_other_type": reduce(out="UINT8"),
    "mean_negative_scale": reduce(q=(-0.5, 0)),
}


@pytest.mark.parametrize("name", [*REFUSED, *STRICTER])
def test_nonsense_is_refused_before_running(name: str) -> None:
    with pytest.raises((InvalidModelError, UnsupportedError)):
        intengine.Interpreter((REFUSED | STRICTER)[name].model)


def runs(litert: LiteRTRunner, problem: Problem) -> bool:
    graph = intengine.load(problem.model).main
    try:
        litert.load(problem.model)
        litert.run(dict(zip(graph.inputs, problem.inputs, strict=True)), graph.outputs)
    except RunnerError:
        return False
    return True


@pytest.mark.oracle
def test_litert_refuses_the_same() -> None:
    pytest.importorskip("ai_edge_litert")
    with LiteRTRunner("reference") as litert:
        for name, problem in REFUSED.items():
            assert not runs(litert, problem), name


def test_a_thousand_equal_logits_are_a_thousandth_each() -> None:
    problem = softmax(shape=(1, 1001), beta=1.0)
    engine = intengine.Interpreter(problem.model)
    (out,) = engine.run({engine.model.main.inputs[0]: problem.inputs[0]}).values()
    assert set(out.reshape(-1).tolist()) == {-128}
    wide = softmax(shape=(1, 1001), out="INT16", q_out=(1 / 32768, 0), beta=1.0)
    engine = intengine.Interpreter(wide.model)
    (out,) = engine.run({engine.model.main.inputs[0]: wide.inputs[0]}).values()
    assert set(out.reshape(-1).tolist()) == {-32768 + round(65536 / 1001)}


def test_sums_of_int16_are_sums_of_bytes_and_fill_half_of_the_output() -> None:
    x = np.array([[0x0201, 0x0403], [0x0605, 0x0807], [9, 9], [9, 9]], np.int16)
    problem = one_op(
        "sum", "SUM", [given("INT16", x, 0.5, 0), constant("INT32", [1])], [result("INT16", (4,), 0.5, 0)], version=2
    )
    engine = intengine.Interpreter(problem.model)
    (out,) = engine.run({engine.model.main.inputs[0]: x}).values()
    assert out.view(np.uint8).tolist() == [1 + 2, 3 + 4, 5 + 6, 7 + 8, 0, 0, 0, 0]


@pytest.mark.parametrize(
    ("op", "value"), [("MEAN", NAN), ("SUM", 0), ("REDUCE_MAX", -3.4028235e38), ("REDUCE_PROD", 1)]
)
def test_reductions_of_nothing(op: str, value: float) -> None:
    problem = reduce(op, kind="FLOAT32", q=(None, None), shape=(2, 0))
    engine = intengine.Interpreter(problem.model)
    (out,) = engine.run({engine.model.main.inputs[0]: problem.inputs[0]}).values()
    assert np.array_equal(out, np.full(2, value, np.float32), equal_nan=True)

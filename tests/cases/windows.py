"""Windows and blocks at listed places: DILATE, REDUCE_WINDOW, and pad, reduce_window, gather, scatter of StableHLO."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from intengine.writer import ModelBuilder
from tests.cases import Problem
from tests.cases._build import Operand, constant, given, one_op, result, uniform

RNG = np.random.default_rng(17)
SPECIAL = [0.0, -0.0, np.nan, 1.0, -0.0, 0.0, np.nan]


def region(name: str, inputs: Sequence[Operand], out: Operand, option: str, body: str, **options: Any) -> Problem:
    """The operator `name` (up to a space), whose `option` is a subgraph of the operator `body`, or of none for ""."""
    builder = ModelBuilder()
    indices = [
        builder.tensor(f"in{i}", o.type, o.shape, o.data if o.constant else None, scale=o.scale)
        for i, o in enumerate(inputs)
    ]
    end = builder.tensor("out", out.type, out.shape, scale=out.scale)
    graph = builder.subgraph("region")
    a, b, c = (graph.tensor(n, out.type, (), scale=out.scale) for n in "abc")
    if body:
        graph.op(body, [a, b], [c])
    graph.inputs, graph.outputs = [a, b], [c if body else b]
    builder.op(name.split()[0], indices, [end], options={option: graph.index, **options})
    data = {i: o.data for i, o in zip(indices, inputs, strict=True) if not o.constant}
    return Problem(name, builder.to_bytes(list(data), [end]), tuple(v for v in data.values() if v is not None))


def problems() -> Iterator[Problem]:
    yield from _spread()
    yield from _windows()
    yield from _gathers()
    yield from _scatters()


def _spread() -> Iterator[Problem]:
    for kind in ("INT8", "FLOAT32", "INT64", "BOOL"):
        inputs = [
            given(kind, uniform(RNG, kind, (2, 3))),
            constant("INT32", [3, 2]),
            given(kind, uniform(RNG, kind, ())),
        ]
        yield one_op(f"dilate_{kind}", "DILATE", inputs, [result(kind, (4, 5))])
    paddings = (
        ([1, 0], [0, 2], [0, 1], (3, 7)), ([-1, 1], [0, -2], [1, 0], (2, 2)), ([-3, 1], [4, 0], [1, 0], (4, 4)),
        ([-2, 0], [0, 0], [0, 0], (0, 0)),
    )  # fmt: skip
    for i, (low, high, gap, shape) in enumerate(paddings):
        inputs = [given("INT8", uniform(RNG, "INT8", (2, 3))), given("INT8", 9)]
        yield one_op(
            f"stablehlo_pad_{i}", "STABLEHLO_PAD", inputs, [result("INT8", shape)],
            edge_padding_low=low, edge_padding_high=high, interior_padding=gap,
        )  # fmt: skip


def _windows() -> Iterator[Problem]:
    functions = ("ADD", "MUL", "MINIMUM", "MAXIMUM", "ALL", "ANY")
    for i, function in enumerate(functions, 1):
        for kind in ("INT8", "INT32", "FLOAT32"):
            parameters = [constant("INT64", part) for part in ([2, 2, 1], [1, 2, 1], [1, 3, 1])]
            inputs = [given(kind, uniform(RNG, kind, (3, 7, 2))), given(kind, uniform(RNG, kind, ())), *parameters]
            out = result(kind, (2, 2, 2))
            yield one_op(f"reduce_window_{function}_{kind}", "REDUCE_WINDOW", inputs, [out], reduce_function=i)
        for init in (0.0, -0.0, np.nan):
            parameters = [constant("INT64", [n]) for n in (2, 1, 1)]
            inputs = [given("FLOAT32", SPECIAL), given("FLOAT32", init), *parameters]
            name = f"reduce_window_{function}_special_{init}"
            yield one_op(name, "REDUCE_WINDOW", inputs, [result("FLOAT32", (6,))], reduce_function=i)
    bodies = {"STABLEHLO_ADD": "INT8", "STABLEHLO_MULTIPLY": "INT16", "MINIMUM": "FLOAT32", "LOGICAL_AND": "BOOL"}
    for body, kind in bodies.items():
        inputs = [given(kind, uniform(RNG, kind, (4, 5))), given(kind, uniform(RNG, kind, ()))]
        yield region(
            f"STABLEHLO_REDUCE_WINDOW {body}", inputs, result(kind, (3, 4)), "body_subgraph_index", body,
            window_dimensions=[2, 3], window_strides=[2, 1], window_dilations=[1, 2], base_dilations=[2, 1],
            padding=[1, -1, 2, 1],
        )  # fmt: skip
    # Options that are left out: strides and dilations of 1, no padding.
    inputs = [given("INT32", uniform(RNG, "INT32", (4, 5))), constant("INT32", 0)]
    yield region(
        "STABLEHLO_REDUCE_WINDOW defaults", inputs, result("INT32", (3, 3)), "body_subgraph_index", "ADD",
        window_dimensions=[2, 3],
    )  # fmt: skip


def _gathers() -> Iterator[Problem]:
    for kind in ("INT8", "FLOAT32", "BOOL", "INT64", "FLOAT16"):
        x = given(kind, uniform(RNG, kind, (3, 4, 2)))
        indices = given("INT64", [[[0, 0], [1, 0], [2, 1]], [[0, 1], [1, 7], [-3, 2]]])
        yield one_op(
            f"stablehlo_gather_{kind}", "STABLEHLO_GATHER", [x, indices], [result(kind, (2, 3, 2, 2))],
            offset_dims=[2, 3], collapsed_slice_dims=[0], start_index_map=[1, 0], index_vector_dim=2,
            slice_sizes=[1, 2, 2],
        )  # fmt: skip
        yield one_op(
            f"stablehlo_gather_rows_{kind}", "STABLEHLO_GATHER", [x, given("INT32", [[2], [0], [1], [1]])],
            [result(kind, (4, 4, 2))], offset_dims=[0, 2], collapsed_slice_dims=[0], start_index_map=[0],
            index_vector_dim=1, slice_sizes=[1, 4, 2],
        )  # fmt: skip


def _scatters() -> Iterator[Problem]:
    bodies = ("", "STABLEHLO_ADD", "STABLEHLO_MULTIPLY", "STABLEHLO_MAXIMUM", "STABLEHLO_MINIMUM")
    for body in bodies:
        for kind in ("INT8", "FLOAT32", "INT32"):
            inputs = [
                given(kind, uniform(RNG, kind, (3, 4, 2))),
                given("INT32", [[[0, 2], [1, 0], [2, 1]], [[0, 1], [1, 0], [0, 9]]]),
                given(kind, uniform(RNG, kind, (2, 3, 2, 2))),
            ]
            yield region(
                f"STABLEHLO_SCATTER {body or 'update'} {kind}", inputs, result(kind, (3, 4, 2)),
                "update_computation_subgraph_index", body, update_window_dims=[2, 3], inserted_window_dims=[0],
                scatter_dims_to_operand_dims=[1, 0], index_vector_dim=2,
            )  # fmt: skip
        # Zeros of both signs and NaN that meet at one place.
        for kind in ("FLOAT32", "FLOAT16", "FLOAT64"):
            inputs = [
                given(kind, SPECIAL[:6]),
                given("INT32", [[0], [1], [2], [3], [3], [0], [4], [5]]),
                given(kind, [-0.0, 0.0, 1.0, np.nan, 2.0, np.nan, 0.0, -0.0]),
            ]
            yield region(
                f"STABLEHLO_SCATTER {body or 'update'} special {kind}", inputs, result(kind, (6,)),
                "update_computation_subgraph_index", body, inserted_window_dims=[0], scatter_dims_to_operand_dims=[0],
                index_vector_dim=1,
            )  # fmt: skip

"""Larq's binary operators against what larq-compute-engine recorded."""

from pathlib import Path

import numpy as np
import pytest
from flatbuffers import flexbuffers

import intengine
from intengine.writer import ModelBuilder
from tests.cases import Problem
from tests.compare import assert_same
from tests.golden.larq_problems import problems
from tests.sides import engine_outputs


@pytest.mark.parametrize("problem", list(problems()), ids=lambda problem: problem.name)
def test_outputs_equal_those_of_larq_compute_engine(problem: Problem) -> None:
    with np.load(Path(__file__).parent / "larq.npz") as golden:
        (found,) = engine_outputs(problem)
        assert_same(found, golden[problem.name], problem)


@pytest.mark.parametrize("name", ["stride_height", "padding", "channels_in", "dilation_width_factor"])
@pytest.mark.parametrize("value", ["x", [1], float("nan"), -1, 2**40])
def test_options_that_are_no_sizes_are_refused(name: str, value: object) -> None:
    sizes = {"stride_height": 1, "stride_width": 1, "padding": 1, "channels_in": 32, name: value}
    b = ModelBuilder()
    x, y = b.tensor("x", "INT32", (1, 2, 2, 1)), b.tensor("y", "INT32", (1, 2, 2, 1))
    w = b.tensor("w", "INT32", (3, 1, 1, 1), np.zeros((3, 1, 1, 1), np.int32))
    thresholds = b.tensor("thresholds", "INT32", (3,), np.zeros(3, np.int32))
    b.op("LceBconv2d", [x, w, -1, -1, thresholds], [y], custom_options=bytes(flexbuffers.Dumps(sizes)))
    with pytest.raises(intengine.InvalidModelError):
        intengine.Interpreter(b.build([x], [y]))


def test_bits_multiply_like_the_numbers_that_they_stand_for() -> None:
    """A binary convolution is one of +1 and -1 in float32."""
    from intengine.ops.lce_quantize import unpack

    for problem in problems():
        if not problem.name.startswith("conv") or not problem.name.endswith("FLOAT32"):
            continue
        graph = intengine.load(problem.model).main
        options = intengine.ops.flexbuffer_options(bytes(graph.nodes[0].custom_options))
        if options["padding"] == 0:
            continue
        w = graph.tensors[graph.nodes[0].inputs[1]]
        depth = options["channels_in"] // (problem.inputs[0].shape[3] // w.shape[3])
        assert w.raw is not None
        real_w = 1.0 - 2.0 * unpack(w.raw.view(np.int32).reshape(w.shape), depth)
        x = 1.0 - 2.0 * unpack(problem.inputs[0], options["channels_in"])
        (found,) = engine_outputs(problem)
        at = found[:, 0, 0]
        by, (kh, kw) = options["dilation_height_factor"], w.shape[1:3]
        window = x[:, : (kh - 1) * by + 1 : by, : (kw - 1) * by + 1 : by]
        groups = options["channels_in"] // depth
        share = w.shape[0] // groups
        parts = ((window[..., g * depth : (g + 1) * depth], real_w[g * share : (g + 1) * share]) for g in range(groups))
        dots = [np.einsum("bhwc,nhwc->bn", part, weights) for part, weights in parts]
        lo, hi = {0: (-np.inf, np.inf), 1: (0, np.inf), 2: (-1, 1), 3: (0, 6)}[options["fused_activation_function"]]
        multiplier, bias = (
            graph.tensors[i].raw.view(np.float32)
            for i in graph.nodes[0].inputs[2:4]  # type: ignore[union-attr]
        )
        assert np.allclose(at, np.clip(np.concatenate(dots, 1), lo, hi) * multiplier + bias, atol=1e-4)

"""Forms that tflite-micro runs and other draws seldom have: plain LSTM cells, outputs of fixed quantization."""

from typing import Any

import numpy as np
from hypothesis import strategies as st

from intengine.writer import ModelBuilder
from tests.cases import Problem
from tests.cases._build import Operand, one_op
from tests.cases._lstm import SEQUENCE, TANH, Config, problem
from tests.draws._build import Draw, scales, tensors, values, zero_points


@st.composite
def _lstm(draw: Draw, weights: str) -> Problem:
    """int8 and float32 cells without peephole, projection, normalization, and with an input gate."""
    config = Config(
        SEQUENCE, weights,
        batch=draw(st.integers(1, 3)),
        steps=draw(st.integers(1, 5)),
        inputs=draw(st.integers(1, 9)),
        units=draw(st.integers(1, 9)),
        time_major=draw(st.booleans()),
        power=draw(st.integers(-15, -9)),
        cell_clip=draw(st.sampled_from([0.0, 0.0, 0.3, 1.5, 100.0])),
        spread=draw(st.sampled_from(["whole", "whole", "ends"])),
        runs=draw(st.integers(1, 3)),
        # tflite-micro wants intermediate tensors without elements, as converters make them.
        intermediate=(0,),
        # tflite-micro wants all 24 inputs; odd seeds have them.
        seed=2 * draw(st.integers(0, 2**30)) + 1,
    )  # fmt: skip
    return problem(SEQUENCE, config)


@st.composite
def _wide_lstm(draw: Draw) -> Problem:
    """int16 activations, int8 weights, int64 biases."""
    batch, steps, inputs, units = (draw(st.integers(1, most)) for most in (3, 4, 9, 7))
    time_major, power = draw(st.booleans()), draw(st.integers(-15, -9))
    b = ModelBuilder()
    s_in, s_out = draw(scales(2.0**-15, 2.0**-10)), draw(scales(2.0**-16, 2.0**-13))
    shape = (steps, batch) if time_major else (batch, steps)

    def layers(name: str, depth: int) -> list[int]:
        return [
            b.tensor(f"{name}{g}", "INT8", (units, depth), draw(values("INT8", (units, depth))),
                     scale=draw(scales(2.0**-9, 2.0**-6)), zero_point=0)
            for g in range(4)
        ]  # fmt: skip

    x = b.tensor("x", "INT16", (*shape, inputs), scale=s_in, zero_point=0)
    w, r = layers("w", inputs), layers("r", units)
    bias = [
        b.tensor(f"b{g}", "INT64", (units,), draw(values("INT16", (units,))).astype(np.int64), scale=s_in * 2.0**-8)
        for g in range(4)
    ]
    states = [
        b.tensor("h", "INT16", (batch, units), scale=s_out, zero_point=0, is_variable=True),
        b.tensor("c", "INT16", (batch, units), scale=2.0**power, zero_point=0, is_variable=True),
    ]
    y = b.tensor("y", "INT16", (*shape, units), scale=s_out, zero_point=0)
    operands = [x, *w, *r, -1, -1, -1, *bias, -1, -1, *states, *[-1] * 4]
    b.op(
        SEQUENCE, operands, [y], fused_activation_function=TANH, time_major=time_major,
        cell_clip=draw(st.sampled_from([0.0, 0.3, 1.5])),
        mutating_variable_inputs=[i in (18, 19) for i in range(24)],
    )  # fmt: skip
    runs = [(draw(values("INT16", (*shape, inputs))),) for _ in range(draw(st.integers(1, 3)))]
    return Problem("lstm", b.to_bytes([x], [y]), runs[0], then=tuple(runs[1:]))


@st.composite
def _svdf(draw: Draw, type_: str) -> Problem:
    """A state and filters over time of int8; float32 with a bias, which tflite-micro cannot do without."""
    rank, units, steps = (draw(st.integers(1, most)) for most in (3, 5, 6))
    batch, depth, filters = draw(st.integers(1, 3)), draw(st.integers(1, 40)), rank * units
    b = ModelBuilder()
    integer = type_ == "INT8"
    s_in, s_w, s_wt, s_state = (draw(scales(2.0**-8, 1.0)) for _ in range(4))
    s_out = float(np.float32(s_state * s_wt * 200 * draw(st.sampled_from([0.25, 1.0, 3.0]))))

    def scaled(scale: float, zero_point: int = 0) -> dict[str, Any]:
        return {"scale": scale, "zero_point": zero_point} if integer else {}

    x = b.tensor("x", type_, (batch, depth), **scaled(s_in, draw(zero_points("INT8"))))
    w = b.tensor("w", type_, (filters, depth), draw(values(type_, (filters, depth))), **scaled(s_w))
    wt = b.tensor("wt", type_, (filters, steps), draw(values(type_, (filters, steps))), **scaled(s_wt))
    data = draw(values("INT16", (units,))).astype(np.int32) if integer else draw(values("FLOAT32", (units,)))
    bias = b.tensor("b", "INT32" if integer else "FLOAT32", (units,), data, **scaled(s_state * s_wt))
    state = b.tensor(
        "state", type_, (batch, filters * steps), is_variable=True, **scaled(s_state, draw(zero_points("INT8")))
    )
    y = b.tensor("y", type_, (batch, units), **scaled(s_out, draw(zero_points("INT8"))))
    activation = 1 if integer else draw(st.sampled_from([0, 1, 3]))
    b.op("SVDF", [x, w, wt, bias, state], [y], version=3, rank=rank, fused_activation_function=activation)
    inputs = [draw(values(type_, (batch, depth))) for _ in range(4)]
    return Problem("svdf", b.to_bytes([x], [y]), (inputs[0],), then=tuple((x,) for x in inputs[1:]))


@st.composite
def _fixed_output(draw: Draw, op: str, scale: float, zero_point: int, out: str) -> Problem:
    x = draw(tensors("INT8", (draw(st.integers(1, 4)), draw(st.integers(1, 70)))))
    options = {"beta": draw(st.sampled_from([0.1, 0.5, 1.0, 2.0]))} if op == "SOFTMAX" else {}
    return one_op(op, op, [x], [Operand(out, x.shape, None, scale, zero_point)], **options)


DRAWS: dict[str, st.SearchStrategy[Problem]] = {
    f"{SEQUENCE} plain int8": _lstm("integer"),
    f"{SEQUENCE} plain float32": _lstm("FLOAT32"),
    f"{SEQUENCE} plain int16": _wide_lstm(),
    "SVDF int8 state": _svdf("INT8"),
    "SVDF float32 with bias": _svdf("FLOAT32"),
    "LOGISTIC int8 of zero point -128": _fixed_output("LOGISTIC", 1 / 256, -128, "INT8"),
    "TANH int8 of scale 1/128": _fixed_output("TANH", 1 / 128, 0, "INT8"),
    "SOFTMAX int8 to int16 of zero point -32768": _fixed_output("SOFTMAX", 1 / 65536, -32768, "INT16"),
}

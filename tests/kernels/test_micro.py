"""Arithmetic of microcontrollers, compiled and not, against unbounded integers and float32 steps."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from intengine_kernels.arg_extremum import arg_extremum_in_order
from intengine_kernels.elementwise import logistic_float, tanh_float
from intengine_kernels.lstm_micro import layer, lstm_in_order, lstm_sigmoid_table
from intengine_kernels.rsqrt import rsqrt_newton
from intengine_kernels.svdf import svdf_in_order, svdf_integer

from intengine.ops._gemmlowp32 import logistic8, tanh8
from intengine.ops._lstm_micro import table
from tests.kernels._both import both_ways
from tests.spec import micro as spec

MULTIPLIERS = st.integers(2**30, 2**31 - 1)


@both_ways(layer)
@given(
    terms=st.lists(st.tuples(st.integers(-32768, 32767), st.integers(-128, 127)), min_size=1, max_size=20),
    bias=st.integers(-(2**20), 2**20), wide=st.booleans(), multiplier=MULTIPLIERS, shift=st.integers(-20, 0),
)  # fmt: skip
def test_a_layer_of_an_lstm_gate(
    run: Callable[..., Any], terms: list[tuple[int, int]], bias: int, wide: bool, multiplier: int, shift: int
) -> None:
    x, w = (list(part) for part in zip(*terms, strict=True))
    found = run(
        np.array(x, np.int16), np.array(w, np.int8), np.int64(bias), wide, np.int32(multiplier), np.int32(shift)
    )
    assert int(found) == spec.layer(x, w, bias, wide, multiplier, shift)


@both_ways(rsqrt_newton)
@given(multiplier=MULTIPLIERS, shift=st.integers(-12, 8), zero_point=st.integers(-128, 127))
def test_inverse_square_roots(run: Callable[..., Any], multiplier: int, shift: int, zero_point: int) -> None:
    out = np.empty(300, np.int64)
    run(multiplier, shift, zero_point, 127, out)
    assert out.tolist() == [127, *(spec.rsqrt(x, multiplier, shift, zero_point) for x in range(1, 300))]


@pytest.mark.parametrize("power", range(-7, 1))
def test_logistic_and_tanh_of_8_bits(power: int) -> None:
    scale, values = 2.0**power, np.arange(-128, 128)
    assert logistic8(scale, 3, values).tolist() == [spec.logistic8(int(q) - 3, scale) for q in values]
    assert tanh8(scale, 3, values).tolist() == [spec.tanh8(int(q) - 3, scale) for q in values]


@pytest.mark.parametrize("function", ["logistic", "tanh"])
@pytest.mark.parametrize("power", [-15, -12, -9])
def test_tables_of_the_gates(function: str, power: int) -> None:
    found = table(function, power)
    raws = [*range(-32768, 32768, 211), 0, 1, -1, 32767]
    assert [int(found[raw & 0xFFFF]) for raw in raws] == [spec.sigmoid_steps(function, raw, power) for raw in raws]


@both_ways(lstm_sigmoid_table)
@pytest.mark.parametrize("wide", [False, True])
@pytest.mark.parametrize("late", [False, True])
@pytest.mark.parametrize("time_major", [False, True])
def test_an_integer_lstm(run: Callable[..., Any], wide: bool, late: bool, time_major: bool) -> None:
    rng = np.random.default_rng(wide)
    batch, steps, inputs, units, clip, zero_point = 2, 3, 4, 3, 20000, 0 if wide else -5
    kind = np.int16 if wide else np.int8
    info = np.iinfo(kind)
    x = rng.integers(info.min, info.max, (steps, batch, inputs), dtype=kind)
    w, r = (rng.integers(-128, 128, (4, units, n)).astype(np.int8) for n in (inputs, units))
    wx, rh = (rng.integers(-3000, 3000, (4, units)) for _ in range(2))
    scales = np.stack([rng.integers(2**30, 2**31, (4, 2)), rng.integers(-8, 1, (4, 2))], -1).astype(np.int32)
    products = np.array([[2**30, -14], [2**30 + 7, -11], [2**31 - 9, -15 if wide else -22]], np.int32)
    h = rng.integers(info.min, info.max, (batch, units), dtype=kind)
    c = rng.integers(-32768, 32768, (batch, units)).astype(np.int16)
    state, cells = h.tolist(), c.tolist()
    out = np.zeros((steps, batch, units), kind)
    given = x if time_major else np.ascontiguousarray(x.transpose(1, 0, 2))
    target = out if time_major else np.zeros((batch, steps, units), kind)
    tables = table("logistic", -12), table("tanh", -12), table("tanh", -11)
    run(
        given, time_major, w, r, wx, rh, wide, late, scales, products, clip, *tables, zero_point, info.min, info.max,
        np.zeros((4, units), np.int16), h, c, target,
    )  # fmt: skip
    found = target if time_major else target.transpose(1, 0, 2)
    for t in range(steps):
        for b in range(batch):
            gates = []
            for g in range(4):
                layers = [
                    (
                        spec.layer(x[t, b].tolist(), w[g, n].tolist(), int(wx[g, n]), wide, *scales[g, 0].tolist()),
                        spec.layer(state[b], r[g, n].tolist(), int(rh[g, n]), wide, *scales[g, 1].tolist()),
                    )
                    for n in range(units)
                ]
                function = "tanh" if g == 1 else "logistic"
                gates.append([spec.sigmoid_steps(function, spec.joined(*pair, late), -12) for pair in layers])
            forget, entering, shown, opened = gates
            rows = products.tolist()
            operands = zip(forget, cells[b], entering, opened, strict=True)
            cells[b] = [spec.cell(*four, rows, clip, late) for four in operands]
            squashed = [spec.sigmoid_steps("tanh", value, -11) for value in cells[b]]
            hidden = [spec.mbqm(a * b, *rows[2]) for a, b in zip(squashed, shown, strict=True)]
            state[b] = [min(max(value + zero_point, int(info.min)), int(info.max)) for value in hidden]
            assert found[t, b].tolist() == state[b]
    assert (h.tolist(), c.tolist()) == (state, cells)


def applied(function: Callable[..., Any], x: np.ndarray) -> np.ndarray:
    """The function of LOGISTIC or TANH, whose values other tests hold."""
    out = np.empty_like(x)
    function(x, out)
    return out


@both_ways(lstm_in_order)
def test_a_float_lstm_of_one_step(run: Callable[..., Any]) -> None:
    rng = np.random.default_rng(5)
    x, h, c = (rng.standard_normal(shape).astype(np.float32) for shape in ((1, 1, 7), (1, 2), (1, 2)))
    w, r, bias = (rng.standard_normal(shape).astype(np.float32) for shape in ((4, 2, 7), (4, 2, 2), (4, 2)))
    sums = [
        [
            np.float32(np.float32(spec.in_order(0, x[0, 0], w[g, n]) + bias[g, n]) + spec.in_order(0, h[0], r[g, n]))
            for n in range(2)
        ]
        for g in range(4)
    ]
    before, out = c.copy(), np.zeros((1, 1, 2), np.float32)
    run(x, False, w, r, bias, 0.3, np.zeros((4, 2), np.float32), h, c, out)
    f, g, o, i = (np.array(row, np.float32) for row in sums)
    # The C library's functions, and in Python its own: those of the kernels of LOGISTIC and TANH, run the same way.
    logistic, tanh = (k if run is lstm_in_order else k.py_func for k in (logistic_float, tanh_float))
    forget, shown, opened = (applied(logistic, part) for part in (f, o, i))
    entering = applied(tanh, g)
    cells = np.clip(forget * before[0] + opened * entering, np.float32(-0.3), np.float32(0.3))
    assert np.array_equal(c[0], cells)
    assert np.array_equal(out[0, 0], applied(tanh, cells) * shown)


@both_ways(svdf_integer)
@given(x=st.integers(-128, 127), w=st.integers(-128, 127), zero_point=st.integers(-128, 127), shift=st.integers(-9, 1))
def test_an_int8_state_wraps_after_it_is_clamped(
    run: Callable[..., Any], x: int, w: int, zero_point: int, shift: int
) -> None:
    state, out = np.zeros((1, 1, 2), np.int8), np.zeros((1, 1), np.int8)
    one = np.ones((1, 2), np.int8)
    run(
        np.array([[x]], np.int8), 3, np.array([[w]], np.int8), one, np.zeros(1, np.int32), state, zero_point,
        -128, 127, 2**30 + 5, shift, 2**30, 1, 0, -128, 127, True, out,
    )  # fmt: skip
    assert int(state[0, 0, 1]) == spec.remembered((x - 3) * w, 2**30 + 5, shift, zero_point)


@both_ways(svdf_in_order)
def test_a_float_svdf_adds_to_its_bias(run: Callable[..., Any]) -> None:
    rng = np.random.default_rng(6)
    shapes = ((2, 9), (4, 9), (4, 3), (2,), (2, 4, 3))
    x, w, wt, bias, state = (rng.standard_normal(shape).astype(np.float32) for shape in shapes)
    before, out = state.copy(), np.zeros((2, 2), np.float32)
    run(x, w, wt, bias, -0.5, np.inf, state, out)
    for b in range(2):
        newest = [spec.in_order(0, x[b], w[f]) for f in range(4)]
        assert state[b, :, 2].tolist() == [float(value) for value in newest]
        for u in range(2):
            parts = [spec.in_order(0, wt[f], [*before[b, f, 1:], newest[f]]) for f in (2 * u, 2 * u + 1)]
            assert out[b, u] == max(spec.in_order(bias[u], [1, 1], parts), np.float32(-0.5))


@both_ways(arg_extremum_in_order)
@pytest.mark.parametrize("least", [0, 1])
def test_a_nan_that_comes_first_stays(run: Callable[..., Any], least: int) -> None:
    x = np.array([[np.nan, 1, -1], [1, np.nan, 2], [-3, 5, np.nan]], np.float32)[:, :, np.newaxis]
    out = np.zeros((3, 1), np.int32)
    run(least, x, out)
    assert out[:, 0].tolist() == ([0, 0, 0] if least else [0, 2, 1])

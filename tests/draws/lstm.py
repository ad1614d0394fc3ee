"""LSTM, UNIDIRECTIONAL_SEQUENCE_LSTM and BIDIRECTIONAL_SEQUENCE_LSTM."""

from dataclasses import replace
from typing import Any

from hypothesis import strategies as st

from tests.cases import Problem
from tests.cases._lstm import BOTH_WAYS, LSTM, SEQUENCE, TANH, Config, basic, problem
from tests.draws._build import Draw


@st.composite
def _integer(draw: Draw, op: str) -> Problem:
    units = draw(st.integers(1, 9))
    config = Config(
        op, "integer",
        batch=draw(st.integers(1, 3)),
        steps=draw(st.integers(1, 5)),
        inputs=draw(st.integers(1, 9)),
        units=units,
        # With more outputs than cells LiteRT reads peephole weights from outside their buffers.
        outputs=draw(st.integers(0, units)),
        cifg=draw(st.booleans()),
        peephole=draw(st.booleans()),
        norm=draw(st.booleans()),
        projection_bias=draw(st.booleans()),
        time_major=draw(st.booleans()),
        power=draw(st.integers(-15, -9)),
        cell_clip=draw(st.sampled_from([0.0, 0.0, 0.3, 1.5, 100.0])),
        proj_clip=draw(st.sampled_from([0.0, 0.0, 0.2, 0.7, 100.0])),
        spread=draw(st.sampled_from(["whole", "whole", "ends"])),
        runs=draw(st.integers(1, 3)),
        seed=draw(st.integers(0, 2**31)),
    )  # fmt: skip
    return problem(op, config)


@st.composite
def _hybrid(draw: Draw, op: str, weights: str) -> Problem:
    config = Config(
        op, weights,
        batch=draw(st.integers(1, 6)),
        steps=draw(st.integers(1, 4)),
        inputs=draw(st.integers(1, 40)),
        units=draw(st.integers(1, 20)),
        outputs=draw(st.sampled_from([0, 0, 1, 3, 8, 17])),
        cifg=draw(st.booleans()),
        peephole=draw(st.booleans()),
        norm=draw(st.booleans()),
        projection_bias=draw(st.booleans()),
        time_major=draw(st.booleans()),
        cell_clip=draw(st.sampled_from([0.0, 0.0, 0.3, 1.5])),
        proj_clip=draw(st.sampled_from([0.0, 0.0, 0.2, 0.7])),
        activation=draw(st.sampled_from([TANH, TANH, TANH, 0, 1, 2, 3, 5])),
        asymmetric=draw(st.booleans()),
        diagonal=op == SEQUENCE and draw(st.integers(0, 4)) == 0,
        spread=draw(st.sampled_from(["whole", "ends"])),
        runs=draw(st.integers(1, 3)),
        seed=draw(st.integers(0, 2**31)),
    )  # fmt: skip
    if weights == "FLOAT32" and config.outputs > config.units:
        # A projection to more outputs than cells makes LiteRT write past the end of its scratch buffer.
        config = replace(config, units=config.outputs)
    if config.diagonal:
        config = replace(config, outputs=0)
    if op == BOTH_WAYS:
        aux, merge = draw(st.sampled_from(["", "links", "stacked"])), draw(st.booleans())
        # Of a batch-major batch with merged outputs LiteRT takes the states from outside their buffers.
        batch = 1 if merge and not config.time_major else config.batch
        config = replace(config, batch=batch, norm=False, aux=aux, merge=merge)
    return problem(op, config)


@st.composite
def _narrow(draw: Draw) -> Problem:
    config = Config(
        LSTM, "integer",
        batch=draw(st.integers(1, 3)),
        inputs=draw(st.integers(1, 9)),
        units=draw(st.integers(1, 9)),
        outputs=draw(st.integers(1, 9)),
        # LiteRT couples the input gate even where the node has one, and has no peepholes.
        cifg=draw(st.booleans()),
        peephole=draw(st.booleans()),
        norm=True,
        power=-15,
        cell_clip=draw(st.sampled_from([0.0, 0.3, 1.5])),
        proj_clip=draw(st.sampled_from([0.0, 0.2, 100.0])),
        spread=draw(st.sampled_from(["whole", "whole", "ends"])),
        runs=draw(st.integers(1, 3)),
        seed=draw(st.integers(0, 2**31)),
        narrow=True,
    )  # fmt: skip
    return problem(LSTM, config)


@st.composite
def _basic(draw: Draw, weights: str) -> Problem:
    config = Config(
        LSTM, weights,
        batch=draw(st.integers(1, 6)),
        inputs=draw(st.integers(1, 40)),
        units=draw(st.integers(1, 12)),
        spread=draw(st.sampled_from(["whole", "ends"])),
        runs=draw(st.integers(1, 4)),
        seed=draw(st.integers(0, 2**31)),
    )  # fmt: skip
    return basic("LSTM_basic", config)


DRAWS: dict[str, st.SearchStrategy[Any]] = {
    **{f"{op} int8": _integer(op) for op in (LSTM, SEQUENCE)},
    **{
        f"{op} float32 x {kind.lower()}": _hybrid(op, kind)
        for op in (LSTM, SEQUENCE, BOTH_WAYS)
        for kind in ("INT8", "UINT8", "FLOAT32")
    },
    "LSTM int8 narrow": _narrow(),
    **{f"LSTM basic {kind.lower()}": _basic(kind) for kind in ("FLOAT32", "UINT8")},
}

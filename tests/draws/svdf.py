"""SVDF."""

from typing import Any

import numpy as np
from hypothesis import strategies as st

from intengine.writer import ModelBuilder
from tests.cases import Problem
from tests.draws._build import Draw, scales, values, zero_points


@st.composite
def _svdf(draw: Draw, weights: str) -> Problem:
    """float32 activations if weights are not "INT16", else int8 activations with int16 state."""
    rank, units, steps = (draw(st.integers(1, most)) for most in (3, 5, 6))
    batch, depth, filters = draw(st.integers(1, 3)), draw(st.integers(1, 40)), rank * units
    is_integer = weights == "INT16"
    b = ModelBuilder()

    def tensor(
        name: str, type_: str, shape: tuple[int, ...], data: Any = None, scale: float | None = None, **more: Any
    ) -> int:
        return b.tensor(name, type_, shape, data, scale=scale, **more)

    s_in, s_w, s_wt, s_state = (draw(scales(2.0**-8, 1.0)) for _ in range(4))
    s_out = float(np.float32(s_state * s_wt * 200 * draw(st.sampled_from([0.25, 1.0, 3.0]))))
    first = "INT8" if is_integer else weights
    x = tensor("x", *("INT8" if is_integer else "FLOAT32", (batch, depth)), scale=s_in if is_integer else None,
               zero_point=draw(zero_points("INT8")) if is_integer else None)  # fmt: skip
    quantized = weights != "FLOAT32"
    w = tensor("w", first, (filters, depth), draw(values(first, (filters, depth))), s_w if quantized else None)
    wt = tensor("wt", weights, (filters, steps), draw(values(weights, (filters, steps))), s_wt if quantized else None)
    bias_type = "INT32" if is_integer else "FLOAT32"
    bias = -1
    if draw(st.booleans()):
        data = draw(values("INT16", (units,))).astype(np.int32) if is_integer else draw(values("FLOAT32", (units,)))
        bias = tensor("b", bias_type, (units,), data, s_state * s_wt if is_integer else None)
    elif is_integer:
        bias = tensor("b", bias_type, (units,), np.zeros(units, np.int32), s_state * s_wt)
    state = tensor("state", "INT16" if is_integer else "FLOAT32", (batch, filters * steps),
                   scale=s_state if is_integer else None, is_variable=True)  # fmt: skip
    y = tensor("y", "INT8" if is_integer else "FLOAT32", (batch, units), scale=s_out if is_integer else None,
               zero_point=draw(zero_points("INT8")) if is_integer else None)  # fmt: skip
    options = (
        {"asymmetric_quantize_inputs": draw(st.booleans())} if first in ("INT8", "UINT8") and not is_integer else {}
    )
    b.op("SVDF", [x, w, wt, bias, state], [y], version=4 if options else 3, rank=rank,
         fused_activation_function=1 if is_integer else draw(st.sampled_from([0, 1, 3])), **options)  # fmt: skip
    inputs = [draw(values("INT8" if is_integer else "FLOAT32", (batch, depth))) for _ in range(4)]
    return Problem("svdf", b.to_bytes([x], [y]), (inputs[0],), then=tuple((x,) for x in inputs[1:]))


DRAWS = {
    "SVDF int8": _svdf("INT16"),
    "SVDF float32": _svdf("FLOAT32"),
    "SVDF float32 int8": _svdf("INT8"),
    "SVDF float32 uint8": _svdf("UINT8"),
}

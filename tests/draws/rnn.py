"""RNN, UNIDIRECTIONAL_SEQUENCE_RNN, BIDIRECTIONAL_SEQUENCE_RNN."""

from hypothesis import strategies as st

from intengine.writer import ModelBuilder
from tests.cases import Problem
from tests.draws._build import Draw, scales, values


def _cell(draw: Draw, b: ModelBuilder, weights: str, batch: int, depth: int, units: int, name: str) -> list[int]:
    """Tensors of weights, recurrent weights, bias and state."""
    found = []
    for part, shape in (("w", (units, depth)), ("r", (units, units))):
        scale = None if weights == "FLOAT32" else draw(scales(2.0**-9, 2.0**-4))
        found.append(b.tensor(f"{name}{part}", weights, shape, draw(values(weights, shape)), scale=scale))
    found.append(b.tensor(f"{name}b", "FLOAT32", (units,), draw(values("FLOAT32", (units,)))))
    return [*found, b.tensor(f"{name}s", "FLOAT32", (batch, units), is_variable=True)]


@st.composite
def _rnn(draw: Draw, op: str, weights: str) -> Problem:
    batch, depth, units, steps = (draw(st.integers(1, most)) for most in (3, 20, 18, 4))
    b = ModelBuilder()
    options: dict[str, object] = {"fused_activation_function": draw(st.sampled_from([0, 1, 3, 4]))}
    if weights != "FLOAT32":
        options["asymmetric_quantize_inputs"] = draw(st.booleans())
    shape: tuple[int, ...] = (batch, depth)
    if op != "RNN":
        options["time_major"] = draw(st.booleans())
        shape = (steps, batch, depth) if options["time_major"] else (batch, steps, depth)
    x = b.tensor("x", "FLOAT32", shape)
    cell = _cell(draw, b, weights, batch, depth, units, "f")
    graph_inputs, shapes = [x], [shape]
    if op == "BIDIRECTIONAL_SEQUENCE_RNN":
        other = draw(st.integers(1, 18))
        kind = draw(st.sampled_from(["none", "weights", "linked"]))
        aside = draw(st.integers(1, 9)) if kind != "none" else 0
        if kind == "linked" or (kind == "weights" and (options["time_major"] or weights != "FLOAT32")):
            # LiteRT takes the depth of the input for that of the auxiliary one.
            aside = depth
        cell += _cell(draw, b, weights, batch, aside if kind == "linked" else depth, other, "b")
        extra = [-1, -1, -1]
        if kind != "none":
            extra[0] = b.tensor("aux", "FLOAT32", (*shape[:2], aside))
            graph_inputs.append(extra[0])
            shapes.append((*shape[:2], aside))
        if kind == "weights":
            for i, count in ((1, units), (2, other)):
                scale = None if weights == "FLOAT32" else draw(scales(2.0**-9, 2.0**-4))
                data = draw(values(weights, (count, aside)))
                extra[i] = b.tensor(f"aw{i}", weights, (count, aside), data, scale=scale)
        cell += extra
        options["merge_outputs"] = draw(st.booleans())
        sizes = [units + other] if options["merge_outputs"] else [units, other]
        outputs = [b.tensor(f"y{i}", "FLOAT32", (*shape[:2], size)) for i, size in enumerate(sizes)]
    else:
        outputs = [b.tensor("y", "FLOAT32", (*shape[:-1], units))]
    b.op(op, [x, *cell], outputs, version=1 if weights == "FLOAT32" else 3, options=options)
    runs = [tuple(draw(values("FLOAT32", s)) for s in shapes) for _ in range(2)]
    return Problem("rnn", b.to_bytes(graph_inputs, outputs), runs[0], then=tuple(runs[1:]))


DRAWS = {
    f"{op} {kind}": _rnn(op, weights)
    for op in ("RNN", "UNIDIRECTIONAL_SEQUENCE_RNN", "BIDIRECTIONAL_SEQUENCE_RNN")
    for weights, kind in (("FLOAT32", "float32"), ("INT8", "float32 int8"), ("UINT8", "float32 uint8"))
}

"""One-op models of the LSTM operators, from a record of everything that varies."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from intengine.model import TensorType
from intengine.writer import ModelBuilder
from tests.cases import Problem

LSTM, SEQUENCE, BOTH_WAYS = "LSTM", "UNIDIRECTIONAL_SEQUENCE_LSTM", "BIDIRECTIONAL_SEQUENCE_LSTM"
#: Activation functions of the schema.
TANH = 4


@dataclass(frozen=True)
class Config:
    """What an LSTM model is made of.

    Attributes:
        weights: FLOAT32; INT8 or UINT8 (hybrid); "integer" for int8 activations.
        outputs: of a projection; 0 for none.
        power: the cell's scale is 2**power (integer).
        diagonal: whether recurrent weights are vectors.
        spread: of the weights and inputs; "ends" puts integers at the ends of their ranges.
        runs: invocations. seed: of all values.
        merge, aux: of BIDIRECTIONAL_SEQUENCE_LSTM; aux is "links" with weights of its own or "stacked" without.
        narrow: whether products are int8 (integer, LSTM).
        intermediate: shape of the tensors that carry only scales (integer).
    """

    op: str
    weights: str
    batch: int = 2
    steps: int = 3
    inputs: int = 5
    units: int = 4
    outputs: int = 0
    cifg: bool = False
    peephole: bool = False
    norm: bool = False
    projection_bias: bool = True
    time_major: bool = False
    power: int = -11
    cell_clip: float = 0.0
    proj_clip: float = 0.0
    activation: int = TANH
    asymmetric: bool = False
    diagonal: bool = False
    spread: str = "whole"
    runs: int = 2
    seed: int = 0
    merge: bool = False
    aux: str = ""
    narrow: bool = False
    intermediate: tuple[int, ...] = ()

    @property
    def is_integer(self) -> bool:
        return self.weights == "integer"


class _Maker:
    def __init__(self, config: Config) -> None:
        self.config = config
        self.rng = np.random.default_rng(config.seed)
        self.builder = ModelBuilder()

    def ints(self, shape: tuple[int, ...], type_: str, reach: int) -> NDArray[Any]:
        dtype = TensorType[type_].dtype
        if self.config.spread == "ends":
            return self.rng.choice(np.array([-reach, 1 - reach, reach - 1, reach]), shape).astype(dtype)
        return self.rng.integers(-reach, reach + 1, shape).astype(dtype)

    def scale(self, real: float) -> float:
        """Near `real`: a power of two as often as not."""
        if self.rng.integers(2):
            return float(2.0 ** np.round(np.log2(real)))
        return float(np.float32(real * self.rng.uniform(0.7, 1.4)))

    def weights(self, name: str, shape: tuple[int, ...]) -> int:
        """A matrix or vector of weights with a product of about one with its input."""
        kind = self.config.weights
        depth = shape[-1] if len(shape) > 1 else 1
        if kind == "FLOAT32" or (self.config.diagonal and len(shape) == 1 and name[0] == "r"):
            values = self.rng.standard_normal(shape) * (1.5 / np.sqrt(depth))
            return self.builder.tensor(name, "FLOAT32", shape, values.astype(np.float32))
        if len(shape) == 1 and self.config.is_integer:
            return self.builder.tensor(name, "INT16", shape, self.ints(shape, "INT16", 32767), scale=self.scale(2**-15))
        values = self.ints(shape, "INT8", 127)
        if self.config.spread == "ends" and not self.config.is_integer:
            values[self.rng.random(shape) < 0.2] = -128
        type_ = "INT8" if self.config.is_integer else kind
        values = values.view(np.uint8) if type_ == "UINT8" else values
        return self.builder.tensor(name, type_, shape, values, scale=self.scale(0.02 / np.sqrt(depth)))

    def bias(self, name: str, size: int, scale: float) -> int:
        if self.config.is_integer:
            reach = int(1 / scale) + 1
            return self.builder.tensor(name, "INT32", (size,), self.ints((size,), "INT32", reach), scale=scale)
        values = self.rng.standard_normal(size).astype(np.float32)
        return self.builder.tensor(name, "FLOAT32", (size,), values)

    def cell(self, tag: str, inputs: int) -> list[int]:
        """Weights, peephole, biases and projection of one cell: 17 operands."""
        c = self.config
        units, outputs = c.units, c.outputs or c.units
        gates = ["i", "f", "c", "o"]
        first = 1 if c.cifg else 0
        absent = [-1] * first
        w = [self.weights(f"w{tag}{g}", (units, inputs)) for g in gates[first:]]
        r_shape = (units,) if c.diagonal else (units, outputs)
        r = [self.weights(f"r{tag}{g}", r_shape) for g in gates[first:]]
        peephole = [self.weights(f"p{tag}{g}", (units,)) for g in ("i", "f", "o")[first:]] if c.peephole else []
        peephole = absent + peephole if peephole else [-1] * 3
        bias_scale = 2.0**-10 / 32768 * 8 if c.norm else 2.0**-12
        bias = [self.bias(f"b{tag}{g}", units, bias_scale) for g in gates[first:]]
        projection = [-1, -1]
        if c.outputs:
            projection[0] = self.weights(f"proj{tag}", (outputs, units))
            if c.projection_bias:
                projection[1] = self.bias(f"projb{tag}", outputs, 2.0**-10)
        return [*absent, *w, *absent, *r, *peephole, *absent, *bias, *projection]

    def states(self, tag: str) -> list[int]:
        c = self.config
        outputs = c.outputs or c.units
        if not c.is_integer:
            return [
                self.builder.tensor(f"{kind}{tag}", "FLOAT32", (c.batch, size), is_variable=True)
                for kind, size in (("h", outputs), ("c", c.units))
            ]
        self.output = {"scale": self.scale(2**-7), "zero_point": int(self.rng.integers(-128, 128))}
        return [
            self.builder.tensor(f"h{tag}", "INT8", (c.batch, outputs), is_variable=True, **self.output),
            self.builder.tensor(f"c{tag}", "INT16", (c.batch, c.units), is_variable=True, scale=2.0**c.power),
        ]

    def values(self, shape: tuple[int, ...]) -> NDArray[Any]:
        if self.config.is_integer:
            return np.clip(self.ints(shape, "INT16", 128), -128, 127).astype(np.int8)
        values = self.rng.standard_normal(shape).astype(np.float32)
        if self.config.spread == "ends":
            values *= np.float32(8.0)
            values[self.rng.random(shape[:-1]) < 0.3] = 0
        return values


def problem(name: str, config: Config, *, ulp: int = 0, reason: str = "") -> Problem:
    """The model of a configuration with its inputs."""
    c = config
    if c.op == BOTH_WAYS:
        return _both_ways(name, c, ulp, reason)
    make = _Maker(c)
    b = make.builder
    shape: tuple[int, ...] = (c.batch, c.inputs)
    if c.op == SEQUENCE:
        shape = (c.steps, c.batch, c.inputs) if c.time_major else (c.batch, c.steps, c.inputs)
    quantized: dict[str, Any] = {}
    if c.is_integer:
        quantized = {"scale": make.scale(2**-6), "zero_point": int(make.rng.integers(-128, 128))}
    x = b.tensor("x", "INT8" if c.is_integer else "FLOAT32", shape, **quantized)
    operands = [*make.cell("", c.inputs), *make.states("")]
    norm = [-1] * 4
    if c.norm:
        norm = [-1 if c.cifg and g == "i" else _norm(make, f"n{g}") for g in "ifco"]
    intermediates: list[int] = []
    if c.is_integer:
        intermediates = [
            b.tensor(f"m{i}", "INT16", c.intermediate, scale=make.scale(2**-12), zero_point=0) for i in range(4)
        ]
        if c.narrow:
            intermediates = [
                b.tensor(f"m{i}", "INT8", (), scale=make.scale(2**-6 if i % 3 else 2**-11), zero_point=int(z))
                for i, z in enumerate(make.rng.integers(-20, 21, 12))
            ]
        hidden = int(make.rng.integers(-128, 128))
        if not c.narrow:
            intermediates.append(b.tensor("m4", "INT8", c.intermediate, scale=make.scale(2**-7), zero_point=hidden))
    out_shape = (*shape[:-1], c.outputs or c.units)
    y = b.tensor("y", "INT8" if c.is_integer else "FLOAT32", out_shape, **(make.output if c.is_integer else {}))
    options: dict[str, Any] = {"time_major": c.time_major} if c.op == SEQUENCE else {}
    tail = norm if c.norm or c.seed % 2 else []
    b.op(
        c.op, [x, *operands, *tail], [y], intermediates=intermediates, fused_activation_function=c.activation,
        cell_clip=c.cell_clip, proj_clip=c.proj_clip, asymmetric_quantize_inputs=c.asymmetric,
        mutating_variable_inputs=[i in (18, 19) for i in range(20 + len(tail))], **options,
    )  # fmt: skip
    runs = [(make.values(shape),) for _ in range(c.runs)]
    return Problem(name, b.to_bytes([x], [y]), runs[0], ulp, reason, then=tuple(runs[1:]))


def _norm(make: _Maker, name: str) -> int:
    c = make.config
    if c.is_integer:
        values = make.ints((c.units,), "INT16", 32767)
        return make.builder.tensor(name, "INT16", (c.units,), values, scale=make.scale(2**-15))
    values = make.rng.standard_normal(c.units).astype(np.float32)
    return make.builder.tensor(name, "FLOAT32", (c.units,), values)


def basic(name: str, c: Config) -> Problem:
    """The basic cell of 5 inputs; `weights` is FLOAT32 or UINT8."""
    make = _Maker(c)
    b, rng = make.builder, make.rng
    depth = c.inputs + c.units
    if c.weights == "FLOAT32":
        kinds = ["FLOAT32"] * 9
        weights = (rng.standard_normal((4 * c.units, depth)) * (1.5 / np.sqrt(depth))).astype(np.float32)
        bias = rng.standard_normal(4 * c.units).astype(np.float32)
        quantized: list[dict[str, Any]] = [{}] * 9
        runs = [(make.values((c.batch, c.inputs)),) for _ in range(c.runs)]
    else:
        kinds = ["UINT8", "UINT8", "UINT8", "INT32", "INT16", "UINT8", "INT16", "UINT8", "INT16"]
        zero_point = int(rng.integers(0, 256))
        weights = np.clip(zero_point + make.ints((4 * c.units, depth), "INT16", 128), 0, 255).astype(np.uint8)
        scale = make.scale(0.02 / np.sqrt(depth))
        product = float(np.float32(scale / 128))
        bias = make.ints((4 * c.units,), "INT32", int(1 / product))
        activation = {"scale": 1 / 128, "zero_point": 128}
        state = {"scale": 2.0**-11, "zero_point": 0}
        quantized = [
            activation, activation, {"scale": scale, "zero_point": zero_point}, {"scale": product}, state,
            activation, state, activation, {"scale": 2.0**-12, "zero_point": 0},
        ]  # fmt: skip
        shape = (c.batch, c.inputs)
        runs = [(np.clip(128 + make.ints(shape, "INT16", 128), 0, 255).astype(np.uint8),) for _ in range(c.runs)]
    shapes = [
        (c.batch, c.inputs), (c.batch, c.units), weights.shape, bias.shape, (c.batch, c.units),
        (c.batch, c.units), (c.batch, c.units), (c.batch, depth), (c.batch, 4 * c.units),
    ]  # fmt: skip
    values: list[Any] = [None, None, weights, bias, *[None] * 5]
    tensors = [
        b.tensor(f"t{i}", kinds[i], shapes[i], values[i], is_variable=i in (1, 4), **quantized[i]) for i in range(9)
    ]
    b.op(
        LSTM, tensors[:5], tensors[5:], version=2, kernel_type=1, fused_activation_function=TANH,
        mutating_variable_inputs=[False, True, False, False, True],
    )  # fmt: skip
    return Problem(name, b.to_bytes(tensors[:1], tensors[5:]), runs[0], then=tuple(runs[1:]))


def _both_ways(name: str, c: Config, ulp: int, reason: str) -> Problem:
    make = _Maker(c)
    b = make.builder
    lead = (c.steps, c.batch) if c.time_major else (c.batch, c.steps)
    aux_size = c.inputs if c.aux == "stacked" else c.inputs + 2
    x = b.tensor("x", "FLOAT32", (*lead, c.inputs))
    aux = b.tensor("aux", "FLOAT32", (*lead, aux_size)) if c.aux else -1
    cells = [*make.cell("1", c.inputs), *make.cell("2", c.inputs)]
    states = [*make.states("1"), *make.states("2")]
    links = [-1] * 8
    if c.aux == "links":
        links = [
            -1 if c.cifg and g == "i" else make.weights(f"x{tag}{g}", (c.units, aux_size))
            for tag in "12"
            for g in "ifco"
        ]
    outputs = c.outputs or c.units
    sizes = [2 * outputs] if c.merge else [outputs, outputs]
    ends = [b.tensor(f"y{i}", "FLOAT32", (*lead, size)) for i, size in enumerate(sizes)]
    b.op(
        BOTH_WAYS, [x, *cells, *states, aux, *links], ends, fused_activation_function=c.activation,
        cell_clip=c.cell_clip, proj_clip=c.proj_clip, merge_outputs=c.merge, time_major=c.time_major,
        asymmetric_quantize_inputs=c.asymmetric, mutating_variable_inputs=[35 <= i <= 38 for i in range(48)],
    )  # fmt: skip
    starts = [x, aux] if c.aux else [x]
    runs = [
        tuple(make.values((*lead, size)) for size in ([c.inputs, aux_size] if c.aux else [c.inputs]))
        for _ in range(c.runs)
    ]
    return Problem(name, b.to_bytes(starts, ends), runs[0], ulp, reason, then=tuple(runs[1:]))


#: What a cell may have, by name.
VARIANTS: dict[str, dict[str, Any]] = {
    "plain": {},
    "coupled": {"cifg": True},
    "peephole": {"peephole": True},
    "normalized": {"norm": True},
    "projected": {"outputs": 3},
    "all": {"peephole": True, "norm": True, "outputs": 2, "cell_clip": 0.8, "proj_clip": 0.5, "spread": "ends"},
    "coupled_all": {"cifg": True, "peephole": True, "norm": True, "outputs": 3, "projection_bias": False},
    "time_major": {"time_major": True, "batch": 5, "peephole": True, "outputs": 3},
}


def kinds(config: Config, names: Iterable[str] = tuple(VARIANTS)) -> Iterator[Problem]:
    """One problem for each variant that the operator has."""
    for seed, name in enumerate(names):
        if config.op == LSTM and name == "time_major":
            continue
        chosen = replace(config, seed=seed, **VARIANTS[name])
        if config.op == BOTH_WAYS:
            chosen = replace(chosen, norm=False)
        yield problem(f"{config.op}_{config.weights}_{name}", chosen)

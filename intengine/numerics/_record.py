"""The record that every profile fills."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from intengine.model import Node, Options, Quantization, TensorType
from intengine.numerics._arithmetic import (
    Addition,
    Averaging,
    Dequantizing,
    Exponentials,
    FloatAveraging,
    FloatElements,
    LeakyRelu,
    Multiplication,
    ProductOfNone,
    Quantizing,
    Requantizing,
    Resizing,
    Sigmoid16,
    Summing,
    TableRounding,
)
from intengine.quantization import ActivationBound, quantize_multiplier, quantize_real


@dataclass(frozen=True, eq=False)
class ConvScales:
    """The scales of a matrix-type operator.

    Attributes:
        input, output: float32 scalars. filter: float32[1] or float32[channels].
        input_type: element type of the activations.
        wide: whether the accumulator is int64.
        channels: number of output channels.
    """

    input: np.float32
    filter: NDArray[np.float32]
    output: np.float32
    input_type: TensorType
    wide: bool
    channels: int


@dataclass(frozen=True, eq=False)
class Requantizer:
    """From accumulators to quantized values; the arguments of `intengine_kernels.requantize.requantize_row`.

    Attributes:
        scheme: a constant of that file.
        multiplier, shift: int32[channels]. scale: float64[channels]. Those that the scheme ignores are zero.
    """

    scheme: int
    multiplier: NDArray[np.int32]
    shift: NDArray[np.int32]
    scale: NDArray[np.float64]

    @property
    def args(self) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.float64], int]:
        """(multiplier, shift, scale, scheme), in the order in which kernels take them."""
        return self.multiplier, self.shift, self.scale, self.scheme


def fixed_point(scheme: int, real: NDArray[np.float64]) -> Requantizer:
    """A requantizer that encodes each double of `real` as Q31 multiplier and shift."""
    pairs = [quantize_multiplier(float(value)) for value in real]
    return Requantizer(
        scheme,
        np.array([multiplier for multiplier, _ in pairs], np.int32),
        np.array([shift for _, shift in pairs], np.int32),
        np.zeros(real.size, np.float64),
    )


Factory = Callable[[ConvScales], Requantizer]


class TensorView(Protocol):
    """What a delegate's rule may ask of a tensor; `ops.Operand` is one."""

    @property
    def index(self) -> int: ...
    @property
    def type(self) -> TensorType: ...
    @property
    def shape(self) -> tuple[int, ...]: ...
    @property
    def quantization(self) -> Quantization: ...
    @property
    def value(self) -> NDArray[Any] | None:
        """The elements, if they are known before running."""

    @property
    def is_constant(self) -> bool:
        """Whether the file gives the elements."""


class NodeView(Protocol):
    """What a delegate's rule may ask of a node; `ops.NodeContext` is one."""

    @property
    def node(self) -> Node: ...
    @property
    def options(self) -> Options: ...
    @property
    def inputs(self) -> Sequence[TensorView | None]: ...
    @property
    def outputs(self) -> Sequence[TensorView]: ...


#: Whether a delegate takes a node of one operator.
Rule = Callable[[NodeView], bool]


@dataclass(frozen=True, eq=False)
class Delegate:
    """Takes over some nodes of a graph.

    Attributes:
        takes: whether it takes a node. numerics: its arithmetic for those.
    """

    takes: Callable[[NodeView], bool]
    numerics: "Numerics"


@dataclass(frozen=True, eq=False)
class Numerics:
    """One runtime's arithmetic: a slot for each place where runtimes differ.

    Attributes:
        name: what users call it. runtime, version, cpu: whose answer it is. evidence: how that is known.
        delegate: has its own arithmetic for the nodes that it takes, or None.
        conv, depthwise_conv, transpose_conv, fully_connected, batch_matmul: scales -> requantizer.
        activation_bound: how a bound of a fused activation is quantized.
        sum_reads_bytes: whether SUM reads int8 and int16 elements as unsigned bytes.
        quantizing ... product_of_none: see `intengine.numerics._arithmetic`.
    """

    name: str
    runtime: str
    version: str
    cpu: str
    evidence: str
    conv: Factory
    depthwise_conv: Factory
    transpose_conv: Factory
    fully_connected: Factory
    batch_matmul: Factory
    activation_bound: ActivationBound = quantize_real
    sum_reads_bytes: bool = False
    quantizing: Quantizing = Quantizing.DIVIDED
    requantizing: Requantizing = Requantizing.DOUBLE_ROUNDING
    dequantizing: Dequantizing = Dequantizing.SUBTRACTED
    summing: Summing = Summing.FIXED_POINT
    averaging: Averaging = Averaging.FIXED_POINT
    float_elements: FloatElements = FloatElements.AS_WRITTEN
    float_averaging: FloatAveraging = FloatAveraging.IN_ORDER
    sigmoid16: Sigmoid16 = Sigmoid16.INTERPOLATED
    exponentials: Exponentials = Exponentials.FIXED_POINT
    addition: Addition = Addition.DOUBLE_ROUNDING
    multiplication: Multiplication = Multiplication.DOUBLE_ROUNDING
    leaky_relu: LeakyRelu = LeakyRelu.DOUBLE_ROUNDING
    table_rounding: TableRounding = TableRounding.HALF_AWAY
    resizing: Resizing = Resizing.REFERENCE
    product_of_none: ProductOfNone = ProductOfNone.REQUANTIZED
    delegate: Delegate | None = None

    def of(self, node: NodeView) -> "Numerics":
        """The arithmetic in force for a node: the delegate's if it takes the node."""
        if self.delegate is not None and self.delegate.takes(node):
            return self.delegate.numerics
        return self

"""The record that every profile fills."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from intengine_kernels.isa.hybrid_lanes import FILTER_FIRST, SCALES_FIRST
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
    Rounding,
    Sigmoid16,
    Summing,
    TableRounding,
)
from intengine.numerics._matrix_arithmetic import DepthwiseFloat, PackedInt4
from intengine.numerics._micro_arithmetic import (
    CastToInteger,
    Ratio,
    Relu6,
    Rsqrt16,
    SequenceLstm,
    Sigmoid8,
    Softmax16,
    SvdfState,
    SvdfSum,
)
from intengine.quantization import ActivationBound, quantize_multipliers, quantize_real


@dataclass(frozen=True, eq=False)
class ConvScales:
    """The scales of a matrix-type operator.

    Attributes:
        input, output: float32 scalars. filter: float32[1] or float32[channels].
        input_type: element type of the activations.
        wide: whether the accumulator is int64.
        channels: number of output channels. groups: of a convolution.
    """

    input: np.float32
    filter: NDArray[np.float32]
    output: np.float32
    input_type: TensorType
    wide: bool
    channels: int
    groups: int = 1


@dataclass(frozen=True, eq=False)
class Requantizer:
    """From accumulators to quantized values; the arguments of `intengine_kernels.requantize.requantize_row`.

    Attributes:
        scheme: a constant of that file.
        multiplier, shift: int32[channels]. scale: float64[channels]. Those that the scheme ignores are zero.
        block: the scheme holds for whole blocks of so many elements of the output, the rest is DOUBLE_ROUNDING; 1 where
            there is no rest. Only TRANSPOSE_CONV heeds it.
    """

    scheme: int
    multiplier: NDArray[np.int32]
    shift: NDArray[np.int32]
    scale: NDArray[np.float64]
    block: int = 1

    @property
    def args(self) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.float64], int]:
        """(multiplier, shift, scale, scheme), in the order in which kernels take them."""
        return self.multiplier, self.shift, self.scale, self.scheme


def fixed_point(scheme: int, real: NDArray[np.float64]) -> Requantizer:
    """A requantizer that encodes each double of `real` as Q31 multiplier and shift."""
    return Requantizer(scheme, *quantize_multipliers(real), np.zeros(real.size, np.float64))


Factory = Callable[[ConvScales], Requantizer]


@dataclass(frozen=True)
class Hybrid:
    """How products of float32 activations and integer weights are computed.

    Attributes:
        is_dynamic: whether rows and images have zero points whatever the options say, and the result is one fused
            multiply-add; else what follows.
        conv, depthwise_conv: order of the scales in convolutions with scales per channel and without groups, a
            constant of `intengine_kernels.hybrid`.
    """

    is_dynamic: bool = False
    conv: int = FILTER_FIRST
    depthwise_conv: int = SCALES_FIRST


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
    def is_static(self) -> bool:
        """Whether the file holds its elements, as they are or to be unpacked."""

    @property
    def is_sparse(self) -> bool:
        """Whether the file leaves out its zeros."""


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
        hybrid: of dynamic-range operators.
        float_is_fused: whether float32 matrix products are fused multiply-adds that begin with the bias,
            denormals being zeros.
        activation_bound: how a bound of a fused activation is quantized.
        fully_connected_int16_narrow: whether FULLY_CONNECTED of int16 without a bias adds up in int32, which wraps.
        shuffled_is_clamped: whether FULLY_CONNECTED with shuffled weights heeds its fused activation.
        packed_int4: of FULLY_CONNECTED. depthwise_float: of DEPTHWISE_CONV_2D.
        sum_reads_bytes: whether SUM reads int8 and int16 elements as unsigned bytes.
        rounding, quantizing ... product_of_none: see `intengine.numerics._arithmetic`.
        ratio ... sequence_lstm: see `intengine.numerics._micro_arithmetic`.
        adds_powers_of_two: whether ADD and SUB of int16 with power-of-two scales are shifts.
        add_clamps_int32: whether ADD of int32 has its fused activation.
        space_to_batch_pads: whether SPACE_TO_BATCH_ND pads with the zero point, not 0.
        embedding_row_scales: whether EMBEDDING_LOOKUP has a scale for each row, not the first for all.
        arg_max_passes_nan: whether ARG_MAX and ARG_MIN pass over a NaN that comes first.
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
    hybrid: Hybrid = Hybrid()
    float_is_fused: bool = False
    activation_bound: ActivationBound = quantize_real
    fully_connected_int16_narrow: bool = False
    shuffled_is_clamped: bool = True
    packed_int4: PackedInt4 = PackedInt4.AS_INT8
    depthwise_float: DepthwiseFloat = DepthwiseFloat.BIAS_LAST
    rounding: Rounding = Rounding.TWICE
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
    ratio: Ratio = Ratio.FLOAT32
    sigmoid8: Sigmoid8 = Sigmoid8.FLOAT32_TABLE
    relu6: Relu6 = Relu6.RESCALED
    rsqrt16: Rsqrt16 = Rsqrt16.INTERPOLATED
    cast_to_integer: CastToInteger = CastToInteger.SATURATES
    softmax16: Softmax16 = Softmax16.FLOAT64_TABLES
    svdf_state: SvdfState = SvdfState.CLAMPED
    svdf_sum: SvdfSum = SvdfSum.LANES
    sequence_lstm: SequenceLstm = SequenceLstm.GEMMLOWP
    adds_powers_of_two: bool = True
    add_clamps_int32: bool = True
    space_to_batch_pads: bool = True
    embedding_row_scales: bool = True
    arg_max_passes_nan: bool = True

    def of(self, node: NodeView) -> "Numerics":
        """The arithmetic in force for a node: the delegate's if it takes the node."""
        if self.delegate is not None and self.delegate.takes(node):
            return self.delegate.numerics.of(node)
        return self

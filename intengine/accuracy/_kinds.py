"""Which operators can compute in float32 on real numbers, and which of them only move data."""

import numpy as np
from numpy.typing import NDArray

from intengine.model import Node, Subgraph, TensorSpec, TensorType
from intengine.quantization import INTEGER_RANGE, NONE, RELU, RELU6

_NARROW = (
    *(TensorType.INT8, TensorType.UINT8, TensorType.INT16),
    *(TensorType.INT4, TensorType.UINT4, TensorType.INT2),
)

#: input, weights and bias among the inputs of operators that sum products: the bias has the scale input x weights.
MATRIX: dict[str, tuple[int, int, int]] = {
    "CONV_2D": (0, 1, 2),
    "DEPTHWISE_CONV_2D": (0, 1, 2),
    "FULLY_CONNECTED": (0, 1, 2),
    "TRANSPOSE_CONV": (2, 1, 3),
}
#: From one representation of a real number to another.
CONVERSIONS = frozenset({"QUANTIZE", "DEQUANTIZE"})
#: Outputs are elements of the inputs, or shapes.
MOVERS = frozenset({
    "BATCH_TO_SPACE_ND", "BROADCAST_TO", "CONCATENATION", "DEPTH_TO_SPACE", "DYNAMIC_UPDATE_SLICE", "EXPAND_DIMS",
    "FILL", "GATHER", "GATHER_ND", "MAX_POOL_2D", "MIRROR_PAD", "PACK", "PAD", "PADV2", "RANK", "RESHAPE",
    "RESIZE_NEAREST_NEIGHBOR", "REVERSE_SEQUENCE", "REVERSE_V2", "SHAPE", "SLICE", "SPACE_TO_BATCH_ND",
    "SPACE_TO_DEPTH", "SPLIT", "SPLIT_V", "SQUEEZE", "STRIDED_SLICE", "TILE", "TRANSPOSE", "UNPACK",
})  # fmt: skip
_COMPUTE = frozenset({
    "ABS", "ADD", "ARG_MAX", "ARG_MIN", "AVERAGE_POOL_2D", "BATCH_MATMUL", "DIV", "ELU", "EQUAL", "EXP",
    "FLOOR_DIV", "GELU", "GREATER", "GREATER_EQUAL", "HARD_SWISH", "L2_NORMALIZATION", "LEAKY_RELU", "LESS",
    "LESS_EQUAL", "LOG", "LOGISTIC", "LOG_SOFTMAX", "MAXIMUM", "MEAN", "MINIMUM", "MUL", "NEG", "NOT_EQUAL",
    "PRELU", "REDUCE_MAX", "REDUCE_MIN", "REDUCE_PROD", "RELU", "RELU6", "RELU_0_TO_1", "RELU_N1_TO_1",
    "RESIZE_BILINEAR", "RSQRT", "SELECT", "SELECT_V2", "SOFTMAX", "SQRT", "SQUARED_DIFFERENCE", "SUB", "SUM",
    "TANH", "TFLite_Detection_PostProcess", "TOPK_V2",
})  # fmt: skip
FLOATABLE = _COMPUTE | MOVERS | CONVERSIONS | MATRIX.keys()
#: Float kernels exist, but with other tensors than the integer ones have (states, intermediates).
_RECURRENT = frozenset({
    "BIDIRECTIONAL_SEQUENCE_LSTM", "BIDIRECTIONAL_SEQUENCE_RNN", "LSTM", "RNN", "SVDF",
    "UNIDIRECTIONAL_SEQUENCE_LSTM", "UNIDIRECTIONAL_SEQUENCE_RNN",
})  # fmt: skip
_STATEFUL = frozenset({"ASSIGN_VARIABLE", "READ_VARIABLE", "VAR_HANDLE", "CALL_ONCE"})
_CALLS = frozenset({"IF", "WHILE", "STABLEHLO_COMPOSITE"})


def real_tensors(graph: Subgraph) -> frozenset[int]:
    """Tensors whose integers stand for real numbers: they have usable scales.

    int32 counts only where a QUANTIZE made it: elsewhere it is a bias, which belongs to its operator, or an index.
    """
    made = {i for node in graph.nodes if node.op == "QUANTIZE" for i in node.outputs}
    return frozenset(
        spec.index
        for spec in graph.tensors
        if _has_scales(spec) and (spec.type in _NARROW or (spec.type is TensorType.INT32 and spec.index in made))
    )


def _has_scales(spec: TensorSpec) -> bool:
    """One scale above 0, or a finite one for each channel: some files have zeros or less for channels that are dead."""
    scale = spec.quantization.scale
    usable = (scale > 0).all() if scale.size == 1 else np.isfinite(scale).all()
    return spec.quantization.details is None and bool(scale.size) and bool(usable)


def why_not(graph: Subgraph, node: Node, real: frozenset[int]) -> str:
    """Why a node cannot compute in float32, "" if it can."""
    touched = [graph.tensors[i] for i in (*node.inputs, *node.outputs) if i >= 0]
    if node.op in _RECURRENT:
        if graph.tensors[node.inputs[0]].type is TensorType.FLOAT32 and not any(
            spec.is_variable and spec.index in real for spec in touched
        ):
            return _odd(touched, real)
        return "its gates and states are integers, with scales that the float operator does not have"
    if node.op in _STATEFUL:
        return "it holds a state that other runs read as integers"
    if node.op in _CALLS:
        return "it calls a subgraph"
    if node.op not in FLOATABLE:
        return "there is no float32 form of it with the same tensors"
    if node.op in (*MATRIX, "BATCH_MATMUL") and graph.tensors[node.outputs[0]].type is TensorType.INT32:
        return "its outputs are sums of integers"
    return _odd(touched, real) or _odd_bias(graph, node)


def _odd(touched: list[TensorSpec], real: frozenset[int]) -> str:
    for spec in touched:
        if spec.quantization.details is not None:
            return f"tensor {spec.index} is quantized in blocks or by another scheme than one scale and zero point"
        if spec.type in _NARROW and spec.index not in real:
            return f"tensor {spec.index} has no scale that gives its integers a real value"
        if spec.is_variable and spec.index in real:
            return f"tensor {spec.index} keeps integers from run to run"
    return ""


def bias_of(graph: Subgraph, node: Node) -> TensorSpec | None:
    """The bias of an operator that sums products, if it has one."""
    place = MATRIX[node.op][2] if node.op in MATRIX else len(node.inputs)
    return graph.tensors[node.inputs[place]] if len(node.inputs) > place and node.inputs[place] >= 0 else None


def bias_scale(graph: Subgraph, node: Node) -> NDArray[np.float64]:
    """float64[n], input scale x weight scale, per tensor or per channel: what one unit of the bias stands for."""
    source, weights = (graph.tensors[node.inputs[at]].quantization.scale for at in MATRIX[node.op][:2])
    return source.astype(np.float64) * weights.astype(np.float64)


def folded_activation(graph: Subgraph, node: Node) -> int:
    """The activation that a node has in real numbers; for operators that sum products.

    Converters fold RELU and RELU6 into the range of the output, and some then drop them from the options: a range that
    begins at 0 exactly is a RELU (where nothing was to cut off, it changes nothing), and one that ends at 6 a RELU6.
    """
    stated = int(node.options["fused_activation_function"])
    out = graph.tensors[node.outputs[0]]
    if node.op not in MATRIX or stated != NONE or out.type not in INTEGER_RANGE or out.quantization.scale.size != 1:
        return stated
    lo, hi = INTEGER_RANGE[out.type]
    zero_point = int(out.quantization.zero_point[0]) if out.quantization.zero_point.size else 0
    steps_to_6 = 6.0 / float(out.quantization.scale[0])
    if zero_point != lo:
        return NONE
    return RELU6 if abs(hi - zero_point - steps_to_6) <= 0.5 else RELU


def _odd_bias(graph: Subgraph, node: Node) -> str:
    bias = bias_of(graph, node)
    if bias is not None and bias.type is not TensorType.FLOAT32:
        if bias.raw is None:
            return "its bias is computed, not stored"
        if not all(_has_scales(graph.tensors[node.inputs[at]]) for at in MATRIX[node.op][:2]):
            return "its bias has no scale, because its input or weights have none"
    if node.op == "FULLY_CONNECTED" and node.options.get("weights_format", 0):
        return "its weights are stored shuffled"
    return ""

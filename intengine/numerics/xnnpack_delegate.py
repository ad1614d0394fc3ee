"""Which nodes LiteRT's XNNPACK delegate takes: a rule for each operator.

Nodes that the delegate takes, but whose preparation it then fails, make LiteRT refuse the whole model; there is
nothing to reproduce, so that rules need not tell those apart.

Source: tflite/delegates/xnnpack/xnnpack_delegate.cc
"""

import math

import numpy as np

from intengine.model import TensorType
from intengine.numerics._record import NodeView, Rule, TensorView
from intengine.numerics.xnnpack_delegate_matrix import MATRIX_RULES
from intengine.quantization import NONE, RELU, RELU6, RELU_N1_TO_1

FLOAT = TensorType.FLOAT32
EIGHT_BIT = (TensorType.INT8, TensorType.UINT8)
_ACTIVATIONS = (NONE, RELU, RELU6, RELU_N1_TO_1)
#: The most axes of a tensor.
_MOST_AXES = 6


def tensors(node: NodeView) -> list[TensorView]:
    """All operands that are there."""
    return [operand for operand in (*node.inputs, *node.outputs) if operand is not None]


def is_quantized(tensor: TensorView) -> bool:
    """Whether a tensor has 8 bits, and one scale and zero point for all elements."""
    quantization = tensor.quantization
    alone = quantization.scale.size == 1 and quantization.zero_point.size == 1 and quantization.axis == 0
    return tensor.type in EIGHT_BIT and alone


def is_plain(tensor: TensorView) -> bool:
    """Whether a tensor is float32, or 8-bit with one scale."""
    return tensor.type is FLOAT or is_quantized(tensor)


def scale_ratio(one: TensorView, other: TensorView) -> np.float32:
    """The quotient of two tensors' scales in float32."""
    return np.float32(one.quantization.scale[0]) / np.float32(other.quantization.scale[0])


def _of_one_type(*operands: TensorView) -> bool:
    return all(is_plain(operand) and operand.type is operands[0].type for operand in operands)


def _fits(*operands: TensorView) -> bool:
    return all(len(operand.shape) <= _MOST_AXES for operand in operands)


def floats(node: NodeView) -> bool:
    """All operands are float32."""
    return all(tensor.type is FLOAT for tensor in tensors(node))


def _activation(node: NodeView) -> bool:
    return node.options["fused_activation_function"] in _ACTIVATIONS


def _sum(node: NodeView) -> bool:
    a, b, out = tensors(node)
    if not (_of_one_type(a, b, out) and _activation(node) and _fits(out)):
        return False
    return out.type is FLOAT or all(2.0**-10 <= scale_ratio(x, out) < 2.0**8 for x in (a, b))


def _product(node: NodeView) -> bool:
    a, b, out = tensors(node)
    if not (_of_one_type(a, b, out) and _activation(node) and _fits(out)):
        return False
    if out.type is FLOAT:
        return True
    product = np.float32(a.quantization.scale[0]) * np.float32(b.quantization.scale[0])
    return bool(2.0**-16 <= product / np.float32(out.quantization.scale[0]) < 2.0**8)


def _quotient(node: NodeView) -> bool:
    return floats(node) and _activation(node)


def _same_type(node: NodeView) -> bool:
    return _of_one_type(*tensors(node))


def _leaky_relu(node: NodeView) -> bool:
    source, out = tensors(node)
    if not _of_one_type(source, out):
        return False
    if source.type is FLOAT:
        return math.isfinite(node.options["alpha"]) and node.options["alpha"] != 0.0
    ratio = scale_ratio(source, out)
    below = np.float32(ratio * np.float32(node.options["alpha"]))
    in_range = -127.99609375 <= below <= 2.0**7 and abs(below) >= 2.0**-8
    return bool(2.0**-8 <= ratio <= 2.0**7 and in_range)


def _quantize(node: NodeView) -> bool:
    source, out = tensors(node)
    if source.type is FLOAT:
        return is_quantized(out)
    return _of_one_type(source, out) and bool(2.0**-8 <= scale_ratio(source, out) <= 2.0**7)


def _dequantize(node: NodeView) -> bool:
    source, out = tensors(node)
    return is_quantized(source) and out.type is FLOAT


def _elu(node: NodeView) -> bool:
    source, out = tensors(node)
    return _of_one_type(source, out) and source.type is not TensorType.UINT8


def _reduce(node: NodeView) -> bool:
    source, axes = node.inputs[:2]
    if source is None or axes is None or not axes.is_static or 0 in axes.shape:
        return False
    return _of_one_type(source, node.outputs[0]) and _fits(source)


def _resize(node: NodeView) -> bool:
    source, size = node.inputs[:2]
    if source is None or size is None or not size.is_static:
        return False
    return _of_one_type(source, node.outputs[0]) and len(source.shape) == 4


def _window(node: NodeView) -> bool:
    """Whether windows meet or overlap."""
    options = node.options
    meet = options["stride_h"] <= options["filter_height"] and options["stride_w"] <= options["filter_width"]
    return bool(meet)


def _max_pool(node: NodeView) -> bool:
    return _same_type(node) and _activation(node) and _window(node)


def _average_pool(node: NodeView) -> bool:
    return floats(node) and _activation(node) and _window(node)


_UNARY_FLOAT = (
    "ABS", "CEIL", "COS", "EXP", "FLOOR", "GELU", "HARD_SWISH", "LOG", "NEG", "RELU", "RELU6", "RELU_N1_TO_1", "ROUND",
    "RSQRT", "SIN", "SQRT", "SQUARE",
)  # fmt: skip

RULES: dict[str, Rule] = {
    "ADD": _sum,
    "SUB": _sum,
    "MUL": _product,
    "DIV": _quotient,
    "LEAKY_RELU": _leaky_relu,
    "LOGISTIC": _same_type,
    "TANH": _same_type,
    "ELU": _elu,
    "QUANTIZE": _quantize,
    "DEQUANTIZE": _dequantize,
    "MEAN": _reduce,
    "SUM": _reduce,
    "RESIZE_BILINEAR": _resize,
    "MAX_POOL_2D": _max_pool,
    "AVERAGE_POOL_2D": _average_pool,
    **dict.fromkeys(_UNARY_FLOAT, floats),
}


def takes(node: NodeView) -> bool:
    """Whether the delegate takes a node."""
    rule = RULES.get(node.node.op) or MATRIX_RULES.get(node.node.op)
    return rule is not None and rule(node)

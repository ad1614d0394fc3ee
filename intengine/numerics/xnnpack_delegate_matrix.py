"""Which matrix products LiteRT's XNNPACK delegate takes: types, quantization, constants and options.

Source: tflite/delegates/xnnpack/xnnpack_delegate.cc
"""

import numpy as np

from intengine.model import TensorType
from intengine.numerics._record import NodeView, Rule, TensorView
from intengine.quantization import RELU6

#: Padding of the schema.
SAME = 0
_PER_BYTE = {TensorType.INT4: 2, TensorType.INT2: 4}
_EIGHT_BIT = (TensorType.INT8, TensorType.UINT8)


def _per_tensor(tensor: TensorView) -> bool:
    """8 bits, one positive scale and one zero point along no axis."""
    quantization = tensor.quantization
    return (
        tensor.type in _EIGHT_BIT
        and quantization.scale.size == quantization.zero_point.size == 1
        and quantization.axis == 0
        and bool(np.isfinite(quantization.scale[0]) and quantization.scale[0] >= np.finfo(np.float32).tiny)
    )


def _filter(tensor: TensorView, axis: int, types: tuple[TensorType, ...]) -> bool:
    """Constant weights of these types, without a zero point unless uint8; scales per tensor or along `axis`."""
    quantization = tensor.quantization
    scales, zero_points = quantization.scale, quantization.zero_point
    if not tensor.is_static or tensor.is_sparse or tensor.type not in types or not scales.size:
        return False
    if not bool((np.isfinite(scales) & (scales > 0)).all()):
        return False
    if scales.size > 1:
        fits = quantization.axis == axis and scales.size == tensor.shape[axis]
        return fits and tensor.type is not TensorType.UINT8 and not zero_points.any()
    if tensor.type is TensorType.UINT8:
        return zero_points.size == 1 and quantization.axis == 0
    return zero_points.size == 1 and not zero_points.any()


def _bias(tensor: TensorView | None, wanted: TensorType, *, optional: bool = False) -> bool:
    if tensor is None:
        return optional
    return tensor.is_static and tensor.type is wanted and len(tensor.shape) == 1


def _activation(node: NodeView) -> bool:
    return int(node.options["fused_activation_function"]) <= RELU6


def _matrix(node: NodeView, at: tuple[int, int, int], axis: int, narrow: tuple[TensorType, ...], *, bias: bool) -> bool:
    """Whether types and quantization of a matrix product fit; `at`: places of source, filter and bias."""
    source, weights = (node.inputs[i] for i in at[:2])
    offset = node.inputs[at[2]] if len(node.inputs) > at[2] else None
    out = node.outputs[0]
    if source is None or weights is None or out.type is not source.type or not _activation(node):
        return False
    if source.type is TensorType.FLOAT32:
        if not _bias(offset, TensorType.FLOAT32, optional=not bias):
            return False
        if weights.type is TensorType.FLOAT32:
            return weights.is_static
        return node.node.op != "DEPTHWISE_CONV_2D" and _filter(weights, axis, narrow)
    types = (TensorType.UINT8,) if source.type is TensorType.UINT8 else narrow
    return (
        _per_tensor(source)
        and _per_tensor(out)
        and _filter(weights, axis, types)
        and _bias(offset, TensorType.INT32, optional=not bias)
    )


def _conv(node: NodeView) -> bool:
    return _matrix(node, (0, 1, 2), 0, (TensorType.INT8,), bias=True)


def _depthwise(node: NodeView) -> bool:
    return _matrix(node, (0, 1, 2), 3, (TensorType.INT8,), bias=True)


def _fully_connected(node: NodeView) -> bool:
    """Packed weights only in whole bytes for each row, int2 only per channel."""
    weights = node.inputs[1]
    if weights is None or weights.shape[-1] % _PER_BYTE.get(weights.type, 1):
        return False
    if weights.type is TensorType.INT2 and weights.quantization.scale.size != weights.shape[0]:
        return False
    return _matrix(node, (0, 1, 2), 0, (TensorType.INT8, TensorType.INT4, TensorType.INT2), bias=False)


def _transpose_conv(node: NodeView) -> bool:
    """A constant output size; with SAME padding, windows that leave no gaps."""
    size, weights = node.inputs[0], node.inputs[1]
    if size is None or not size.is_static or weights is None:
        return False
    strides = node.options["stride_h"], node.options["stride_w"]
    gaps = weights.shape[1] < strides[0] or weights.shape[2] < strides[1]
    if node.options["padding"] == SAME and gaps:
        return False
    return _matrix(node, (2, 1, 3), 0, (TensorType.INT8,), bias=False)


def _batch_matmul(node: NodeView) -> bool:
    left, right = node.inputs[0], node.inputs[1]
    out = node.outputs[0]
    if left is None or right is None or out.type is not left.type:
        return False
    if left.type is TensorType.FLOAT32:
        return right.type is TensorType.FLOAT32 or (
            right.type is TensorType.INT8 and _filter(right, len(right.shape) - 1, (TensorType.INT8,))
        )
    signed = left.type is right.type is TensorType.INT8
    return signed and all(map(_per_tensor, (left, right, out))) and not right.quantization.zero_point.any()


MATRIX_RULES: dict[str, Rule] = {
    "BATCH_MATMUL": _batch_matmul,
    "CONV_2D": _conv,
    "DEPTHWISE_CONV_2D": _depthwise,
    "FULLY_CONNECTED": _fully_connected,
    "TRANSPOSE_CONV": _transpose_conv,
}

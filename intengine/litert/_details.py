"""Tensors as LiteRT describes them: the same dict keys, arrays and types."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from intengine.model import BlockwiseQuantization, TensorSpec, TensorType

#: Types that LiteRT shows as something else than their NumPy dtype.
_SHOWN_AS: dict[TensorType, type[np.generic]] = {
    TensorType.STRING: np.bytes_,
    TensorType.RESOURCE: np.object_,
    TensorType.VARIANT: np.object_,
    TensorType.FLOAT8_E4M3FN: np.int8,
    TensorType.FLOAT8_E5M2: np.int8,
}


def type_name(dtype: np.dtype[Any]) -> str:
    """LiteRT's name of a dtype that a caller passes."""
    if dtype.kind in "SUO":
        return "STRING"
    return next((kind.name for kind in TensorType if kind.bits >= 8 and kind.dtype == dtype), str(dtype).upper())


def numpy_type(kind: TensorType) -> Any:
    """The scalar class that LiteRT gives as a tensor's "dtype"."""
    return _SHOWN_AS.get(kind) or kind.dtype.type


def shown(array: NDArray[Any], kind: TensorType) -> NDArray[Any]:
    """An array of a tensor as LiteRT gives it: float8 as the int8 of its bits."""
    return array.view(np.int8) if _SHOWN_AS.get(kind) is np.int8 else array


def tensor_details(
    tensors: Sequence[TensorSpec], index: int, shape: tuple[int, ...], *, compress: bool
) -> dict[str, Any]:
    """A tensor as LiteRT describes it; the arrays belong to the caller.

    Args:
        tensors: those of its subgraph. shape: the one in force.
        compress: whether equal zero points are given once.
    """
    spec = tensors[index]
    quantization = spec.quantization
    block_size = 0
    if isinstance(quantization.details, BlockwiseQuantization):
        scales = _stored(tensors, quantization.details.scales, np.float16)
        # LiteRT reads the zero points' bytes as int32 whatever their type.
        zero_points = _stored(tensors, quantization.details.zero_points, np.int32)
        block_size = quantization.details.block_size
    else:
        scales = np.array(quantization.scale, np.float32)
        zero_points = np.array(quantization.zero_point if scales.size else (), np.int64).astype(np.int32)
        if compress and scales.size > 1 and zero_points.size and (zero_points == zero_points[0]).all():
            zero_points = zero_points[:1].copy()
    single = bool(quantization) and scales.size == 1
    return {
        "name": spec.name,
        "index": spec.index,
        "shape": np.array(shape, np.int32),
        "shape_signature": np.array(spec.shape_signature or shape, np.int32),
        "dtype": numpy_type(spec.type),
        "quantization": (float(scales[0]), int(zero_points[0]) if zero_points.size else 0) if single else (0.0, 0),
        "quantization_parameters": {
            "scales": scales,
            "zero_points": zero_points,
            "quantized_dimension": quantization.axis if quantization else 0,
            "block_size": block_size,
        },
        "sparsity_parameters": _sparsity(spec),
    }


def _stored(tensors: Sequence[TensorSpec], index: int, dtype: DTypeLike) -> NDArray[Any]:
    """The bytes of a constant, read as `dtype`; empty if there is none."""
    raw = tensors[index].raw if 0 <= index < len(tensors) else None
    size = np.dtype(dtype).itemsize
    return np.frombuffer(b"" if raw is None else raw.tobytes()[: raw.size // size * size], dtype).copy()


def _sparsity(spec: TensorSpec) -> dict[str, Any]:
    if spec.sparsity is None:
        return {}
    out: dict[str, Any] = {"traversal_order": np.array(spec.sparsity.traversal_order, np.int32)}
    if spec.sparsity.block_map:
        out["block_map"] = np.array(spec.sparsity.block_map, np.int32)
    out["dim_metadata"] = [
        {"format": 0, "dense_size": dimension.dense_size}
        if dimension.dense
        else {
            "format": 1,
            "array_segments": dimension.segments.astype(np.int32),
            "array_indices": dimension.indices.astype(np.int32),
        }
        for dimension in spec.sparsity.dimensions
    ]
    return out

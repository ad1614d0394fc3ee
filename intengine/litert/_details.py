"""Tensors as LiteRT describes them: the same dict keys, arrays and types."""

from typing import Any

import numpy as np

from intengine.model import BlockwiseQuantization, TensorSpec, TensorType


def type_name(dtype: np.dtype[Any]) -> str:
    return next((kind.name for kind in TensorType if kind.bits >= 8 and kind.dtype == dtype), str(dtype).upper())


def numpy_type(kind: TensorType) -> Any:
    return np.object_ if kind.bits == 0 else kind.dtype.type


def tensor_details(spec: TensorSpec, shape: tuple[int, ...]) -> dict[str, Any]:
    """A tensor as LiteRT describes it; its own arrays and types."""
    quantization = spec.quantization
    scales = np.array(quantization.scale, np.float32)
    zero_points = np.array(quantization.zero_point, np.int64).astype(np.int32)
    single = scales.size == 1
    details = quantization.details
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
            "quantized_dimension": quantization.axis,
            "block_size": details.block_size if isinstance(details, BlockwiseQuantization) else 0,
        },
        "sparsity_parameters": _sparsity(spec),
    }


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

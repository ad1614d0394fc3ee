"""Models that use every corner of the format, built with the writer, and a deep comparison of records."""

import dataclasses
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from intengine.model import (
    BlockwiseQuantization,
    CustomQuantization,
    DimensionMetadata,
    ExternalBuffer,
    Model,
    MultiAxisQuantization,
    Sparsity,
    TensorType,
    VariantSubType,
)
from intengine.reader import load
from intengine.writer import ModelBuilder, dump

#: fields that tell where a model comes from, not what it says
ORIGIN = ("nbytes", "source")


def differences(a: Any, b: Any, where: str = "") -> Iterator[str]:
    """Paths at which two records differ; floats and arrays bit by bit, mappings also in order."""
    if type(a) is not type(b):
        yield f"{where}: {type(a).__name__} and {type(b).__name__}"
    elif isinstance(a, np.ndarray):
        if (a.dtype, a.shape, a.tobytes()) != (b.dtype, b.shape, b.tobytes()):
            yield f"{where}: {a!r} and {b!r}"
    elif dataclasses.is_dataclass(a):
        for field in dataclasses.fields(a):
            if field.name not in ORIGIN:
                yield from differences(getattr(a, field.name), getattr(b, field.name), f"{where}.{field.name}")
    elif isinstance(a, tuple) and len(a) == len(b):
        for index, (x, y) in enumerate(zip(a, b, strict=True)):
            yield from differences(x, y, f"{where}[{index}]")
    elif isinstance(a, Mapping) and list(a) == list(b) and getattr(a, "table", "") == getattr(b, "table", ""):
        for key in a:
            yield from differences(a[key], b[key], f"{where}[{key!r}]")
    elif repr(a) != repr(b):
        yield f"{where}: {a!r} and {b!r}"


def small() -> bytes:
    """y = relu(x + c), int8."""
    builder = ModelBuilder(name="", description="")
    x = builder.tensor("x", "INT8", [1, 4], scale=0.5, zero_point=-3)
    c = builder.tensor("c", "INT8", [4], [1, -2, 3, -128], scale=0.5)
    y = builder.tensor("y", "INT8", [1, 4], scale=0.5, zero_point=-3)
    builder.op("ADD", [x, c], [y], version=2, fused_activation_function=1)
    return builder.to_bytes([x], [y])


def rich() -> Model:
    """A model that no runtime would run, with something in every field of the format."""
    builder = ModelBuilder(name="primary", description="naïve")
    x = builder.tensor("x", "INT8", [1, 2, 2, 3], scale=0.1, zero_point=5, shape_signature=[-1, 2, 2, 3])
    weights = builder.tensor(
        "weights",
        "INT8",
        [2, 1, 1, 3],
        np.arange(6).reshape(2, 1, 1, 3),
        scale=[0.25, 0.5],
        zero_point=[0, 0],
    )
    bias = builder.tensor("bias", "INT32", [2], [-(2**31), 2**31 - 1], scale=[0.025, 0.05])
    conv = builder.tensor("conv", "INT8", [1, 2, 2, 2], scale=0.3)
    state = builder.tensor("state", "INT16", [4], is_variable=True, has_rank=True)
    nibbles = builder.tensor("nibbles", "INT4", [3], [-8, 7, -1], details=BlockwiseQuantization(bias, -1, 32, (1, 32)))
    builder.tensor("unsigned", "UINT4", [3], [0, 15, 9], details=MultiAxisQuantization(bias, state, 16, (0, 1)))
    builder.tensor("crumbs", "INT2", [5], [-2, -1, 0, 1, 1], details=CustomQuantization(b"\x01\x02"))
    builder.tensor("words", "STRING", [2], ["one", b"\xff"])
    builder.tensor("nothing", "INT32", [0], np.zeros(0, np.int32))
    builder.tensor("elsewhere", "FLOAT8_E5M2", [2], external_buffer=7)
    resource = builder.tensor("resource", "RESOURCE", [1])
    builder.tensor("variant", "VARIANT", [], variant_tensors=(VariantSubType((2, 3), TensorType.FLOAT32, True),))
    builder.tensor("sparse", "FLOAT16", [300, 2], b"\0\x3c\0\x40", sparsity=_sparsity())
    builder.op("CONV_2D", [x, weights, bias], [conv], version=3, stride_w=1, stride_h=2, dilation_w_factor=4)
    builder.op(
        "UNIDIRECTIONAL_SEQUENCE_LSTM", [conv, -1, state], [conv], intermediates=[nibbles, -1],
        mutating_variable_inputs=[False, False, True], cell_clip=-0.0, time_major=True,
    )  # fmt: skip
    builder.op("VAR_HANDLE", [], [resource], container=b"c", shared_name=b"\xff")
    builder.op("STABLEHLO_PAD", [conv, conv], [conv], edge_padding_low=[-1, 2**40], interior_padding=[0])
    builder.op("STABLEHLO_CASE", [conv], [conv], branch_subgraph_indices=[1, 1])
    builder.op("BUCKETIZE", [conv], [conv], boundaries=[0.5, float("inf")])
    builder.op("FULLY_CONNECTED", [conv, weights], [conv], quant_spec=b"spec", keep_num_dims=True)
    builder.op("MyOperator", [x], [conv], version=7, custom_options=b"\x00\x01")
    body = builder.subgraph("body")
    body.inputs = body.outputs = [body.tensor("only", "BOOL", [2])]
    builder.signature("serving_default", {"image": x}, {"scores": conv})
    builder.signature("body", {"a": 0}, {"b": 0}, subgraph=1)
    builder.metadata("min_runtime_version", b"2.18.0")
    built = builder.build([x], [conv, bias])
    external = (ExternalBuffer(7, "weights.bin", 2**40, 2, "raw"), ExternalBuffer(8, "other.bin", 0, 1, ""))
    return load(dump(dataclasses.replace(built, external_buffers=external, metadata_buffers=(1, 0))))


def _sparsity() -> Sparsity:
    nothing = np.zeros(0, np.int64)
    return Sparsity(
        traversal_order=(0, 1),
        block_map=(1,),
        dimensions=(
            DimensionMetadata(True, 300, nothing, nothing),
            DimensionMetadata(False, 0, np.array([0, 2]), np.array([0, 299])),
        ),
    )

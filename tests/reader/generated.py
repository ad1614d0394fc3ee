"""A second opinion on what a file says: the reader that LiteRT's authors generated from the schema."""

import re
from typing import Any

import numpy as np
import pytest

from intengine.model import Model, Node, Sparsity, TensorSpec


def assert_same_as_generated(model: Model, content: bytes) -> None:
    """Assert that the model says what LiteRT's generated object API says of the bytes."""
    generated = pytest.importorskip("ai_edge_litert.schema_py_generated")
    other = generated.ModelT.InitFromPackedBuf(content, 0)
    assert model.version == other.version
    assert model.description == _text(other.description)
    assert model.metadata_buffers == _ints(other.metadataBuffer)
    assert len(model.buffers) == len(_list(other.buffers))
    for mine, buffer in zip(model.buffers, _list(other.buffers), strict=True):
        assert mine.tobytes() == bytes(_outside(content, buffer.data, buffer.offset, buffer.size))
    entries = _list(other.metadata)
    # Real files name metadata twice; the later one counts, for LiteRT too.
    last = {_text(entry.name): entry.buffer for entry in entries}
    assert list(model.metadata) == list(last)
    assert all(model.metadata[name] is model.buffers[buffer] for name, buffer in last.items())
    for mine, signature in zip(model.signatures, _list(other.signatureDefs), strict=True):
        assert (mine.key, mine.subgraph) == (_text(signature.signatureKey), signature.subgraphIndex)
        for ours, theirs in ((mine.inputs, signature.inputs), (mine.outputs, signature.outputs)):
            assert list(ours.items()) == [(_text(entry.name), entry.tensorIndex) for entry in _list(theirs)]
    for mine, subgraph in zip(model.subgraphs, _list(other.subgraphs), strict=True):
        assert mine.name == _text(subgraph.name)
        assert (mine.inputs, mine.outputs) == (_ints(subgraph.inputs), _ints(subgraph.outputs))
        assert mine.debug_metadata_index == subgraph.debugMetadataIndex
        for spec, tensor in zip(mine.tensors, _list(subgraph.tensors), strict=True):
            _compare_tensor(spec, tensor, model)
        for node, operator in zip(mine.nodes, _list(subgraph.operators), strict=True):
            _compare_node(node, operator, other.operatorCodes[operator.opcodeIndex], generated, content)
    groups = [_text(group.name) for group in _list(other.externalBufferGroups)]
    assert [tuple(vars(buffer).values()) for buffer in model.external_buffers] == [
        (e.id, groups[e.group], e.offset, e.length, _text(e.packing)) for e in _list(other.externalBuffers)
    ]


def _compare_tensor(spec: TensorSpec, tensor: Any, model: Model) -> None:
    assert spec.name == _text(tensor.name)
    assert (spec.type, spec.shape, spec.buffer) == (tensor.type, _ints(tensor.shape), tensor.buffer)
    assert spec.shape_signature == _ints(tensor.shapeSignature)
    assert (spec.is_variable, spec.has_rank) == (tensor.isVariable, tensor.hasRank)
    assert spec.external_buffer == tensor.externalBuffer
    if model.buffers[tensor.buffer].size:
        assert spec.raw is model.buffers[tensor.buffer]
    elif spec.raw is not None:
        assert 0 in spec.shape
    assert [(sub.shape, sub.type, sub.has_rank) for sub in spec.variant_tensors] == [
        (_ints(sub.shape), sub.type, sub.hasRank) for sub in _list(tensor.variantTensors)
    ]
    mine, other = spec.quantization, tensor.quantization
    for name, values in (("scale", mine.scale), ("min", mine.min), ("max", mine.max)):
        assert values.tobytes() == np.asarray(_list(getattr(other, name, None)), "<f4").tobytes()
    assert mine.zero_point.tolist() == list(_ints(getattr(other, "zeroPoint", None)))
    assert mine.axis == getattr(other, "quantizedDimension", 0)
    details = getattr(other, "details", None)
    assert (mine.details is None) == (details is None)
    if details is not None:
        assert type(mine.details).__name__ + "T" == type(details).__name__
        assert {name: _plain(value) for name, value in vars(mine.details).items()} == _fields(details)
    _compare_sparsity(spec.sparsity, tensor.sparsity)


def _compare_sparsity(mine: Sparsity | None, other: Any) -> None:
    assert (mine is None) == (other is None)
    if mine is None:
        return
    assert (mine.traversal_order, mine.block_map) == (_ints(other.traversalOrder), _ints(other.blockMap))
    for ours, theirs in zip(mine.dimensions, _list(other.dimMetadata), strict=True):
        assert (ours.dense, ours.dense_size) == (theirs.format == 0, theirs.denseSize)
        for indices, vector in ((ours.segments, theirs.arraySegments), (ours.indices, theirs.arrayIndices)):
            assert tuple(indices.tolist()) == _ints(getattr(vector, "values", None))


def _compare_node(node: Node, operator: Any, code: Any, generated: Any, content: bytes) -> None:
    number = max(code.deprecatedBuiltinCode, code.builtinCode)
    names = {value: name for name, value in vars(generated.BuiltinOperator).items()}
    assert node.is_custom == (number == generated.BuiltinOperator.CUSTOM)
    assert node.op == (_text(code.customCode) if node.is_custom else names[number])
    assert node.version == code.version
    assert (node.inputs, node.outputs) == (_ints(operator.inputs), _ints(operator.outputs))
    assert node.intermediates == _ints(operator.intermediates)
    assert node.mutating_variable_inputs == tuple(map(bool, _list(operator.mutatingVariableInputs)))
    assert node.debug_metadata_index == operator.debugMetadataIndex
    assert node.custom_options == bytes(
        _outside(
            content,
            operator.customOptions,
            operator.largeCustomOptionsOffset,
            operator.largeCustomOptionsSize,
        )
    )
    options = operator.builtinOptions or operator.builtinOptions2
    if options is None and node.options.table:  # the schema's defaults
        options = getattr(generated, node.options.table + "T")()
    if options is None:
        assert not node.options
    else:
        assert type(options).__name__ == node.options.table + "T"
        assert {name: _plain(value) for name, value in node.options.items()} == _fields(options)


def _fields(record: Any) -> dict[str, Any]:
    """snake_case name -> value, of an object of the generated API; absent vectors and strings as ()."""
    return {re.sub(r"(?=[A-Z])", "_", name).lower(): _plain(value) for name, value in vars(record).items()}


def _plain(value: Any) -> Any:
    if isinstance(value, (bytes, tuple, list, np.ndarray)):
        return tuple(np.asarray(list(value)).tolist())
    return () if value is None else value


def _outside(content: bytes, data: Any, offset: int, size: int) -> Any:
    inside = _list(data)
    return content[offset : offset + size] if not len(inside) and offset > 1 else list(inside)


def _list(values: Any) -> Any:
    return () if values is None else values


def _ints(values: Any) -> tuple[int, ...]:
    return tuple(int(value) for value in _list(values))


def _text(value: bytes | str | None) -> str:
    return value if isinstance(value, str) else (value or b"").decode(errors="replace")

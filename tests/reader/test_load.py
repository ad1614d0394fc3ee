"""Where a model may come from, and what a wrong source says."""

import pickle
from pathlib import Path

import numpy as np
import pytest

from intengine.errors import CorruptModelError, InputError
from intengine.model import TensorType
from intengine.reader import load
from tests.reader.samples import differences, rich, small


def test_path_and_bytes_give_the_same_model(tmp_path: Path) -> None:
    path = tmp_path / "small.tflite"
    path.write_bytes(small())
    for source in (path, str(path)):
        model = load(source)
        assert not list(differences(model, load(small())))
        assert model.source == str(path)
        assert model.nbytes == len(small())


def test_bytes_like_sources_are_equal() -> None:
    content = small()
    around = memoryview(b"12345" + content + b"6")[5:-1]
    for source in (bytearray(content), memoryview(content), memoryview(bytearray(content)), around):
        assert not list(differences(load(source), load(content)))


def test_model_does_not_follow_later_changes_of_a_bytearray() -> None:
    content = bytearray(small())
    model = load(content)
    content[:] = bytes(len(content))
    assert not list(differences(model, load(small())))


def test_constant_of_a_mapped_file_outlives_the_call_and_is_read_only(tmp_path: Path) -> None:
    path = tmp_path / "small.tflite"
    path.write_bytes(small())
    raw = load(path).main.tensors[1].raw
    assert raw is not None
    assert raw.view(np.int8).tolist() == [1, -2, 3, -128]
    assert not raw.flags.writeable
    assert not raw.flags.owndata


def test_every_array_is_read_only() -> None:
    model = rich()
    arrays = [*model.buffers, *model.metadata.values()]
    for tensor in model.main.tensors:
        q = tensor.quantization
        arrays += [q.scale, q.zero_point, q.min, q.max]
        arrays += [a for d in (tensor.sparsity.dimensions if tensor.sparsity else ()) for a in (d.segments, d.indices)]
    assert not any(array.flags.writeable for array in arrays)


def test_model_survives_pickling() -> None:
    assert not list(differences(pickle.loads(pickle.dumps(rich())), rich()))


def test_missing_path_is_an_input_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"readable file.*absent\.tflite.*No such file"):
        load(tmp_path / "absent.tflite")


def test_directory_is_an_input_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="readable file"):
        load(tmp_path)


def test_path_with_a_null_byte_is_an_input_error() -> None:
    with pytest.raises(InputError, match="readable file"):
        load("a\0b")


def test_empty_file_is_corrupt(tmp_path: Path) -> None:
    path = tmp_path / "empty.tflite"
    path.touch()
    with pytest.raises(CorruptModelError, match="at least 8 bytes"):
        load(path)
    with pytest.raises(CorruptModelError, match="at least 8 bytes"):
        load(b"")


def test_other_file_identifier_is_corrupt() -> None:
    with pytest.raises(CorruptModelError, match="TFL3"):
        load(small().replace(b"TFL3", b"TFL2"))


def test_everything_of_a_rich_model_is_read() -> None:
    model = rich()
    tensors = {tensor.name: tensor for tensor in model.main.tensors}
    assert model.description == "naïve"
    assert tensors["x"].shape_signature == (-1, 2, 2, 3)
    assert tensors["x"].quantization.zero_point.tolist() == [5]
    assert tensors["weights"].quantization.per_channel
    assert tensors["state"].is_variable
    assert tensors["state"].has_rank
    assert tensors["state"].raw is None
    assert tensors["nibbles"].type is TensorType.INT4
    assert tensors["nibbles"].raw.tolist() == [0x78, 0x0F]
    assert tensors["crumbs"].raw.tolist() == [0b01001110, 0b01]
    assert vars(tensors["nibbles"].quantization.details) == {
        "scales": 2, "zero_points": -1, "block_size": 32, "block_shape": (1, 32)
    }  # fmt: skip
    assert tensors["unsigned"].quantization.details.quantized_dimensions == (0, 1)
    assert tensors["crumbs"].quantization.details.custom == b"\x01\x02"
    assert tensors["elsewhere"].external_buffer == 7
    assert model.external_buffers[0].group == "weights.bin"
    assert tensors["variant"].variant_tensors[0].shape == (2, 3)
    assert tensors["sparse"].sparsity.dimensions[1].indices.tolist() == [0, 299]
    assert tensors["sparse"].raw.size == 4
    assert model.metadata["min_runtime_version"].tobytes() == b"2.18.0"
    assert model.metadata_buffers == (1, 0)
    assert [(s.key, s.subgraph, s.inputs, s.outputs) for s in model.signatures] == [
        ("serving_default", 0, {"image": 0}, {"scores": 3}),
        ("body", 1, {"a": 0}, {"b": 0}),
    ]
    nodes = {node.op: node for node in model.main.nodes}
    assert nodes["CONV_2D"].version == 3
    assert nodes["CONV_2D"].options["dilation_w_factor"] == 4
    assert nodes["UNIDIRECTIONAL_SEQUENCE_LSTM"].inputs == (3, -1, 4)
    assert nodes["UNIDIRECTIONAL_SEQUENCE_LSTM"].intermediates == (5, -1)
    assert nodes["UNIDIRECTIONAL_SEQUENCE_LSTM"].mutating_variable_inputs == (False, False, True)
    assert nodes["MyOperator"].is_custom
    assert nodes["MyOperator"].custom_options == b"\x00\x01"
    assert [subgraph.name for subgraph in model.subgraphs] == ["primary", "body"]


def test_empty_constant_of_an_empty_shape_is_a_constant() -> None:
    nothing = next(tensor for tensor in rich().main.tensors if tensor.name == "nothing")
    assert nothing.is_constant
    assert nothing.raw.size == 0

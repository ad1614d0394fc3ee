"""What is written is read, and what is read is written again."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from intengine.errors import CorruptModelError, InputError
from intengine.model import Model, TensorType
from intengine.reader import load, schema
from intengine.writer import ModelBuilder, dump, pack
from intengine.writer.flatbuffer import Record, layout
from tests.reader.generated import assert_same_as_generated
from tests.reader.samples import differences, rich, small


@pytest.mark.parametrize("model", [load(small()), rich()], ids=["small", "rich"])
@pytest.mark.parametrize("outside", [False, True])
def test_dumped_model_reads_back_equal(model: Model, outside: bool) -> None:
    again = load(dump(model, constants_outside=outside))
    assert not list(differences(model, again))
    assert dump(again) == dump(model)


@pytest.mark.oracle
@pytest.mark.parametrize("outside", [False, True])
def test_written_file_says_the_same_to_the_generated_reader(outside: bool) -> None:
    content = dump(rich(), constants_outside=outside)
    assert_same_as_generated(load(content), content)


@pytest.mark.oracle
def test_litert_accepts_and_runs_a_built_model() -> None:
    litert = pytest.importorskip("ai_edge_litert.interpreter")
    for outside in (False, True):
        interpreter = litert.Interpreter(model_content=dump(load(small()), constants_outside=outside))
        interpreter.allocate_tensors()
        interpreter.set_tensor(0, np.array([[-3, 1, 5, 127]], np.int8))
        interpreter.invoke()
        # x = 0.5 * (q + 3) = 0, 2, 4, 65 and c = 0.5, -1, 1.5, -64 make y = 0.5, 1, 5.5, 1.
        assert interpreter.get_tensor(2).tolist() == [[1 - 3, 2 - 3, 11 - 3, 2 - 3]]


def test_constants_are_aligned_to_16_bytes() -> None:
    for outside in (False, True):
        content = dump(rich(), constants_outside=outside)
        origin = np.frombuffer(content, np.uint8).ctypes.data
        buffers = [buffer for buffer in load(content).buffers if buffer.size]
        assert len(buffers) == 8
        assert all((buffer.ctypes.data - origin) % 16 == 0 for buffer in buffers)


def test_constants_outside_lie_behind_the_flatbuffer() -> None:
    content = dump(load(small()), constants_outside=True)
    assert content[-16:] == bytes([1, 254, 3, 128]) + bytes(12)


def test_constant_beyond_4_gb_is_read_where_it_lies(tmp_path: Path) -> None:
    far = (1 << 32) + 16
    tensor = Record(schema.TENSOR, {"shape": [4], "type": TensorType.INT8, "buffer": 1})
    buffers = [Record(schema.BUFFER, {}), Record(schema.BUFFER, {"offset": far, "size": 4})]
    subgraphs = [Record(schema.SUBGRAPH, {"tensors": [tensor]})]
    values = {"version": 3, "subgraphs": subgraphs, "buffers": buffers}
    path = tmp_path / "large.tflite"
    with path.open("wb") as file:
        file.write(layout(Record(schema.MODEL, values)))
        file.seek(far)  # leaves a hole, which takes no room on disk
        file.write(b"\1\2\3\4")
    model = load(path)
    assert model.main.tensors[0].raw.tolist() == [1, 2, 3, 4]
    del model
    with path.open("r+b") as file:
        file.truncate(far + 3)
    with pytest.raises(CorruptModelError, match="inside the file") as caught:
        load(path)
    assert caught.value.where == "buffers[1].offset"


def test_replaced_raw_wins_over_the_buffer() -> None:
    model = load(small())
    constant = dataclasses.replace(model.main.tensors[1], raw=np.array([9, 8, 7, 6], np.uint8))
    tensors = (model.main.tensors[0], constant, model.main.tensors[2])
    changed = dataclasses.replace(model, subgraphs=(dataclasses.replace(model.main, tensors=tensors),))
    assert load(dump(changed)).main.tensors[1].raw.tolist() == [9, 8, 7, 6]
    computed = dataclasses.replace(constant, raw=None)
    tensors = (model.main.tensors[0], computed, model.main.tensors[2])
    changed = dataclasses.replace(model, subgraphs=(dataclasses.replace(model.main, tensors=tensors),))
    assert load(dump(changed)).main.tensors[1].raw is None


@pytest.mark.parametrize(
    ("kind", "values", "stored"),
    [
        ("INT4", [-8, 7, -1], [0x78, 0x0F]),
        ("UINT4", [0, 15, 9], [0xF0, 0x09]),
        ("INT2", [-2, -1, 0, 1, 1], [0b01001110, 0b01]),
        ("INT16", [-2], [0xFE, 0xFF]),
        ("BOOL", [True, False], [1, 0]),
        ("BFLOAT16", [1.0], [0x80, 0x3F]),
        ("STRING", ["a", b"bc"], [2, 0, 0, 0, 16, 0, 0, 0, 17, 0, 0, 0, 19, 0, 0, 0, 97, 98, 99]),
        ("INT4", [], []),
    ],
)
def test_packed_values_are_stored_from_the_low_bits_up(kind: str, values: list, stored: list[int]) -> None:
    assert pack(values, TensorType[kind]).tolist() == stored


@pytest.mark.parametrize(
    ("kind", "values"), [("INT4", [8]), ("UINT4", [-1]), ("INT2", [2]), ("INT8", [128]), ("INT8", [0.5])]
)
def test_values_that_do_not_fit_are_refused(kind: str, values: list) -> None:
    with pytest.raises(InputError, match=f"A {kind} tensor"):
        pack(values, TensorType[kind])


def test_unknown_option_is_refused_with_the_known_ones() -> None:
    builder = ModelBuilder()
    with pytest.raises(InputError, match=r"ADD has the options .*pot_scale_int16.*\['stride'\]"):
        builder.op("ADD", [], [], stride=1)


def test_data_of_another_size_are_refused() -> None:
    with pytest.raises(InputError, match=r"'c' has the shape \[4\]"):
        ModelBuilder().tensor("c", "INT8", [4], [1, 2, 3])


def test_option_beyond_its_kind_is_refused() -> None:
    builder = ModelBuilder()
    builder.op("GATHER", [], [], axis=2**31)
    with pytest.raises(InputError, match="axis takes a number of kind i4"):
        builder.to_bytes([], [])

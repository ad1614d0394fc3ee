"""Bytes that nobody vouches for: a ModelError saying where, or a sound model, soon and in little memory."""

import struct
import time
import tracemalloc
from collections.abc import Callable
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from intengine.errors import CorruptModelError, InvalidModelError
from intengine.model import Model
from intengine.reader import load, schema
from intengine.writer import ModelBuilder, dump
from intengine.writer.flatbuffer import Record, _Writer, layout
from tests.reader.samples import differences, rich, small

SMALL = small()
RICH = dump(rich())
#: what a bit flip rarely makes: nothing, the extremes, and offsets that lead back
POISON = [0, 1, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 0xFFFFFFFC]


def load_or_refuse(content: bytes) -> Model | None:
    """A model, or None where it was refused with a place."""
    try:
        return load(content)
    except CorruptModelError as error:
        place = error.where
    except InvalidModelError as error:
        place = error.__notes__[0].removeprefix("at ")
    assert place
    return None


def flipped(content: bytes, bits: list[int]) -> bytes:
    changed = bytearray(content)
    for bit in bits:
        changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)


@pytest.mark.parametrize("content", [SMALL, RICH], ids=["small", "rich"])
def test_truncated_file_is_corrupt_with_place(content: bytes) -> None:
    end = len(content.rstrip(b"\0"))
    for size in [*range(0, end, 1 + end // 800), end - 1]:
        with pytest.raises(CorruptModelError) as caught:
            load(content[:size])
        assert caught.value.where


def test_every_single_bit_flip_is_refused_with_place_or_harmless() -> None:
    refused = 0
    for bit in range(8 * len(SMALL)):
        model = load_or_refuse(flipped(SMALL, [bit]))
        refused += model is None
        if model is not None and bit % 8 == 0:
            assert not list(differences(model, load(dump(model))))
    assert refused > len(SMALL)


@settings(max_examples=1500)
@given(st.lists(st.integers(0, 8 * len(RICH) - 1), min_size=1, max_size=12))
def test_bit_flips_are_refused_with_place_or_harmless(bits: list[int]) -> None:
    load_or_refuse(flipped(RICH, bits))


@pytest.mark.parametrize("poison", POISON, ids=hex)
def test_poisoned_word_is_refused_with_place_or_harmless(poison: int) -> None:
    for place in range(0, len(RICH) - 4, 20 if poison else 4):
        load_or_refuse(RICH[:place] + struct.pack("<I", poison) + RICH[place + 4 :])


@settings(max_examples=300)
@given(st.binary(max_size=400))
def test_random_bytes_behind_a_header_are_refused(tail: bytes) -> None:
    assert load_or_refuse(struct.pack("<I", 8) + b"TFL3" + tail) is None


def test_shuffled_words_are_refused_with_place_or_harmless() -> None:
    random = Random(1)
    for _ in range(300):
        words = [RICH[place : place + 4] for place in range(0, len(RICH), 4)]
        first = random.randrange(len(words) - 40)
        middle = words[first : first + 40]
        random.shuffle(middle)
        load_or_refuse(b"".join(words[:first] + middle + words[first + 40 :]))


def test_place_names_the_path_to_the_field() -> None:
    builder = ModelBuilder()
    builder.tensor("x", "INT8", [4])
    builder.op("RELU", [0], [0])
    builder.op("RELU", [0], [9])
    with pytest.raises(CorruptModelError, match=r"at least 0 and below 1. This one is 9") as caught:
        builder.build([0], [0])
    assert caught.value.where == "subgraphs[0].operators[1].outputs[0]"
    assert caught.value.__notes__ == ["at subgraphs[0].operators[1].outputs[0]"]


def _constant(builder: ModelBuilder) -> None:
    builder.tensor("c", "INT16", [3], b"12345")


def _graph_input(builder: ModelBuilder) -> None:
    builder.inputs = [-1]
    builder.subgraph("other").inputs = [0]


def _node_input(builder: ModelBuilder) -> None:
    builder.op("RELU", [-2], [0])


def _node_output(builder: ModelBuilder) -> None:
    builder.op("RELU", [0], [-1])


def _signature(builder: ModelBuilder) -> None:
    builder.signature("key", {"x": 5}, {})


def _signature_subgraph(builder: ModelBuilder) -> None:
    builder.signature("key", {}, {}, subgraph=1)


@pytest.mark.parametrize(
    ("spoil", "where"),
    [
        (_constant, "subgraphs[0].tensors[1].buffer"),
        (_graph_input, "subgraphs[1].inputs[0]"),
        (_node_input, "subgraphs[0].operators[0].inputs[0]"),
        (_node_output, "subgraphs[0].operators[0].outputs[0]"),
        (_signature, "signature_defs[0].inputs[0].tensor_index"),
        (_signature_subgraph, "signature_defs[0].subgraph_index"),
    ],
)
def test_index_or_size_out_of_range_is_corrupt(spoil: Callable[[ModelBuilder], None], where: str) -> None:
    builder = ModelBuilder()
    builder.tensor("x", "INT8", [4])
    spoil(builder)
    with pytest.raises(CorruptModelError) as caught:
        builder.build([0], [0])
    assert caught.value.where == where


def test_longer_constant_is_taken_as_litert_takes_it() -> None:
    builder = ModelBuilder()
    builder.tensor("c", "INT16", [3], b"12345678")
    raw = builder.build([], []).main.tensors[0].raw
    assert raw is not None
    assert raw.size == 8


@pytest.mark.parametrize(
    "shape",
    [[-1, 4], [1 << 20, 1 << 21], [1] * 65, [1 << 30, 1 << 30, 0]],
    ids=["negative", "huge", "rank", "zero"],
)
def test_impossible_shape_is_invalid(shape: list[int]) -> None:
    builder = ModelBuilder()
    builder.tensor("x", "INT8", shape)
    with pytest.raises(InvalidModelError) as caught:
        builder.build([], [])
    assert caught.value.__notes__ == ["at subgraphs[0].tensors[0].shape"]


def test_variable_with_constant_data_is_invalid() -> None:
    builder = ModelBuilder()
    builder.tensor("v", "INT8", [2], [1, 2], is_variable=True)
    with pytest.raises(InvalidModelError, match="variable"):
        builder.build([], [])


def test_other_schema_version_and_no_subgraph_are_invalid() -> None:
    for version, subgraphs in ((2, [Record(schema.SUBGRAPH, {})]), (3, [])):
        content = layout(Record(schema.MODEL, {"version": version, "subgraphs": subgraphs}))
        with pytest.raises(InvalidModelError, match=r"schema version|at least one subgraph"):
            load(content)


class _AliasingWriter(_Writer):
    """Writes each Record once, however often it is mentioned."""

    def __init__(self) -> None:
        super().__init__()
        self._places: dict[int, int] = {}

    def table(self, record: Record) -> int:
        if id(record) not in self._places:
            self._places[id(record)] = super().table(record)
        return self._places[id(record)]


def bomb(values: dict[str, Any]) -> bytes:
    """A file in which a Record that occurs often is one table that many offsets lead to."""
    writer = _AliasingWriter()
    writer.out += struct.pack("<I", 0) + b"TFL3"
    writer.lead(0, writer.table(Record(schema.MODEL, {"version": 3, **values})))
    return bytes(writer.out)


def _many_subgraphs_of_many_tensors() -> dict[str, Any]:
    tensor = Record(schema.TENSOR, {"shape": [1] * 64, "name": "x" * 100})
    return {"subgraphs": [Record(schema.SUBGRAPH, {"tensors": [tensor] * 5000})] * 5000}


def _one_long_name_for_many() -> dict[str, Any]:
    tensor = Record(schema.TENSOR, {"name": "x" * 200_000})
    return {"subgraphs": [Record(schema.SUBGRAPH, {"tensors": [tensor] * 20_000})]}


def _one_long_index_list_for_many() -> dict[str, Any]:
    node = Record(schema.OPERATOR, {"inputs": [-1] * 50_000})
    code = Record(schema.OPERATOR_CODE, {})
    return {
        "operator_codes": [code],
        "subgraphs": [Record(schema.SUBGRAPH, {"operators": [node] * 20_000})],
    }


def _many_signatures_of_many_names() -> dict[str, Any]:
    entry = Record(schema.TENSOR_MAP, {"name": "x"})
    signature = Record(schema.SIGNATURE_DEF, {"inputs": [entry] * 5000})
    subgraph = Record(schema.SUBGRAPH, {"tensors": [Record(schema.TENSOR, {})]})
    return {"subgraphs": [subgraph], "signature_defs": [signature] * 5000}


def _sparsity_indices_for_many() -> dict[str, Any]:
    indices = Record(schema.SPARSE_INDEX_VECTORS[3], {"values": bytes(200_000)})
    values = {"format": 1, "array_indices_type": 3, "array_indices": indices}
    dimensions = [Record(schema.DIMENSION_METADATA, values)] * 20_000
    tensor = Record(schema.TENSOR, {"sparsity": Record(schema.SPARSITY, {"dim_metadata": dimensions})})
    return {"subgraphs": [Record(schema.SUBGRAPH, {"tensors": [tensor]})]}


@pytest.mark.parametrize(
    "values",
    [
        _many_subgraphs_of_many_tensors,
        _one_long_name_for_many,
        _one_long_index_list_for_many,
        _many_signatures_of_many_names,
        _sparsity_indices_for_many,
    ],
)
def test_overlapping_parts_cost_no_more_than_the_file_is_worth(values: Callable[[], dict[str, Any]]) -> None:
    content = bomb(values())
    assert len(content) < 400_000
    tracemalloc.start()
    began = time.process_time()
    with pytest.raises(CorruptModelError, match="overlap beyond measure"):
        load(content)
    seconds = time.process_time() - began
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert seconds < 5
    assert peak < 100 * len(content) + (1 << 20)


def test_file_without_overlap_never_exhausts_the_budget() -> None:
    # The smallest tables there are: nothing inside, and one vtable for all.
    buffers = [Record(schema.BUFFER, {}) for _ in range(20_000)]
    subgraph = Record(schema.SUBGRAPH, {"tensors": [Record(schema.TENSOR, {}) for _ in range(20_000)]})
    content = layout(Record(schema.MODEL, {"version": 3, "buffers": buffers, "subgraphs": [subgraph]}))
    assert len(content) < 9 * 40_000
    assert len(load(bytes(content)).main.tensors) == 20_000


def test_tables_that_lead_back_to_themselves_end() -> None:
    root = SMALL.index(b"TFL3") - 4
    start = struct.unpack_from("<I", SMALL, root)[0]
    for place in range(start, len(SMALL) - 4, 4):
        for target in range(place + 4, min(place + 64, len(SMALL)), 4):
            load_or_refuse(SMALL[:place] + struct.pack("<I", target - place) + SMALL[place + 4 :])

"""Options tables, discovered by reflection."""

import dataclasses

import pytest

from intengine.errors import InvalidModelError
from intengine.model import NO_OPTIONS, Options
from intengine.reader import load
from intengine.reader.options import (
    default_options,
    operator_names,
    options_spec,
    options_table_of,
    union_numbers,
)
from intengine.reader.schema import STRUCT_CODES
from intengine.writer import ModelBuilder, dump


def _one_op(op: str, options: Options) -> Options:
    builder = ModelBuilder()
    x = builder.tensor("x", "FLOAT32", [1])
    builder.op(op, [x], [builder.tensor("y", "FLOAT32", [1])])
    builder._nodes[0] = dataclasses.replace(builder._nodes[0], options=options)
    return load(builder.to_bytes([0], [1])).main.nodes[0].options


ALL_TABLES = [table for union in (1, 2) for table in union_numbers(union)]


@pytest.mark.parametrize("table", ALL_TABLES)
def test_every_field_of_every_table_survives_with_a_value_of_its_own(table: str) -> None:
    values = {"text": b"\xffz", "b1": True, "f4": 1.5}
    fields = {}
    for place, field in enumerate(options_spec(table).fields):
        one = values.get(field.kind, place + 2)
        several = bytes([place, 255]) if field.kind == "u1" else (one, one)
        fields[field.name] = several if field.is_vector else one
    options = Options(table, fields)
    # A custom operator may carry any table; a builtin only its own.
    builder = ModelBuilder()
    builder.op("Anything", [builder.tensor("x", "FLOAT32", [1])], [0])
    builder._nodes[0] = dataclasses.replace(builder._nodes[0], options=options)
    read = load(builder.to_bytes([], [])).main.nodes[0].options
    assert (read.table, dict(read)) == (table, fields)


@pytest.mark.parametrize("table", ALL_TABLES)
def test_slots_are_distinct_and_kinds_known(table: str) -> None:
    fields = options_spec(table).fields
    assert len({field.slot for field in fields}) == len(fields)
    assert all(field.kind in (*STRUCT_CODES, "text") for field in fields)
    assert all(field.default is not None for field in fields if field.kind in STRUCT_CODES)


def test_every_operator_with_an_options_table_has_one_that_exists() -> None:
    named = {options_table_of(op) for op in operator_names().values()} - {""}
    assert named == set(ALL_TABLES)


def test_operator_without_a_table_gets_the_schema_defaults() -> None:
    conv = _one_op("CONV_2D", NO_OPTIONS)
    assert conv.table == "Conv2DOptions"
    assert conv == {
        "padding": 0, "stride_w": 0, "stride_h": 0, "fused_activation_function": 0,
        "dilation_w_factor": 1, "dilation_h_factor": 1, "quantized_bias_type": 0,
    }  # fmt: skip
    assert _one_op("ADD", NO_OPTIONS)["pot_scale_int16"] is True
    assert _one_op("FULLY_CONNECTED", NO_OPTIONS)["quant_spec"] == b""
    assert _one_op("RELU", NO_OPTIONS) == {}
    assert _one_op("MEAN", NO_OPTIONS)["keep_dims"] is False
    assert default_options("STABLEHLO_PAD")["edge_padding_low"] == ()


def test_unknown_builtin_and_unknown_table_stay_inspectable() -> None:
    builder = ModelBuilder()
    builder.op("ABS", [builder.tensor("x", "FLOAT32", [1])], [builder.tensor("y", "FLOAT32", [1])])
    for op, table in (("BUILTIN_4711", "BuiltinOptions#200"), ("BUILTIN_300", "BuiltinOptions2#99")):
        builder._nodes[0] = dataclasses.replace(builder._nodes[0], op=op, options=Options(table, {}))
        node = load(builder.to_bytes([0], [1])).main.nodes[0]
        assert (node.op, node.is_custom, node.options.table, dict(node.options)) == (op, False, table, {})


def test_table_of_another_operator_is_invalid_only_if_its_own_has_fields() -> None:
    with pytest.raises(InvalidModelError, match="ADD takes AddOptions") as caught:
        _one_op("ADD", default_options("MUL"))
    assert caught.value.__notes__ == ["at subgraphs[0].operators[0].builtin_options"]
    assert _one_op("ABS", default_options("MUL")).table == "MulOptions"


def test_code_above_127_is_read_from_the_wide_field_and_below_from_either() -> None:
    model = load(dump(load(_builder_of("BROADCAST_TO"))))
    assert model.main.nodes[0].op == "BROADCAST_TO"
    assert load(_builder_of("ABS")).main.nodes[0].op == "ABS"


def _builder_of(op: str) -> bytes:
    builder = ModelBuilder()
    builder.op(op, [builder.tensor("x", "FLOAT32", [1])], [builder.tensor("y", "FLOAT32", [1])])
    return builder.to_bytes([0], [1])

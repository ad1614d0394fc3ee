"""Operators that users write."""

import contextlib
import io
import re
import struct
import sys
from importlib.metadata import EntryPoint
from pathlib import Path

import numpy as np
import pytest
from flatbuffers import flexbuffers

import intengine
from intengine import CustomNode, InputError, Interpreter, custom_operator
from intengine.ops import _registry, names
from intengine.writer import ModelBuilder

PAGE = Path(__file__).parent.parent.parent / "docs" / "custom-ops.md"


def model(name: str, options: bytes = b"", out: tuple[int, ...] = (2, 3)) -> intengine.Model:
    b = ModelBuilder()
    x, y = b.tensor("x", "INT16", (2, 3)), b.tensor("y", "INT16", out)
    b.op(name, [x], [y], custom_options=options)
    return b.build([x], [y])


X = np.arange(6, dtype=np.int16).reshape(2, 3)


def test_the_example_of_the_page_prints_what_the_page_says() -> None:
    code, expected = re.findall(r"```(?:python|text)\n(.*?)```", PAGE.read_text(), re.DOTALL)[:2]
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(code, {})
    assert printed.getvalue() == expected


def test_options_shapes_and_replacement() -> None:
    @custom_operator("TestRows", shapes=lambda node, shapes: [(node.options["rows"], shapes[0][1])])
    def rows(node: CustomNode, x: np.ndarray) -> np.ndarray:
        return x[: node.options["rows"]]

    wanted = model("TestRows", bytes(flexbuffers.Dumps({"rows": 1})))
    assert Interpreter(wanted).run(X)["y"].tolist() == [[0, 1, 2]]

    @custom_operator("TestRows")
    def zeros(node: CustomNode, x: np.ndarray) -> list[np.ndarray]:
        assert not x.flags.writeable
        return [np.zeros_like(x)]

    assert not Interpreter(wanted).run(X)["y"].any()
    assert "TestRows" not in names()


@pytest.mark.parametrize("bad", [X[:1], X.astype(np.int32), (X, X), ()])
def test_what_does_not_fit_the_outputs_is_an_error(bad: object) -> None:
    custom_operator("TestBad")(lambda node, x: bad)  # type: ignore[arg-type, return-value]
    with pytest.raises(InputError, match="must return"):
        Interpreter(model("TestBad")).run(X)


def test_builtin_names_are_refused() -> None:
    with pytest.raises(InputError, match="builtin"):
        custom_operator("CONV_2D")


def test_options_that_are_no_map_come_as_bytes() -> None:
    seen = []
    custom_operator("TestRaw")(lambda node, x: (seen.append((node.raw, dict(node.options))), x)[1])
    Interpreter(model("TestRaw", b"\xff\x01raw")).run(X)
    assert seen == [(b"\xff\x01raw", {})]


@pytest.mark.parametrize("data", [b"\x00", b"\xff" * 40, bytes(range(64)), b"\x04\x28\x01" * 9, b"a" * 70_000])
def test_hostile_options_are_refused(data: bytes) -> None:
    with pytest.raises(intengine.InvalidModelError, match="Custom options"):
        intengine.ops.flexbuffer_options(data)


def shared_lists(keys: int, items: int) -> bytes:
    """A map of so many keys "a", all of which have the same list."""
    data = bytearray(b"a\0" + struct.pack(f"<{items + 1}H", items, *[1] * items))
    data += struct.pack("<H", keys)
    keys_at = len(data)
    data += struct.pack(f"<{keys}H", *range(keys_at, keys_at + 2 * keys, 2))
    data += struct.pack("<3H", len(data) - keys_at, 2, keys)
    values_at = len(data)
    data += struct.pack(f"<{keys}H", *range(values_at - 4, values_at - 4 + 2 * keys, 2))
    data += bytes([flexbuffers.Type.VECTOR_INT << 2 | 1] * keys)
    return bytes(data + struct.pack("<HBB", len(data) - values_at, flexbuffers.Type.MAP << 2 | 1, 2))


def test_lists_that_share_their_bytes_are_refused() -> None:
    assert intengine.ops.flexbuffer_options(shared_lists(2, 100)) == {"a": [1] * 100}
    with pytest.raises(intengine.InvalidModelError, match="lists are longer than their bytes"):
        intengine.ops.flexbuffer_options(shared_lists(200, 20_000))


@pytest.mark.parametrize("value", ["x", [1], float("nan"), float("inf"), -1, 0, 2**40])
def test_options_that_are_no_counts_are_refused(value: object) -> None:
    b = ModelBuilder()
    x, y = b.tensor("x", "FLOAT32", (9, 1)), b.tensor("y", "FLOAT32", (1, 5, 3))
    packed = flexbuffers.Dumps({"window_size": 4, "stride": value})
    b.op("AudioSpectrogram", [x], [y], custom_options=bytes(packed))
    with pytest.raises(intengine.InvalidModelError, match="stride"):
        Interpreter(b.build([x], [y]))


def test_a_package_brings_operators_by_entry_point(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "brings_operators.py").write_text(
        "import intengine\n@intengine.custom_operator('TestBrought')\ndef f(node, x):\n    return -x\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    point = EntryPoint("brought", "brings_operators", _registry.ENTRY_POINTS)
    monkeypatch.setattr(_registry, "entry_points", lambda group: [point])
    _registry._import_plugins.cache_clear()
    assert Interpreter(model("TestBrought")).run(X)["y"].tolist() == (-X).tolist()
    _registry._import_plugins.cache_clear()
    monkeypatch.setattr(_registry, "entry_points", lambda group: [EntryPoint("broken", "no_such_module", group)])
    with pytest.raises(InputError, match="'broken' \\(no_such_module\\) is not"):
        Interpreter(model("TestNobodyHas"))
    monkeypatch.undo()
    _registry._import_plugins.cache_clear()
    sys.modules.pop("brings_operators", None)

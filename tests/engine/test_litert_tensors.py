"""The drop-in's tensors are LiteRT's: types, quantization, sparsity, several subgraphs, variables, odd graphs."""

from collections.abc import Callable
from dataclasses import replace
from types import ModuleType
from typing import Any

import numpy as np
import pytest

import intengine.litert
from intengine.model import (
    BlockwiseQuantization,
    CustomQuantization,
    DimensionMetadata,
    MultiAxisQuantization,
    Quantization,
    Sparsity,
    TensorType,
)
from intengine.writer import ModelBuilder
from tests.compare import assert_same_deeply

pytestmark = pytest.mark.oracle

Scenario = Callable[[ModuleType], Any]


def outcome(act: Callable[[], Any]) -> Any:
    """What a call gives, or the name of what it raises."""
    try:
        return act()
    except Exception as error:
        return type(error).__name__


def interpreter(module: ModuleType, model: bytes, **more: Any) -> Any:
    return module.Interpreter(
        model_content=model, experimental_op_resolver_type=module.OpResolverType.BUILTIN_REF, **more
    )


def assert_same_in_both(scenario: Scenario) -> None:
    litert = pytest.importorskip("ai_edge_litert.interpreter")
    assert_same_deeply(scenario(intengine.litert), scenario(litert), "result")


def passthrough(*specs: dict[str, Any], inputs: int = 1) -> bytes:
    """A model without operators, whose first tensors are its inputs and outputs."""
    b = ModelBuilder()
    made = [b.tensor(**spec) for spec in specs]
    return b.to_bytes(made[:inputs], made[:inputs])


def addition(*, variable: bool = False) -> tuple[bytes, int, int, int]:
    """y = x + c, where c is a constant or a variable; a tensor that nothing uses."""
    b = ModelBuilder()
    x = b.tensor("x", "INT8", (1, 4), scale=0.5)
    more: dict[str, Any] = {"is_variable": True} if variable else {"data": [1, 2, 3, 4]}
    c = b.tensor("c", "INT8", (4,), scale=0.5, zero_point=3 if variable else 0, **more)
    y = b.tensor("y", "INT8", (1, 4), scale=0.5)
    b.tensor("unused", "INT8", (7,), scale=0.5)
    b.op("ADD", [x, c], [y])
    return b.to_bytes([x], [y, c, x, y] if not variable else [y]), x, c, y


HANDLES = {TensorType.RESOURCE, TensorType.VARIANT}
UNSETTABLE = {TensorType.INT2, TensorType.FLOAT8_E4M3FN, TensorType.FLOAT8_E5M2, TensorType.STRING, *HANDLES}


@pytest.mark.parametrize("kind", TensorType)
def test_every_type_is_shown_as_litert_shows_it(kind: TensorType) -> None:
    specs: list[dict[str, Any]] = [
        {"name": "x", "type": "FLOAT32" if kind in UNSETTABLE else kind, "shape": (2, 3)},
        {"name": "", "type": kind, "shape": (1, 5)},
        {"name": "scalar", "type": kind, "shape": ()},
        {"name": "open", "type": kind, "shape": (1, 5), "shape_signature": (-1, 5)},
    ]
    if kind is TensorType.STRING:
        specs.append({"name": "c", "type": kind, "shape": (3,), "data": [b"ab\0", b"", b"xyz"]})
    elif kind not in HANDLES:
        specs.append({"name": "c", "type": kind, "shape": (3,), "data": np.array([1, 0, 1]).astype(kind.dtype)})
    model = passthrough(*specs)

    def scenario(module: ModuleType) -> Any:
        it = interpreter(module, model)
        found = [it.get_tensor_details(), it.get_input_details(), it.get_output_details()]
        it.allocate_tensors()
        found.append(it.get_tensor_details())
        if kind not in HANDLES:
            found.append(it.get_tensor(4))
        if kind not in UNSETTABLE:
            value = np.array([[1, 0, 1], [0, 0, 1]]).astype(kind.dtype)
            it.set_tensor(0, value)
            it.invoke()
            found.append(it.get_tensor(0))
            # Of packed types LiteRT's tensor() shows the packed bytes and whatever follows them.
            found += [it.tensor(0)(), it.tensor(4)()] if kind.bits >= 8 else []
            found += [outcome(lambda: it.set_tensor(0, value[0])), outcome(lambda: it.set_tensor(0, "text"))]
        return found

    assert_same_in_both(scenario)


def one(*values: float) -> np.ndarray:
    return np.array(values, np.float32)


def whole(*values: int) -> np.ndarray:
    return np.array(values, np.int64)


@pytest.mark.parametrize(
    "quantization",
    [
        Quantization(),
        Quantization(one(0.5), whole(3)),
        Quantization(one(0.5), whole(2**40 + 1)),
        Quantization(one(0.5), whole(1), axis=1),
        Quantization(one(0.5, 0.25), whole(1, 2)),
        Quantization(one(0.5, 0.25), whole(4, 4)),
        Quantization(one(0.1, 0.2, 0.3, 0.4), whole(0, 0, 0, 0), axis=1),
        Quantization(one(), whole(1), axis=1),
        Quantization(one(0.0), whole(0)),
        Quantization(one(0.5), whole(1), min=one(-1), max=one(1)),
        Quantization(axis=1, details=CustomQuantization(b"abc")),
    ],
)
@pytest.mark.parametrize("compress", [False, True])
def test_every_form_of_quantization_gives_the_same_details(quantization: Quantization, compress: bool) -> None:
    b = ModelBuilder()
    x = b.tensor("x", "INT8", (2, 4))
    b._tensors[x] = replace(b._tensors[x], quantization=quantization)
    model = b.to_bytes([x], [x])
    assert_same_in_both(
        lambda module: interpreter(
            module, model, experimental_compress_quantization_zero_points=compress
        ).get_tensor_details()
    )


@pytest.mark.parametrize(
    "details",
    [
        BlockwiseQuantization(0, 1, 32),
        BlockwiseQuantization(0, -1, 32),
        BlockwiseQuantization(0, 1, 4, (1, 4)),
        MultiAxisQuantization(0, 1, 32, (0, 1)),
    ],
)
def test_blockwise_quantization_gives_the_same_details(details: Any) -> None:
    b = ModelBuilder()
    b.tensor("scales", "FLOAT16", (2, 2), np.array([0.1, 0.2, 0.3, 0.4], np.float16))
    b.tensor("zero_points", "INT8", (2, 2), np.array([1, 2, 3, 4], np.int8))
    b.tensor("w", "INT4", (2, 64), np.ones((2, 64), np.int8), details=details)
    x = b.tensor("x", "INT8", (2, 64))
    model = b.to_bytes([x], [x])
    assert_same_in_both(lambda module: interpreter(module, model).get_tensor_details())


def test_sparse_constants_have_the_same_details_and_stored_elements() -> None:
    def dense(size: int) -> DimensionMetadata:
        return DimensionMetadata(True, size, whole(), whole())

    def sparse(segments: np.ndarray, indices: np.ndarray) -> DimensionMetadata:
        return DimensionMetadata(False, 0, segments, indices)

    rows = Sparsity((0, 1), (), (dense(3), sparse(whole(0, 2, 3, 4), whole(0, 2, 1, 3))))
    blocks = Sparsity((0, 1, 2, 3), (0, 1), (dense(2), sparse(whole(0, 2, 3), whole(0, 1, 1)), dense(2), dense(2)))
    model = passthrough(
        {"name": "x", "type": "FLOAT32", "shape": (1, 4)},
        {"name": "w", "type": "FLOAT32", "shape": (3, 4), "data": one(1, 2, 3, 4).tobytes(), "sparsity": rows},
        {
            "name": "v",
            "type": "INT8",
            "shape": (4, 4),
            "data": bytes(range(12)),
            "sparsity": blocks,
            "scale": 0.5,
        },
    )

    def scenario(module: ModuleType) -> Any:
        it = interpreter(module, model)
        return [it.get_tensor_details(), it.get_tensor(1), it.get_tensor(2)]

    assert_same_in_both(scenario)


def test_signatures_of_several_subgraphs_share_tensors_as_in_litert() -> None:
    b = ModelBuilder()
    x, y = (b.tensor(name, "INT8", (1, 4), scale=0.5) for name in "xy")
    b.op("ADD", [x, x], [y])
    s = b.subgraph("other")
    p = s.tensor("p", "INT8", (2, 3), scale=0.5)
    c = s.tensor("c", "INT8", (3,), [1, 2, 3], scale=0.5)
    q = s.tensor("q", "INT8", (2, 3), scale=0.5)
    s.op("ADD", [p, c], [q])
    s.inputs, s.outputs = [p], [q]
    b.signature("second", {"pp": p}, {"qq": q}, subgraph=1)
    b.signature("first", {"xx": x}, {"yy": y})
    b.signature("alias", {"zz": x}, {"ww": y, "same": x})
    model = b.to_bytes([x], [y])

    def scenario(module: ModuleType) -> Any:
        it = interpreter(module, model)
        found = [it.get_signature_list(), it._get_full_signature_list(), it.num_subgraphs()]
        found += [it.get_tensor_details(1), outcome(lambda: it.get_tensor_details(2)), it.get_tensor(c, 1)]
        found += [outcome(lambda: it.get_tensor(p, 1)), outcome(lambda: it.get_tensor(p, -1))]
        found.append(outcome(it.get_signature_runner))
        # LiteRT refuses to invoke while a runner is alive, so each goes out of use at once.
        found.append(it.get_signature_runner("second")(pp=np.array([[1, 2, 3], [4, 5, 6]], np.int8)))
        found += [it.get_tensor(q, 1), it.get_tensor(p, 1)]
        found.append(it.get_signature_runner("second")(pp=np.array([[1, 2, 3]], np.int8)))
        found += [it.get_tensor(q, 1), it.get_signature_runner("second").get_output_details()]
        found.append(it.get_signature_runner("second").get_input_details())
        found.append(it.get_signature_runner("alias")(zz=np.ones((1, 4), np.int8)))
        it.invoke()
        found += [it.get_tensor(y), outcome(module.SignatureRunner), outcome(lambda: module.SignatureRunner(it))]
        found.append(module.SignatureRunner(it, "first")(xx=np.full((2, 4), 3, np.int8)))
        found += [it.get_input_details(), it.get_tensor(x), outcome(lambda: module.SignatureRunner(it, "third"))]
        return found

    assert_same_in_both(scenario)


@pytest.mark.parametrize("zero_point", [3, 300])
@pytest.mark.parametrize("kind", ["INT8", "UINT8", "INT16", "FLOAT32", "INT4"])
@pytest.mark.parametrize("channels", [1, 4])
def test_variables_begin_with_the_same_values(kind: str, zero_point: int, channels: int) -> None:
    model = passthrough(
        {"name": "x", "type": "INT8", "shape": (4,)},
        {
            "name": "v",
            "type": kind,
            "shape": (4,),
            "is_variable": True,
            "scale": [0.5] * channels,
            "zero_point": [zero_point] * channels,
        },
    )

    def scenario(module: ModuleType) -> Any:
        it = interpreter(module, model)
        it.allocate_tensors()
        return [it.get_tensor(1), it.get_tensor_details()]

    assert_same_in_both(scenario)


def test_variables_keep_their_value_until_they_are_reset() -> None:
    model, x, v, y = addition(variable=True)

    def scenario(module: ModuleType) -> Any:
        it = interpreter(module, model)
        found = [outcome(it.reset_all_variables), outcome(lambda: it.get_tensor(v))]
        it.allocate_tensors()
        found.append(it.get_tensor(v))
        it.set_tensor(v, np.array([5, 6, 7, 8], np.int8))
        it.set_tensor(x, np.ones((1, 4), np.int8))
        for name in ("invoke", "invoke", "allocate_tensors", "reset_all_variables", "invoke"):
            getattr(it, name)()
            found += [it.get_tensor(v), it.get_tensor(y)]
        it.set_tensor(v, np.array([5, 6, 7, 8], np.int8))
        it.resize_tensor_input(x, [3, 4])
        it.allocate_tensors()
        return [*found, it.get_tensor(v), outcome(lambda: it.set_tensor(v, np.zeros((2, 4), np.int8)))]

    assert_same_in_both(scenario)


def test_outputs_may_be_inputs_constants_and_repeated() -> None:
    model, x, _, y = addition()

    def scenario(module: ModuleType) -> Any:
        it = interpreter(module, model)
        it.allocate_tensors()
        it.set_tensor(x, np.array([[1, 2, 3, 4]], np.int8))
        it.invoke()
        found = [it.get_output_details(), [it.get_tensor(d["index"]) for d in it.get_output_details()]]
        found += [outcome(lambda: it.get_tensor(3)), outcome(lambda: it.set_tensor(3, np.zeros(7, np.int8)))]
        it.allocate_tensors()
        found += [it.get_tensor(x), it.get_tensor(y)]
        it.resize_tensor_input(x, [1, 4])
        it.invoke()
        return [*found, it.get_tensor(y)]

    assert_same_in_both(scenario)


def test_shapes_follow_resizing_and_allocating_as_in_litert() -> None:
    model, x, c, y = addition()

    def scenario(module: ModuleType) -> Any:
        it = interpreter(module, model)
        found = []

        def note(act: Callable[[], Any]) -> None:
            found.append([outcome(act), [d["shape"] for d in it.get_tensor_details()]])

        note(lambda: it.resize_tensor_input(x, [2, 4]))
        note(it.allocate_tensors)
        note(lambda: it.set_tensor(x, np.array([[1, 2, 3, 4], [5, 6, 7, 8]], np.int8)))
        note(it.invoke)
        note(lambda: it.resize_tensor_input(x, [3, 4]))
        note(lambda: [it.get_tensor(y), it.get_output_details()])
        note(lambda: it.get_tensor(x))
        note(it.invoke)
        note(it.allocate_tensors)
        note(lambda: it.resize_tensor_input(x, [0, 4]))
        note(it.allocate_tensors)
        note(it.invoke)
        note(lambda: [it.get_tensor(x), it.get_tensor(y), it.tensor(y)().shape])
        for bad in ([-1, 4], [[1, 4]], 4, None, "14", [2, 4, 1]):
            note(lambda bad=bad: it.resize_tensor_input(x, bad, strict=bad == [2, 4, 1]))
        note(lambda: it.resize_tensor_input(c, [5]))
        note(lambda: it.resize_tensor_input(x, [1.5, 4]))
        note(it.allocate_tensors)
        note(lambda: it.resize_tensor_input(x, [2, 5]))
        found.append(outcome(it.allocate_tensors))
        found += [outcome(it.invoke), outcome(lambda: it.set_tensor(x, np.zeros((2, 5), np.int8)))]
        return found

    assert_same_in_both(scenario)


def test_an_array_of_tensor_must_not_be_held() -> None:
    model, x, _, y = addition()

    def scenario(module: ModuleType) -> Any:
        it = interpreter(module, model)
        it.allocate_tensors()
        found = []
        for part in (lambda: it.tensor(x)(), lambda: it.tensor(y)()[0, 1:], lambda: it.tensor(1)().view(np.uint8)):
            held = part()
            found += [outcome(it.invoke), outcome(it.allocate_tensors)]
            found += [outcome(lambda: it.resize_tensor_input(x, [2, 4])), outcome(lambda: it.get_tensor(x).shape)]
            found.append(outcome(lambda: it.set_tensor(x, np.ones((1, 4), np.int8))))
            del held
            found += [outcome(it.invoke), it.get_tensor(y)]
        function = it.tensor(x)
        function().fill(9)
        it.invoke()
        return [*found, it.get_tensor(y), function()]

    assert_same_in_both(scenario)


def test_values_of_four_bits_are_checked() -> None:
    model = passthrough(*({"name": t, "type": t, "shape": (1, 5)} for t in ("INT4", "UINT4")), inputs=2)

    def scenario(module: ModuleType) -> Any:
        it = interpreter(module, model)
        it.allocate_tensors()
        good = [np.array([[-8, 7, -1, 0, 1]], np.int8), np.array([[0, 15, 8, 1, 2]], np.uint8)]
        bad = [np.array([[-9, 7, -1, 0, 1]], np.int8), np.array([[0, 16, 8, 1, 2]], np.uint8)]
        found = [outcome(lambda i=i, v=v: it.set_tensor(i, v)) for i, v in [*enumerate(good), *enumerate(bad)]]
        return [*found, it.get_tensor(0), it.get_tensor(1)]

    assert_same_in_both(scenario)


def test_shapes_that_only_fit_after_a_resize_can_be_given_before_allocating() -> None:
    b = ModelBuilder()
    x = b.tensor("x", "INT8", (1, 1), scale=0.5, shape_signature=(1, -1))
    shape = b.tensor("shape", "INT32", (2,), [2, 3])
    y = b.tensor("y", "INT8", (2, 3), scale=0.5)
    b.op("RESHAPE", [x, shape], [y])
    model = b.to_bytes([x], [y])

    def scenario(module: ModuleType) -> Any:
        found = [outcome(interpreter(module, model).allocate_tensors)]
        it = interpreter(module, model)
        it.resize_tensor_input(x, [1, 6], strict=True)
        it.allocate_tensors()
        it.set_tensor(x, np.arange(6, dtype=np.int8).reshape(1, 6))
        it.invoke()
        return [*found, it.get_tensor(y), it.get_tensor_details()]

    assert_same_in_both(scenario)


def test_custom_operators_are_reported_by_allocating() -> None:
    b = ModelBuilder()
    x, y = (b.tensor(name, "INT8", (1, 4), scale=0.5) for name in "xy")
    b.op("MyCustom", [x], [y])
    model = b.to_bytes([x], [y])

    def scenario(module: ModuleType) -> Any:
        it = interpreter(module, model)
        return [it._get_ops_details(), it.get_tensor_details(), outcome(it.allocate_tensors), outcome(it.invoke)]

    assert_same_in_both(scenario)

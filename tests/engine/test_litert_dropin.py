"""The drop-in gives what ai_edge_litert gives: the same script, the same dicts, the same exceptions."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from intengine.litert import Interpreter, OpResolverType, load_delegate
from tests.compare import assert_same_deeply

ROOT = Path(__file__).parent.parent.parent
DIGITS = ROOT / "intengine" / "data" / "digits"

#: A script as people have it; only the import line is changed.
SCRIPT = """
IMPORT
import sys
import numpy as np

interpreter = Interpreter(model_path=sys.argv[1], num_threads=1, **KIND)
interpreter.allocate_tensors()
inputs, outputs = interpreter.get_input_details(), interpreter.get_output_details()
print(inputs, outputs)
scale, zero_point = inputs[0]["quantization"]
rng = np.random.default_rng(1)
for _ in range(3):
    image = rng.random(inputs[0]["shape"]).astype(np.float32)
    if inputs[0]["dtype"] != np.float32:
        image = np.clip(np.round(image / scale + zero_point), *(-128, 127)).astype(inputs[0]["dtype"])
    interpreter.set_tensor(inputs[0]["index"], image)
    interpreter.invoke()
    print(interpreter.get_tensor(outputs[0]["index"]).tolist())
interpreter.resize_tensor_input(inputs[0]["index"], [4, 8, 8, 1], strict=True)
interpreter.allocate_tensors()
interpreter.tensor(inputs[0]["index"])()[:] = 1
interpreter.invoke()
print(interpreter.get_output_details()[0]["shape"], interpreter.get_tensor(outputs[0]["index"]).tolist())
print(interpreter.get_signature_list())
runner = interpreter.get_signature_runner("serving_default")
print(runner.get_input_details(), runner.get_output_details())
print({k: v.tolist() for k, v in runner(image=np.ones((2, 8, 8, 1), inputs[0]["dtype"])).items()})
"""


@pytest.mark.oracle
@pytest.mark.parametrize("name", ["int8", "float32", "int16x8"])
def test_a_script_runs_unchanged_but_for_its_import(name: str, tmp_path: Path) -> None:
    pytest.importorskip("ai_edge_litert")
    reference = "dict(experimental_op_resolver_type=OpResolverType.BUILTIN_REF)"
    printed = []
    for module in ("ai_edge_litert.interpreter", "intengine.litert"):
        script = tmp_path / f"{module}.py"
        line = f"from {module} import Interpreter, OpResolverType"
        script.write_text(SCRIPT.replace("IMPORT", line).replace("KIND", reference))
        command = [sys.executable, str(script), str(DIGITS / f"digits_{name}.tflite")]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        printed.append(done.stdout)
    assert printed[0] == printed[1]
    assert printed[0].count("\n") >= 8


@pytest.mark.oracle
@pytest.mark.shared
@pytest.mark.parametrize(
    "model",
    [
        "classification/resnet8_cifar10_int8",
        "classification/mobilenet_v1_0.25_224_uint8",
        "pose/hand_landmark_sparse",
        "audio/micro_wake_word_int8",
        "audio/deepfilternet2_int16x8",
        "detection/yolox_nano_320dw_fp16",
        "audio/micro_speech_lstm_int8",
    ],
)
def test_details_are_the_same_in_every_key_and_type(model: str, shared: Path) -> None:
    litert = pytest.importorskip("ai_edge_litert.interpreter")
    path = str(shared / "models" / f"{model}.tflite")
    ours = Interpreter(model_path=path)
    theirs = litert.Interpreter(
        model_path=path, experimental_op_resolver_type=litert.OpResolverType.BUILTIN_REF, num_threads=1
    )
    assert_same_deeply(ours.get_input_details(), theirs.get_input_details(), "inputs")
    assert_same_deeply(ours.get_output_details(), theirs.get_output_details(), "outputs")
    count = len(ours.get_tensor_details())
    assert_same_deeply(ours.get_tensor_details(), theirs.get_tensor_details()[:count], "tensors")
    assert_same_deeply(ours.get_signature_list(), theirs.get_signature_list(), "signatures")
    assert_same_deeply(ours._get_ops_details(), theirs._get_ops_details(), "ops")


@pytest.fixture
def ready() -> Interpreter:
    interpreter = Interpreter(str(DIGITS / "digits_int8.tflite"))
    interpreter.allocate_tensors()
    return interpreter


def test_misuse_raises_what_litert_raises(ready: Interpreter) -> None:
    fresh = Interpreter(str(DIGITS / "digits_int8.tflite"))
    index = ready.get_input_details()[0]["index"]
    with pytest.raises(RuntimeError, match="not ready"):
        fresh.invoke()
    with pytest.raises(ValueError, match="unallocated"):
        fresh.set_tensor(index, np.zeros((1, 8, 8, 1), np.int8))
    with pytest.raises(ValueError, match="FLOAT32 but expected type INT8"):
        ready.set_tensor(index, np.zeros((1, 8, 8, 1), np.float32))
    with pytest.raises(ValueError, match=r"Dimension mismatch\. Got 9 but expected 8"):
        ready.set_tensor(index, np.zeros((1, 9, 8, 1), np.int8))
    with pytest.raises(ValueError, match="Invalid tensor index"):
        ready.get_tensor(-1)
    with pytest.raises(RuntimeError, match="only allows mutating"):
        ready.resize_tensor_input(index, [1, 9, 8, 1], strict=True)
    with pytest.raises(ValueError, match="Invalid signature_key"):
        ready.get_signature_runner("nope")
    with pytest.raises(ValueError, match="expected 1 vs provided 0"):
        ready.get_signature_runner()()
    with pytest.raises(ValueError, match="must be specified"):
        Interpreter()
    with pytest.raises(ValueError, match="num_threads"):
        Interpreter(str(DIGITS / "digits_int8.tflite"), num_threads=0)
    with pytest.raises(ValueError, match="delegate"):
        load_delegate("libedgetpu.so.1")
    with pytest.raises(ValueError, match=r"flatbuffer|identifier|\.tflite|bytes"):
        Interpreter(model_content=b"not a model")


def test_intermediates_are_there_with_preserve_all_tensors_only() -> None:
    model = (DIGITS / "digits_int8.tflite").read_bytes()
    for keep in (False, True):
        interpreter = Interpreter(
            model_content=model,
            experimental_preserve_all_tensors=keep,
            experimental_op_resolver_type=OpResolverType.BUILTIN_REF,
        )
        interpreter.allocate_tensors()
        interpreter.invoke()
        first = interpreter._get_ops_details()[0]["outputs"][0]
        if keep:
            assert interpreter.get_tensor(first).shape == (1, 8, 8, 16)
        else:
            with pytest.raises(ValueError, match="null"):
                interpreter.get_tensor(first)
    assert interpreter.get_tensor(interpreter._get_ops_details()[0]["inputs"][1]).shape == (16, 3, 3, 1)


#: Uses and misuses in one line each, run by both modules; `i` is allocated, `fresh` is not, `X` fits the input.
MISUSE = """
Interpreter("nowhere.tflite")
Interpreter(".")
Interpreter(PATH.encode()).num_subgraphs()
Interpreter(pathlib.Path(PATH)).num_subgraphs()
Interpreter(model_content=b"garbage")
Interpreter(model_content=b"")
Interpreter()
Interpreter(PATH, model_content=b"x")
Interpreter(PATH, num_threads=0)
Interpreter(PATH, num_threads=1.0)
Interpreter(PATH, experimental_op_resolver_type=2)
Interpreter(PATH, experimental_op_resolver_type="BUILTIN_REF")
Interpreter(PATH, nonsense=1)
fresh.invoke()
fresh.set_tensor(0, X)
fresh.get_tensor(0)
fresh.get_tensor(fresh.get_output_details()[0]["index"])
fresh.get_signature_runner()(image=X)
fresh.tensor(0)()
fresh.reset_all_variables()
i.set_tensor(0, X.astype(np.float32))
i.set_tensor(0, X.astype(np.uint8))
i.set_tensor(0, X.tolist())
i.set_tensor(0, None)
i.set_tensor(0, np.zeros((1, 9, 8, 1), np.int8))
i.set_tensor(0, np.zeros((8, 8, 1), np.int8))
i.set_tensor(0, np.int8(1))
i.set_tensor(-1, X)
i.set_tensor(10**6, X)
i.set_tensor("image", X)
i.set_tensor(0.0, X)
i.set_tensor(np.int64(0), X)
i.set_tensor(0, np.asfortranarray(X)), i.invoke(), i.get_tensor(OUT)
i.set_tensor(0, np.repeat(X, 2, axis=2)[:, :, ::2]), i.invoke(), i.get_tensor(OUT)
i.get_tensor(-1)
i.get_tensor(10**6)
i.get_tensor("x")
i.get_tensor(np.int32(0)).shape
i.get_tensor(0, subgraph_index=9)
i.get_tensor(OUT).dtype
i.set_tensor(0, X), i.allocate_tensors(), i.get_tensor(0)
i.tensor(0)().__setitem__(0, 7), i.get_tensor(0)
i.tensor(10**6)()
i.get_tensor_details(1)
i.get_tensor_details(-1)
i._get_tensor_details(0, 0)
i._get_op_details(0)
i._get_full_signature_list()
i.resize_tensor_input(10**6, [1])
i.resize_tensor_input(0, [1, 64]), i.allocate_tensors()
i.resize_tensor_input(0, [1, 64], strict=True)
i.resize_tensor_input(0, [1, 9, 8, 1], strict=True)
i.resize_tensor_input(0, [3, 8, 8, 1], strict=True), i.allocate_tensors(), i.get_output_details()[0]["shape"]
i.resize_tensor_input(0, [-1, 8, 8, 1]), i.allocate_tensors()
i.resize_tensor_input(0, [1, 8, 8, 2]), i.allocate_tensors()
i.resize_tensor_input(0, (2, 8, 8, 1)), i.get_input_details()[0]["shape"], i.get_output_details()[0]["shape"]
i.resize_tensor_input(0, [2, 8, 8, 1]), i.get_tensor(0)
i.resize_tensor_input(0, [2, 8, 8, 1]), i.invoke()
i.resize_tensor_input(0, [1, 8, 8, 1]), i.set_tensor(0, X), i.invoke(), i.get_tensor(OUT)
i.get_signature_runner("nope")
i.get_signature_runner(3)
i.get_signature_runner()()
i.get_signature_runner()(X)
i.get_signature_runner()(img=X)
i.get_signature_runner()(image=X, b=X)
i.get_signature_runner()(image=X.astype(np.float32))
i.get_signature_runner()(image=X.tolist())
i.get_signature_runner()(image=np.zeros((1, 64), np.int8))
i.get_signature_runner()(image=np.zeros((1, 9, 8, 1), np.int8))
i.get_signature_runner()(image=np.repeat(X, 3, axis=0)), i.get_input_details()[0]["shape"], i.get_tensor(OUT)
[(kind.name, kind.value) for kind in OpResolverType]
list(inspect.signature(Interpreter.__init__).parameters)
""".strip().splitlines()

PROBE = """
from MODULE import Interpreter, OpResolverType
import inspect, pathlib, sys
import numpy as np
np.set_printoptions(threshold=sys.maxsize)
PATH = sys.argv[1]
X = np.random.default_rng(0).integers(-128, 128, (1, 8, 8, 1), dtype=np.int8)
for line in sys.stdin.read().splitlines():
    fresh, i = (Interpreter(PATH, experimental_op_resolver_type=OpResolverType.BUILTIN_REF) for _ in range(2))
    i.allocate_tensors()
    OUT = i.get_output_details()[0]["index"]
    try:
        found = repr(eval(line))
    except Exception as error:
        found = type(error).__name__
    print(line, "=>", found.replace(chr(10), " "), flush=True)
"""


@pytest.mark.oracle
def test_misuse_ends_as_in_litert() -> None:
    pytest.importorskip("ai_edge_litert")
    printed = []
    for module in ("ai_edge_litert.interpreter", "intengine.litert"):
        command = [sys.executable, "-c", PROBE.replace("MODULE", module), str(DIGITS / "digits_int8.tflite")]
        done = subprocess.run(command, input="\n".join(MISUSE), capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        printed.append([line for line in done.stdout.splitlines() if " => " in line])
    assert len(printed[0]) == len(MISUSE)
    assert printed[1] == printed[0]

"""Real models, made by others: read as LiteRT's own generated reader reads them, written and read again."""

from pathlib import Path

import numpy as np
import pytest

from intengine.reader import load
from intengine.writer import dump
from tests.reader.generated import assert_same_as_generated
from tests.reader.samples import differences

MODELS = Path(__file__).parents[3] / "shared" / "models"
PATHS = sorted(MODELS.glob("*/*.tflite"))
each_model = pytest.mark.parametrize("path", PATHS, ids=[path.stem for path in PATHS])
pytestmark = pytest.mark.shared


@each_model
def test_dumped_real_model_reads_back_equal(path: Path) -> None:
    model = load(path)
    assert not list(differences(model, load(dump(model))))


@pytest.mark.oracle
@each_model
def test_every_field_is_what_the_generated_reader_says(path: Path) -> None:
    assert_same_as_generated(load(path), path.read_bytes())


@pytest.mark.oracle
@pytest.mark.parametrize("outside", [False, True])
@pytest.mark.parametrize("stem", ["classification/resnet8_cifar10_int8", "audio/nnse_lstm_int16x8"])
def test_litert_runs_a_dumped_model_as_it_runs_the_original(stem: str, outside: bool) -> None:
    litert = pytest.importorskip("ai_edge_litert.interpreter")
    path = MODELS / f"{stem}.tflite"
    if not path.exists():
        pytest.skip("the shared models are not here")
    outputs = []
    for content in (path.read_bytes(), dump(load(path), constants_outside=outside)):
        interpreter = litert.Interpreter(model_content=content)
        interpreter.allocate_tensors()
        for entry in interpreter.get_input_details():
            values = np.arange(np.prod(entry["shape"])).reshape(entry["shape"])
            interpreter.set_tensor(entry["index"], values.astype(entry["dtype"]))
        interpreter.invoke()
        outputs.append([interpreter.get_tensor(entry["index"]) for entry in interpreter.get_output_details()])
    for original, dumped in zip(*outputs, strict=True):
        assert np.array_equal(original, dumped)

"""Single-op int16x8 models that tflite-micro recorded, and a whole model that Vela recorded: all exact."""

from pathlib import Path

import numpy as np
import pytest

import intengine

#: Recorded before tflite-micro formed the multipliers of LEAKY_RELU in double precision: the version that the profile
#: names gives one other element in each.
OLDER = ("leaky_relu11.tflite", "leaky_relu19.tflite")

pytestmark = pytest.mark.shared


@pytest.mark.parametrize("profile", ["litert-reference", "tflm"])
def test_all_tflm_vectors_are_exact(shared: Path, profile: str) -> None:
    paths = sorted((shared / "vectors" / "tflm_seanet").glob("*.tflite"))
    assert len(paths) == 64
    for path in paths:
        engine = intengine.Interpreter(path, profile=profile)
        with np.load(path.with_suffix(".npz")) as data:
            inputs = {}
            for i, (name, shape) in enumerate(engine.input_shapes.items()):
                (key,) = (key for key in data if key.startswith(f"input{i}_"))
                inputs[name] = data[key].reshape(shape)
            (golden,) = (data[key] for key in data if key.startswith("golden"))
        (out,) = engine.run(inputs).values()
        assert out.dtype == golden.dtype, path.name
        differs = profile == "tflm" and path.name in OLDER
        assert int((out.reshape(-1) != golden).sum()) == differs, path.name


def test_the_vela_vector_is_exact(shared: Path) -> None:
    engine = intengine.Interpreter(shared / "models" / "audio" / "kws_micronet_m_int8.tflite")
    where = shared / "vectors" / "vela"
    (out,) = engine.run(np.load(where / "example_models_kws_micronet_m_ifm0.npy")).values()
    assert np.array_equal(out, np.load(where / "example_models_kws_micronet_m_ofm0.npy").reshape(out.shape))

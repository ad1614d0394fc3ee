"""Small networks with a float and a quantized form, and data for them: the embedded digits network."""

from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np
from numpy.typing import NDArray

from intengine import Model, load

DIGITS = files("intengine") / "data" / "digits"


@cache
def digits(name: str) -> Model:
    """One of the embedded models: "float32", "int8", "int16x8", "qat_int8", "dynamic", "float16"."""
    return load((DIGITS / f"digits_{name}.tflite").read_bytes())


def digits_data(count: int) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """float32[count, 8, 8, 1] in 0..1 and int64[count] from the test split."""
    with np.load(str(DIGITS / "test_split.npz")) as data:
        arrays: dict[str, Any] = {name: data[name] for name in data.files}
    images = next(a for a in arrays.values() if a.ndim > 1)
    labels = next(a for a in arrays.values() if a.ndim == 1)
    shape = digits("float32").main.tensors[digits("float32").main.inputs[0]].shape[1:]
    return images[:count].reshape(count, *shape).astype(np.float32), labels[:count].astype(np.int64)

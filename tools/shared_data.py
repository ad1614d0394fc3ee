"""Real inputs for shared models, chosen by the shape and type of a model's only input."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from intengine.interpreter import Interpreter
from intengine.model import TensorSpec, TensorType

ROOT = Path(__file__).parent.parent
SHARED = ROOT.parent / "shared"

#: What the keyword features are quantized with: for models that take them so, or as real numbers.
KWS_SCALE, KWS_ZERO_POINT = np.float32(0.58470291), 83


def labelled(engine: Interpreter) -> tuple[str, NDArray, NDArray[np.integer]] | None:
    """(name, inputs, labels) of the labelled set that fits the model's input, if one does."""
    if len(engine.inputs) != 1:
        return None
    ((name, spec),) = engine.inputs.items()
    shape = engine.input_shapes[name]
    if shape == (1, 32, 32, 3):
        with np.load(SHARED / "data" / "cifar10_test250.npz") as data:
            return "CIFAR-10", pixels(data["images"], spec, raw=True), data["labels"]
    if shape == (1, 96, 96, 3):
        with np.load(SHARED / "data" / "vww_test300.npz") as data:
            return "visual wake words", pixels(data["images"], spec, raw=False), data["labels"]
    scale = spec.quantization.scale
    fits = spec.type is TensorType.FLOAT32 or (scale.size == 1 and abs(scale[0] - KWS_SCALE) < 1e-6)
    if shape == (1, 49, 10, 1) and fits:
        with np.load(SHARED / "data" / "kws_mfcc_test500.npz") as data:
            features = data["features"]
            if spec.type is TensorType.FLOAT32:
                features = (features.astype(np.float32) - KWS_ZERO_POINT) * KWS_SCALE
            return "keywords", features, data["labels"]
    return None


def real_inputs(engine: Interpreter, count: int) -> Iterator[dict[str, NDArray]]:
    """Up to `count` real inputs that fit: samples of a labelled set, or photographs scaled to the input's size."""
    if len(engine.inputs) != 1:
        return
    ((name, spec),) = engine.inputs.items()
    shape = engine.input_shapes[name]
    found = labelled(engine)
    if found is not None:
        for sample in found[1][:count]:
            yield {name: sample.reshape(shape)}
    elif len(shape) == 4 and shape[3] == 3 and shape[1] > 32:
        from PIL import Image

        for path in sorted((SHARED / "data" / "images").iterdir())[:count]:
            if "mask" not in path.name:
                with Image.open(path) as image:
                    found = np.asarray(image.convert("RGB").resize((shape[2], shape[1])))
                yield {name: pixels(found[np.newaxis], spec, raw=False)}


def pixels(images: NDArray[np.uint8], spec: TensorSpec, *, raw: bool) -> NDArray:
    """Pixels as the input's type: uint8 as they are, int8 less 128, int16 doubled around 0, floats in 0..1 or raw."""
    if spec.type is TensorType.UINT8:
        return images
    if spec.type is TensorType.INT8:
        return (images.astype(np.int16) - 128).astype(np.int8)
    if spec.type is TensorType.INT16:
        return (images.astype(np.int16) - 128) * np.int16(128)
    return images.astype(np.float32) if raw else images.astype(np.float32) / np.float32(255)

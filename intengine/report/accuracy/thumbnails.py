"""Small pictures of the samples that a comparison calls the worst."""

import io
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from intengine.accuracy.data import Data, DataSource
from intengine.accuracy.records import Comparison
from intengine.interpreter import Interpreter
from intengine.model import Model

#: Pixels that a picture's longer side has at most.
_SIZE = 132
_MODES = {1: "L", 3: "RGB", 4: "RGBA"}


def thumbnails(
    found: Comparison,
    model: Model,
    data: DataSource,
    *,
    mean: Sequence[float] | None = None,
    std: Sequence[float] | None = None,
) -> dict[int, bytes]:
    """Sample -> PNG of what the quantized model got, for the worst samples of all layers; {} if these are no images.

    Args:
        model: the quantized one. data, mean, std: as `compare` was given them.
    """
    wanted = {one.sample for layer in found.layers for one in layer.propagated.worst}
    engine = Interpreter(model, profile=found.profile)
    spec = next(iter(engine.inputs.values()), None)
    if not wanted or spec is None or not _is_image(engine.input_shapes[next(iter(engine.inputs))]):
        return {}
    made: dict[int, bytes] = {}
    for at, sample in enumerate(Data(engine, data, max(wanted) + 1, mean, std)):
        if at in wanted:
            made[at] = _png(sample.given[spec.index])
    return made


def _is_image(shape: Sequence[int]) -> bool:
    return len(shape) == 4 and shape[0] == 1 and shape[3] in _MODES and min(shape[1:3]) > 1


def _png(values: NDArray[Any]) -> bytes:
    """8-bit integers as pixels, everything else between its least and greatest value."""
    from PIL import Image

    pixels = _pixels(values[0])
    image = Image.fromarray(pixels[:, :, 0] if pixels.shape[2] == 1 else pixels)
    image.thumbnail((_SIZE, _SIZE))
    out = io.BytesIO()
    image.save(out, "PNG", optimize=True)
    return out.getvalue()


def _pixels(values: NDArray[Any]) -> NDArray[np.uint8]:
    if values.dtype == np.uint8:
        return values
    if values.dtype == np.int8:
        return (values.astype(np.int16) + 128).astype(np.uint8)
    real = np.nan_to_num(values.astype(np.float64), posinf=0.0, neginf=0.0)
    least, width = real.min(), np.ptp(real)
    return np.rint((real - least) * (255.0 / width if width else 0.0)).astype(np.uint8)

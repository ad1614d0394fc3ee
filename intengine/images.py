"""Image files -> the values of an image input.

The pixel mapping, unless a mean or std is given:

| input | value | why |
|---|---|---|
| uint8 | pixel | such models take pixels as they are |
| int8 | pixel - 128 | the same model with the range moved, which is what converters make |
| other quantized | quantize(pixel / 255) | |
| float | pixel / 255 | |

Images are turned upright if their EXIF says how; alpha is left out unless the input has 4 channels.

With a mean or std, real = (pixel - mean) / std for every type, then quantized with the input's scale if it has one.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from intengine.errors import InputError, MissingDependencyError
from intengine.model import TensorSpec, TensorType
from intengine.quantization import quantize
from intengine.shapes import Shape

IMAGE_SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".ppm", ".pgm", ".tif", ".tiff")
#: EXIF tag of the way the camera was held.
_ORIENTATION = 0x0112
_MODES = {1: "L", 3: "RGB", 4: "RGBA"}


@dataclass(frozen=True)
class ImageInput:
    """An image in an input's dtype and shape, and one sentence on how it got there."""

    values: NDArray[Any]
    assumed: str


def load_image(
    path: Path,
    spec: TensorSpec,
    shape: Shape,
    *,
    mean: Sequence[float] | None = None,
    std: Sequence[float] | None = None,
) -> ImageInput:
    """Read an image, resize it (bilinear) to [1, height, width, channels], and map its pixels.

    Args:
        mean, std: one number, or one for each channel; defaults 0 and 255 if only one of them is given.

    Raises:
        MissingDependencyError: without Pillow.
        InputError: if the file is no image, or the input's shape is no image's.
    """
    try:
        from PIL import Image, ImageOps
    except ImportError:
        raise MissingDependencyError(
            "Reading images needs the package Pillow: pip install 'intengine[image]'."
        ) from None
    if len(shape) != 4 or shape[0] != 1 or shape[3] not in _MODES or not shape[1] or not shape[2]:
        raise InputError(
            f"An image input must have shape [1, height, width, 1, 3 or 4 channels]; {spec.name!r} has {list(shape)}."
        )
    _, height, width, channels = shape
    try:
        with Image.open(path) as image:
            if image.mode.startswith(("I", "F")):
                raise ValueError("it has more than 8 bits for each channel")
            upright = ImageOps.exif_transpose(image)
            turned = "turned as its EXIF says, " if image.getexif().get(_ORIENTATION, 1) != 1 else ""
            alpha = "alpha left out, " if image.has_transparency_data and channels != 4 else ""
            size = upright.size
            pixels = np.asarray(
                upright.convert(_MODES[channels]).resize((width, height), Image.Resampling.BILINEAR), np.uint8
            )
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise InputError(f"An image must be a file that Pillow can read; {path}: {error}.") from error
    pixels = pixels.reshape(shape)
    values, mapping = map_pixels(pixels, spec, mean, std)
    resized = "" if size == (width, height) else f"resized from {size[0]}x{size[1]} to {width}x{height}, "
    return ImageInput(values, f"{spec.name}: {path.name}, {turned}{alpha}{resized}{_MODES[channels]}, {mapping}")


def map_pixels(
    pixels: NDArray[np.uint8], spec: TensorSpec, mean: Sequence[float] | None, std: Sequence[float] | None
) -> tuple[NDArray[Any], str]:
    """Pixels uint8[..., channels] as values of an input, and the mapping in words; see the table above.

    Raises:
        InputError: for a mean or std of another size, a std that is not above 0, or an input of plain integers.
    """
    if mean is None and std is None:
        if spec.type is TensorType.UINT8:
            return pixels, "value = pixel"
        if spec.type is TensorType.INT8:
            return (pixels.astype(np.int16) - 128).astype(np.int8), "value = pixel - 128"
    means, stds = _per_channel("mean", mean or (0.0,), pixels), _per_channel("std", std or (255.0,), pixels)
    if not np.all(stds > 0):
        raise InputError("A std must be above 0.")
    real = ((pixels.astype(np.float32) - means) / stds).astype(np.float32)
    text = f"real = (pixel - {_show(means)}) / {_show(stds)}"
    if spec.quantization:
        return quantize(real, spec.quantization, spec.type), f"{text}, quantized"
    if spec.type.dtype.kind != "f":
        raise InputError(f"An input for images must be float or quantized; {spec.name!r} is plain {spec.type.name}.")
    return real.astype(spec.type.dtype), text


def _per_channel(what: str, values: Sequence[float], pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    if len(values) not in (1, pixels.shape[-1]):
        raise InputError(f"A {what} is one number, or one for each of {pixels.shape[-1]} channels; got {len(values)}.")
    return np.asarray(values, np.float32)


def _show(values: NDArray[np.float32]) -> str:
    return f"{values[0]:g}" if values.size == 1 else f"[{', '.join(f'{v:g}' for v in values)}]"

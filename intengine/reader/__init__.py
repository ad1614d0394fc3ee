"""Reading .tflite files: `load(path or bytes) -> Model`.

The only place, with the writer, that knows the file format. No offset, index or size is believed before it is
checked, and every failure is a ModelError that says where.
"""

import mmap
import os
from pathlib import Path

from intengine.errors import CorruptModelError, InputError
from intengine.model import Model
from intengine.reader.decode import decode
from intengine.reader.table import FileBytes

__all__ = ["load"]


def load(source: str | os.PathLike[str] | bytes | bytearray | memoryview) -> Model:
    """Read a .tflite model.

    A path is memory-mapped, so constants cost memory only once they are used; the file must not change while
    the model lives. Bytes are used in place; those that could change (a bytearray, a writable memoryview) are
    copied first.

    Args:
        source: a path, or the bytes of a file.

    Returns:
        The model; its arrays are read-only views of the file.

    Raises:
        InputError: if the path cannot be read.
        CorruptModelError: if the bytes contradict the format; `.where` is the place.
        InvalidModelError: if a well-formed file says something impossible.
    """
    if isinstance(source, (bytes, bytearray, memoryview)):
        return decode(FileBytes(_frozen(source)), "")
    path = Path(source)
    return decode(FileBytes(_mapped(path)), str(path))


def _frozen(source: bytes | bytearray | memoryview) -> memoryview:
    view = memoryview(source)
    in_place = view.readonly and view.c_contiguous and view.ndim == 1 and view.format == "B"
    return view if in_place else memoryview(bytes(view))


def _mapped(path: Path) -> memoryview:
    try:
        with path.open("rb") as file:
            if os.fstat(file.fileno()).st_size == 0:
                raise CorruptModelError("A .tflite file has at least 8 bytes. This one has 0.", "header")
            return memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise InputError(f"A model's path must be a readable file. {str(path)!r}: {reason}.") from error

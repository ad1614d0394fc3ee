"""Names that converters change on the way, brought to one form."""

import re
from collections.abc import Callable, Sequence

_PREFIX = re.compile(r"^(?:(?:Stateful)?PartitionedCall(?:_\d+)?/|serving_default_|model(?:_\d+)?/|functional_\d+/)+")
_SUFFIX = re.compile(r"(?::\d+|_(?:u?int(?:8|16)|quantized|dequantized?|requantized|f(?:loat)?(?:16|32)))+$")
#: What a converter appends to a name that is taken.
_COUNTER = re.compile(r"(?<=[A-Za-z_])\d$")
_QUANT = re.compile(r"(^|/)quant_")


def parts(name: str) -> tuple[str, ...]:
    """The names that were fused into one, without prefixes and suffixes that converters add."""
    return tuple(_plain(part) for part in name.split(";") if part)


def _plain(part: str) -> str:
    part = _PREFIX.sub("", part)
    part = _SUFFIX.sub("", part)
    return _QUANT.sub(r"\1", part)


def _whole(name: str) -> tuple[str, ...]:
    return (";".join(parts(name)),)


def _uncounted(name: str) -> tuple[str, ...]:
    return (";".join(_COUNTER.sub("", part) for part in parts(name)),)


def _each(name: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(_COUNTER.sub("", part) for part in parts(name)))


#: A name -> the keys that it goes by, from the strictest to the loosest: of the whole name, of the names in it.
WHOLE: tuple[Callable[[str], Sequence[str]], ...] = (lambda name: (name,), _whole, _uncounted)
PARTS: tuple[Callable[[str], Sequence[str]], ...] = (parts, _each)


def same_module(a: str, b: str) -> bool:
    """Whether two names of modules or tensors, as PyTorch, Keras and converters write them, mean the same."""
    return _words(a) == _words(b)


def _words(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", ".", _plain(name).lower()).strip(".")

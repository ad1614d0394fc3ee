"""Every exception that intengine raises on purpose.

    IntEngineError
    |- ModelError                  the file is not a usable .tflite
    |  |- CorruptModelError        its bytes contradict the format
    |  `- InvalidModelError        the format is fine, the meaning is impossible
    |- UnsupportedError            a legal model asks for what is absent
    |  |- UnsupportedOpError
    |  `- UnsupportedSignatureError
    |- InputError (ValueError)     an array or name that the caller passed
    `- MissingDependencyError      an optional package is needed and not installed

A message has one sentence for the rule and one for the finding; the place is added as a note.
"""

from collections.abc import Sequence


class IntEngineError(Exception):
    """Base of every deliberate intengine exception."""


class ModelError(IntEngineError):
    """The file is not a usable .tflite model."""


class CorruptModelError(ModelError):
    """The bytes contradict the .tflite format.

    Attributes:
        where: path of the offending field, as in "subgraphs[0].tensors[17].buffer".
    """

    def __init__(self, message: str, where: str = "") -> None:
        super().__init__(message)
        self.where = where
        if where:
            self.add_note(f"at {where}")

    def __reduce__(self) -> tuple[type["CorruptModelError"], tuple[str, str]]:
        return type(self), (str(self), self.where)


class InvalidModelError(ModelError):
    """The file is well formed, but what it says is impossible."""


class UnsupportedError(IntEngineError):
    """A legal model asks for something that intengine does not have.

    Attributes:
        problems: one sentence for each thing that is absent; all of them, not just the first.
    """

    def __init__(self, problems: Sequence[str] | str) -> None:
        self.problems = (problems,) if isinstance(problems, str) else tuple(problems)
        super().__init__("\n".join(self.problems))

    def __reduce__(self) -> tuple[type["UnsupportedError"], tuple[tuple[str, ...]]]:
        return type(self), (self.problems,)


class UnsupportedOpError(UnsupportedError):
    """An operator is unknown, or known but not with these types or options."""


class UnsupportedSignatureError(UnsupportedError):
    """A signature or subgraph arrangement cannot be run."""


class InputError(IntEngineError, ValueError):
    """The caller passed a wrong array, name or option."""


class MissingDependencyError(IntEngineError):
    """An optional package is needed for this and is not installed."""

"""What a terminal shows while kernels are compiled: one line that goes away."""

import contextlib
import sys
import time
from collections.abc import Iterator

from rich.file_proxy import FileProxy

from intengine.warmup import Event, listen

_WHAT = "Compiling kernels, once on this machine"


class _Line:
    def __init__(self) -> None:
        self.depth = self.done = 0
        self.began = 0.0
        self.is_shown = False

    def hear(self, event: Event) -> None:
        if event.is_loaded:
            return
        if event.seconds is not None:
            self.depth -= 1
            self.done += 1
            if not self.depth:
                self.clear()
            return
        self.depth += 1
        self.began = self.began or time.perf_counter()
        if isinstance(sys.stderr, FileProxy):  # a progress bar has the last line; text goes above it
            print(f"{_WHAT}: {event.kernel}", file=sys.stderr)
            return
        spent = time.perf_counter() - self.began
        sys.stderr.write(f"\r\x1b[2K{_WHAT}: {event.kernel} ({self.done} done, {spent:.0f} s)")
        sys.stderr.flush()
        self.is_shown = True

    def clear(self) -> None:
        if self.is_shown:
            sys.stderr.write("\r\x1b[2K")
            sys.stderr.flush()
            self.is_shown = False


@contextlib.contextmanager
def compile_notice() -> Iterator[None]:
    """Say on standard error, a terminal, what is compiled in the meantime; nothing where all comes from the disk."""
    line = _Line()
    with listen(line.hear):
        try:
            yield
        finally:
            line.clear()

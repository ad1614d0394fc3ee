"""Output: lines and tables for people, JSON for programs."""

import json
import os
from collections.abc import Iterable, Sequence
from typing import Any

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from intengine.cli.widths import fit
from intengine.plain import plain

Cell = Text | str | int | float | bool | None
#: Width where nobody sets one: lines stay whole in files and pipes.
_ENDLESS = 100_000


def console(*, stderr: bool = False) -> Console:
    """Where to print; endlessly wide where no terminal sets the width."""
    made = Console(stderr=stderr, highlight=False, markup=False, emoji=False, soft_wrap=False)
    if not made.is_terminal and "COLUMNS" not in os.environ:
        made.width = _ENDLESS
    return made


class Printer:
    """Prints lines and tables on standard output; what comes from a file cannot steer the terminal."""

    def __init__(self) -> None:
        self._console = console()

    def line(self, *parts: Text | str, sep: str = "") -> None:
        """One line; wrapped at spaces on a terminal."""
        text = Text(visible(sep)).join(_text(part) for part in parts)
        self._print(text)

    def table(
        self,
        columns: Sequence[str],
        rows: Iterable[Sequence[Cell]],
        *,
        title: str = "",
        right: Sequence[str] = (),
        fold: Sequence[str] = (),
    ) -> None:
        """A plain table; only cells that are Text may have several lines.

        Args:
            right: columns that hold numbers.
            fold: columns whose words may be broken where the terminal is too narrow.
        """
        cells = [[_text(cell) for cell in row] for row in rows]
        texts = [[name, *(row[at].plain for row in cells)] for at, name in enumerate(columns)]
        gap, widths = fit(
            texts,
            self._console.width,
            whole_cells=[name in right for name in columns],
            foldable=[name in fold for name in columns],
        )
        if title:
            self._print(Text(visible(title), style="bold"))
        made = Table(box=None, pad_edge=False, padding=(0, gap, 0, 0))
        for name, width in zip(columns, widths, strict=True):
            made.add_column(name, justify="right" if name in right else "left", overflow="fold", width=width)
        for row in cells:
            made.add_row(*row)
        self._print(made)

    def _print(self, what: Table | Text) -> None:
        with self._console.capture() as captured:
            self._console.print(what)
        lines = captured.get().split("\n")
        click.echo("\n".join(line.rstrip() for line in lines), nl=False, color=self._console.is_terminal)


def _text(cell: Cell) -> Text:
    return cell if isinstance(cell, Text) else Text(visible(show(cell)))


def visible(text: str, keep: str = "") -> str:
    """The text with everything but printable characters, and those of `keep`, written as escapes."""
    return "".join(c if c.isprintable() or c in keep else repr(c)[1:-1] for c in text)


def show(value: object) -> str:
    """Numbers with thousands separators, nothing for None."""
    if value is None:
        return ""
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)


def verdict(text: str, *, good: bool) -> Text:
    """A word in green or red."""
    return Text(text, style="green" if good else "bold red")


def size(nbytes: int) -> str:
    """Bytes in the unit one reads."""
    for unit, scale in (("MB", 1_000_000), ("kB", 1_000)):
        if nbytes >= scale:
            return f"{nbytes / scale:.1f} {unit}"
    return f"{nbytes} bytes"


def as_json(data: Any) -> str:
    """One JSON document."""
    return json.dumps(plain(data), indent=2, allow_nan=False)


def print_json(data: Any) -> None:
    """One JSON document on standard output."""
    click.echo(as_json(data))

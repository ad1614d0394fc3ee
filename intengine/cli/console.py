"""Output: tables for people, JSON for programs."""

import json
import os
from collections.abc import Iterable, Sequence
from typing import Any

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from intengine.report import plain


def console(*, stderr: bool = False) -> Console:
    """Where to print; wide where no terminal sets the width, so that lines stay whole in files."""
    made = Console(stderr=stderr, highlight=False, markup=False, emoji=False, soft_wrap=False)
    if not made.is_terminal and "COLUMNS" not in os.environ:
        return Console(stderr=stderr, highlight=False, markup=False, emoji=False, width=160)
    return made


def table(title: str, columns: Sequence[str], rows: Iterable[Sequence[object]], *, right: Sequence[str] = ()) -> Table:
    """A plain table; the columns named in `right` hold numbers."""
    made = Table(title=title or None, title_justify="left", title_style="bold", box=None, pad_edge=False)
    for name in columns:
        made.add_column(name, justify="right" if name in right else "left", overflow="fold")
    for row in rows:
        made.add_row(*(cell if isinstance(cell, Text) else Text(show(cell)) for cell in row))
    return made


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


def print_json(data: Any) -> None:
    """One JSON document on standard output."""
    click.echo(json.dumps(plain(data), indent=2, allow_nan=False))

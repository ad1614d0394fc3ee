"""The command line: `intengine` or `python -m intengine`."""

from intengine.cli.group import main

__all__ = ["main"]

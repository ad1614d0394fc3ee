"""How every command ends: exit codes, and errors as one message without a traceback."""

import contextlib
import errno
import os
import sys
from collections import Counter
from typing import Any, NoReturn

import click

from intengine import numerics
from intengine.cli.compiling import compile_notice
from intengine.cli.console import visible
from intengine.errors import (
    InputError,
    IntEngineError,
    MissingDependencyError,
    ModelError,
    UnsupportedError,
)
from intengine.runners import RunnerError

EQUAL, DIFFERS, USAGE, UNSUPPORTED, BAD_MODEL, INTERNAL = 0, 1, 2, 3, 4, 70
#: As shells report processes that end by these signals; 1 would read as "differs".
INTERRUPTED, NO_READER = 130, 141
_CODES: tuple[tuple[type[IntEngineError], int], ...] = (
    (InputError, USAGE),
    (MissingDependencyError, USAGE),
    (UnsupportedError, UNSUPPORTED),
    (RunnerError, UNSUPPORTED),
    (ModelError, BAD_MODEL),
)
_SHOWN = 12
PROFILE_HELP = f"Whose arithmetic: {', '.join(numerics.PROFILES)}."


class Command(click.Command):
    """A command whose errors end in a message on standard error and the right exit code.

    `--debug` shows the traceback instead. On a terminal it says when kernels are compiled, unless `says_compiling` is
    false.
    """

    says_compiling = True

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.params.append(click.Option(["--debug"], is_flag=True, help="Show the traceback of an error."))

    def invoke(self, ctx: click.Context) -> Any:
        debug = ctx.params.pop("debug", False)
        _print_whatever_the_encoding()
        try:
            with compile_notice() if self.says_compiling and stderr_is_terminal() else contextlib.nullcontext():
                return super().invoke(ctx)
        except (click.ClickException, click.exceptions.Exit):
            raise
        except (KeyboardInterrupt, click.Abort):
            click.echo("Interrupted.", err=True)
            ctx.exit(INTERRUPTED)
        except Exception as error:
            if isinstance(error, OSError) and error.errno == errno.EPIPE:
                _leave_the_pipe(ctx)
            if debug:
                raise
            _end(ctx, error)


def _print_whatever_the_encoding() -> None:
    """Characters that a stream cannot write become escapes instead of an error."""
    for stream in (sys.stdout, sys.stderr):
        if getattr(stream, "errors", "") in ("strict", "surrogateescape") and hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")


def _leave_the_pipe(ctx: click.Context) -> NoReturn:
    """Nobody reads on (as with `| head`): end quietly."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    ctx.exit(NO_READER)


def _end(ctx: click.Context, error: Exception) -> NoReturn:
    if isinstance(error, IntEngineError):
        click.echo("Error: " + visible(_message(error), keep="\n"), err=True)
        for note in getattr(error, "__notes__", ()):
            click.echo("  " + visible(note), err=True)
        ctx.exit(exit_code(error))
    if isinstance(error, OSError):
        click.echo(f"Error: {visible(str(error))}", err=True)
        ctx.exit(USAGE)
    if isinstance(error, MemoryError):
        click.echo("Error: This model or input needs more memory than there is.", err=True)
        ctx.exit(USAGE)
    click.echo(f"Internal error, please report it ({type(error).__name__}: {error}).", err=True)
    click.echo("  --debug shows where.", err=True)
    ctx.exit(INTERNAL)


def exit_code(error: IntEngineError) -> int:
    """2 usage or input, 3 unsupported, 4 bad model."""
    return next((code for kind, code in _CODES if isinstance(error, kind)), USAGE)


def _message(error: IntEngineError) -> str:
    if isinstance(error, UnsupportedError):
        return _problems(error.problems)
    if isinstance(error, RunnerError) and not error.crashed:
        return f"The runtime refuses this model or input: {_shortened(str(error).strip())}"
    return str(error).strip()


def _shortened(text: str, limit: int = 400) -> str:
    return text if len(text) <= limit else f"{text[:limit]}..."


def _problems(problems: tuple[str, ...]) -> str:
    """All problems, those that say the same of several nodes as one."""
    if len(problems) == 1:
        return problems[0]
    first: dict[str, str] = {}
    count: Counter[str] = Counter()
    for problem in problems:
        rule = problem.split(" (node ")[0]
        first.setdefault(rule, problem)
        count[rule] += 1
    lines = [f"  {first[rule]}" + (f" and {n - 1} more" if n > 1 else "") for rule, n in count.items()]
    more = [f"  and {len(lines) - _SHOWN} more; `intengine inspect` lists all"] if len(lines) > _SHOWN else []
    return "\n".join(["this model cannot run:", *lines[:_SHOWN], *more])


def stderr_is_terminal() -> bool:
    """Whether someone is watching; progress is for them alone."""
    return sys.stderr.isatty()

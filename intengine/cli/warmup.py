"""`intengine warmup`: compile kernels before they are needed."""

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path

import click
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from intengine import numerics
from intengine.cli.base import PROFILE_HELP, Command, exit_code, stderr_is_terminal
from intengine.cli.console import Printer, console, print_json
from intengine.errors import IntEngineError
from intengine.warmup import Compiled, Event, embedded, warm_up


class _Command(Command):
    says_compiling = False


@click.command(cls=_Command)
@click.argument("models", nargs=-1, type=click.Path(), metavar="[MODEL]...")
@click.option(
    "--profile", "profiles", multiple=True, default=["litert-reference"], show_default=True, metavar="NAME",
    help=f"{PROFILE_HELP} Repeat for more.",
)  # fmt: skip
@click.option("--kernels", "by_kernel", is_flag=True, help="Show what each kernel took.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def warmup(
    ctx: click.Context, models: tuple[str, ...], profiles: tuple[str, ...], by_kernel: bool, as_json: bool
) -> None:
    """Compile all kernels that MODELs need, so that later runs only load them.

    Without a MODEL those of the embedded models are compiled: convolutions, depthwise convolutions, fully connected,
    pooling, softmax, quantize and dequantize, in int8, int16x8, dynamic range, float16 and float32. Compiled kernels
    are kept on disk until intengine, Numba or the CPU changes.

    \b
    Exit codes: 0 done, 2 usage, 3 a model does not run, 4 a file is no usable model; the other models are compiled.

    \b
    Examples:
      intengine warmup
      intengine warmup a.tflite b.tflite --profile litert-reference --profile litert-xnnpack
    """
    for name in profiles:
        numerics.get(name)
    rows: list[dict[str, object]] = []
    kernels: list[Compiled] = []
    out, worst = Printer(), 0
    with _progress() as show:
        for path in models or embedded():
            for profile in profiles:
                name = Path(path).name
                try:
                    done = warm_up(path, profile=profile, say=show(name))
                except IntEngineError as error:
                    worst = max(worst, exit_code(error))
                    rows.append({"model": path, "profile": profile, "error": str(error)})
                    continue
                kernels += done.compiled
                rows.append(
                    {"model": path, "profile": profile, "loaded": done.loaded, "compiled": len(done.compiled),
                     "seconds": round(done.seconds, 3), "kernels": done.compiled}
                )  # fmt: skip
    if as_json:
        print_json({"models": rows})
        ctx.exit(worst)
    for row in rows:
        name = Path(str(row["model"])).name
        if "error" in row:
            out.line(f"{name}, {row['profile']}: not compiled. {str(row['error']).splitlines()[0]}")
        else:
            out.line(f"{name}, {row['profile']}: {row['compiled']} compiled in {row['seconds']} s, "
                     f"{row['loaded']} loaded")  # fmt: skip
    if by_kernel:
        ordered = sorted(kernels, key=lambda one: -one.seconds)
        out.line()
        out.table(["kernel", "s"], [(one.kernel, f"{one.seconds:.2f}") for one in ordered], right=["s"])
    ctx.exit(worst)


@contextlib.contextmanager
def _progress() -> Iterator[Callable[[str], Callable[[Event], None]]]:
    """Model name -> what hears of its kernels."""
    if not stderr_is_terminal():
        yield lambda name: lambda event: None
        return
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=console(stderr=True), transient=True) as bar:
        task = bar.add_task("")
        compiled = 0

        def show(name: str) -> Callable[[Event], None]:
            bar.update(task, description=name)

            def hear(event: Event) -> None:
                nonlocal compiled
                compiled += event.seconds is not None
                if not event.is_loaded and event.seconds is None:
                    bar.update(task, description=f"{name}: {event.kernel} ({compiled} compiled)")

            return hear

        yield show

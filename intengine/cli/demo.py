"""`intengine demo`: the embedded models."""

import contextlib
from collections.abc import Callable, Iterator

import click

from intengine.cli.base import DIFFERS, EQUAL, Command, stderr_is_terminal
from intengine.cli.console import Cell, Printer, console, print_json, size, verdict
from intengine.comparison.tolerances import FLOAT_MODEL
from intengine.demo import DemoResult, Exactness
from intengine.demo import demo as run_demo
from intengine.plain import plain


@click.command(cls=Command)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def demo(ctx: click.Context, as_json: bool) -> None:
    """Run the six embedded models and compare them with recorded LiteRT outputs.

    A network that reads handwritten digits, in float32, float16, dynamic range, int8, int16x8 and quantization-aware
    int8. Needs nothing but this package. Integer tensors must be equal bit for bit; floats may differ in their last
    bits where the C library is another one than the recordings'.

    \b
    Exit codes: 0 equal, 1 differs.

    \b
    Example:
      intengine demo
    """
    with _progress(not as_json) as say:
        results = run_demo(say)
    ok = all(result.ok for result in results)
    if as_json:
        print_json({"ok": ok, "models": [{**plain(r), "accuracy": r.accuracy, "ok": r.ok} for r in results]})
    else:
        _print(results, ok)
    ctx.exit(EQUAL if ok else DIFFERS)


@contextlib.contextmanager
def _progress(wanted: bool) -> Iterator[Callable[[str], None] | None]:
    if not wanted or not stderr_is_terminal():
        yield None
        return
    with console(stderr=True).status("reading the models") as status:
        yield lambda name: status.update(f"{name} (the first run on a machine compiles the kernels)")


def _print(results: tuple[DemoResult, ...], ok: bool) -> None:
    out = Printer()
    images = results[0].images
    numbers = ["size", "accuracy", "as float32", "elements", "differing", "max ulp", "ms/image"]
    rows = [
        (
            result.model.removeprefix("digits_"),
            size(result.nbytes),
            f"{result.accuracy:.2%}",
            f"{result.agreeing / images:.2%}",
            result.outputs.elements + result.tensors.elements,
            result.outputs.differing + result.tensors.differing,
            (result.outputs + result.tensors).max_ulp,
            _verdict(result),
            f"{result.milliseconds:.3f}",
        )
        for result in results
    ]
    columns = ["model", *numbers[:6], "against LiteRT", numbers[6]]
    out.table(columns, rows, title=f"Handwritten digits, {images} test images", right=numbers)
    out.line()
    total = sum((result.outputs + result.tensors for result in results), Exactness())
    text = f"{total.elements:,} elements compared with recorded LiteRT outputs, {total.differing:,} differ"
    out.line(verdict("EQUAL" if ok else "DIFFERS", good=ok), text, sep=": ")
    if any(result.ok and result.outputs.differing + result.tensors.differing for result in results):
        out.line(f"Floats may lie {FLOAT_MODEL:g} of the greatest magnitude in their tensor apart.")


def _verdict(result: DemoResult) -> Cell:
    if not result.ok:
        return verdict("differs", good=False)
    exact = not result.outputs.differing and not result.tensors.differing
    return verdict("equal bit for bit" if exact else "within tolerance", good=True)

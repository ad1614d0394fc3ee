"""`intengine verify`: against a live LiteRT, tensor by tensor."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import click
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from intengine.cli.base import DIFFERS, EQUAL, Command, stderr_is_terminal
from intengine.cli.console import Cell, Printer, console, print_json, verdict
from intengine.comparison import TensorReport, Verdict
from intengine.report import verify_result
from intengine.verification import Progress as Say
from intengine.verification import VerifyResult
from intengine.verification import verify as run_verification


@click.command(cls=Command)
@click.argument("model", type=click.Path(path_type=Path))
@click.option(
    "--inputs",
    default="random:5:0",
    show_default=True,
    metavar="WHAT",
    help="A folder, an .npy, an .npz (one array for each input), or random:N:seed.",
)
@click.option("--all", "everything", is_flag=True, help="List every tensor instead of a line for each operator.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def verify(ctx: click.Context, model: Path, inputs: str, everything: bool, as_json: bool) -> None:
    """Compare MODEL with LiteRT's reference interpreter, tensor by tensor.

    Both run on the same inputs; LiteRT runs in a process of its own and keeps every tensor. The first operator that
    goes another way is named. Integers must be equal; floats too, unless their operator has a stated tolerance.

    \b
    Exit codes: 0 equal (or within the stated tolerances), 1 differs, 2 usage or input,
    3 unsupported here or refused by LiteRT, 4 not a usable model.

    \b
    Examples:
      intengine verify model.tflite
      intengine verify model.tflite --inputs random:20:7 --all
      intengine verify model.tflite --inputs samples.npz --json
    """
    with _progress(not as_json) as say:
        result = run_verification(model, inputs, progress=say)
    if as_json:
        print_json(verify_result(result))
    else:
        _print(result, everything)
    ctx.exit(EQUAL if result.ok else DIFFERS)


@contextlib.contextmanager
def _progress(wanted: bool) -> Iterator[Say | None]:
    if not wanted or not stderr_is_terminal():
        yield None
        return
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.completed}"), TimeElapsedColumn())
    with Progress(*columns, console=console(stderr=True), transient=True) as bar:
        task = bar.add_task("planning", total=None)

        def say(run: int, runs: int | None, text: str) -> None:
            bar.update(task, description=f"run {run}: {text}", completed=run, total=runs)

        yield say


def _print(result: VerifyResult, everything: bool) -> None:
    out = Printer()
    out.line(f"{result.model} against {result.reference}, {result.inputs} inputs ({result.inputs_from})")
    out.line()
    (_tensors if everything else _operators)(out, result.tensors)
    out.line()
    if result.not_shown:
        out.line(f"Not compared, because LiteRT cannot show them: tensors {', '.join(map(str, result.not_shown))}.")
    for name, nodes in result.quirks.items():
        shown = ", ".join(map(str, nodes[:8])) + (f" and {len(nodes) - 8} more" if len(nodes) > 8 else "")
        out.line(f"May depend on LiteRT's quirk {name} (docs/numerics.md): nodes {shown}.")
    counts = (
        f"{len(result.tensors)} tensors, {result.inputs} runs: {result.integer_bytes:,} integer bytes "
        f"({result.integer_differing:,} elements differ), {result.float_elements:,} float elements "
        f"({result.float_differing:,} differ, by at most {result.max_ulp:,} ulp)"
    )
    if result.first_difference:
        out.line(verdict("DIFFERS", good=False), counts, sep=": ")
        out.line(f"First: {result.first_difference}")
    elif result.identical:
        out.line(verdict("EQUAL bit for bit", good=True), counts, sep=": ")
    else:
        out.line(verdict("EQUAL within the stated tolerances", good=True), counts, sep=": ")


def _operators(out: Printer, tensors: tuple[TensorReport, ...]) -> None:
    groups: dict[str, list[TensorReport]] = {}
    for tensor in tensors:
        groups.setdefault(tensor.op, []).append(tensor)
    numbers = ["nodes", "tensors", "elements", "differing", "max abs", "max ulp"]
    rows = [
        (
            op,
            len({t.node for t in group}),
            len(group),
            sum(t.elements for t in group),
            sum(t.differing for t in group),
            f"{max(t.max_abs for t in group):g}",
            _ulp(group),
            _worst(group),
        )
        for op, group in groups.items()
    ]
    out.table(["operator", *numbers, "verdict"], rows, right=numbers)


def _tensors(out: Printer, tensors: tuple[TensorReport, ...]) -> None:
    """Every tensor; the columns on differences only if there are some."""
    differ = any(t.differing for t in tensors)
    distances = ["differing", "max abs", "max ulp"] if differ else []
    rows = [
        (
            str(t.node),
            t.op,
            str(t.index),
            f"{t.dtype}[{'x'.join(map(str, t.shape))}]",
            t.elements,
            *((t.differing, f"{t.max_abs:g}", t.max_ulp) if differ else ()),
            _worst([t]),
            t.name,
        )
        for t in tensors
    ]
    columns = ["node", "operator", "tensor", "type", "elements", *distances, "verdict", "name"]
    out.table(columns, rows, right=["node", "tensor", "elements", *distances], fold=["name"])


def _ulp(group: list[TensorReport]) -> int | None:
    return max((t.max_ulp for t in group if t.max_ulp is not None), default=None)


def _worst(group: list[TensorReport]) -> Cell:
    found = {t.verdict for t in group}
    for kind in (Verdict.DIFFERS, Verdict.WITHIN):
        if kind in found:
            return verdict(kind.value, good=kind is Verdict.WITHIN)
    return verdict(Verdict.EQUAL.value, good=True)

"""`intengine probe`: which arithmetic an installed runtime uses."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import click
from rich.progress import BarColumn, Progress, TextColumn

from intengine.cli.arrays import check_new_file
from intengine.cli.base import DIFFERS, EQUAL, Command, stderr_is_terminal
from intengine.cli.console import Cell, Printer, as_json, console, verdict
from intengine.discriminators import collection
from intengine.probe import Finding, open_runtime
from intengine.probe import Progress as Say
from intengine.probe import probe as run_probe
from intengine.runners import RUNTIMES


@click.command(cls=Command)
@click.argument("runtimes", nargs=-1, metavar="[RUNTIME]...")
@click.option("--only", default="", metavar="TEXT", help="Operators whose name contains this.")
@click.option("--output", type=click.Path(path_type=Path), metavar="FILE", help="Write what was found as JSON.")
@click.option("--force", is_flag=True, help="Overwrite the file.")
@click.pass_context
def probe(ctx: click.Context, runtimes: tuple[str, ...], only: str, output: Path | None, force: bool) -> None:
    """Say which arithmetic RUNTIMEs use, operator by operator.

    One-op models with inputs on which the known profiles differ run through each RUNTIME (litert-reference,
    litert-optimized, litert-xnnpack, tflm or cmd:PROGRAM; by default the three of LiteRT). A profile that differs in no
    element is what the runtime computes; the others are ruled out by so many elements. An operator that agrees with no
    known profile has new arithmetic.

    \b
    Exit codes: 0 every operator agrees with some profile, 1 some with none, 2 usage or missing runtime.

    \b
    Examples:
      intengine probe
      intengine probe litert-xnnpack --only conv --output xnnpack.json
    """
    if output is not None:
        check_new_file(output, "--output", force=force)
    found: dict[str, tuple[Finding, ...]] = {}
    for name in runtimes or RUNTIMES[:3]:
        runtime = open_runtime(name)
        try:
            with _progress(runtime.name) as say:
                found[runtime.name] = run_probe(runtime, only=only, progress=say)
        finally:
            runtime.close()
    out = Printer()
    for title, findings in found.items():
        _print(out, title, findings)
    if output is not None:
        output.write_text(as_json({"recorded": collection().versions, "runtimes": found}) + "\n")
    ctx.exit(EQUAL if all(f.is_known or f.refused == f.problems for fs in found.values() for f in fs) else DIFFERS)


@contextlib.contextmanager
def _progress(title: str) -> Iterator[Say | None]:
    if not stderr_is_terminal():
        yield None
        return
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.completed}/{task.total}"))
    with Progress(*columns, console=console(stderr=True), transient=True) as bar:
        task = bar.add_task(title, total=None)

        def say(at: int, total: int, op: str) -> None:
            bar.update(task, description=f"{title}: {op}", completed=at, total=total)

        yield say


def _print(out: Printer, title: str, findings: tuple[Finding, ...]) -> None:
    numbers = ["problems", "elements"]
    rows = [(f.op, f.signature, f.problems, f.elements, _agrees(f), _ruled_out(f)) for f in findings]
    columns = ["operator", "types", *numbers, "computes as", "ruled out by differing elements"]
    out.table(columns, rows, title=title, right=numbers, fold=["types"])
    unknown = sum(not f.is_known and f.refused < f.problems for f in findings)
    refused = sum(f.refused for f in findings)
    text = f"{len(findings)} operators with types, {unknown} agree with no known profile"
    out.line(text + (f", {refused} problems refused" if refused else "") + ".")
    out.line()


def _agrees(finding: Finding) -> Cell:
    if finding.is_known:
        return ", ".join(finding.profiles)
    if finding.refused == finding.problems:
        return f"refused: {finding.message[:60]}"
    return verdict("no known profile", good=False)


def _ruled_out(finding: Finding) -> str:
    return ", ".join(f"{name} {count}" for name, count in finding.power.items() if count)

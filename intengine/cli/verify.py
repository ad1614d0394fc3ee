"""`intengine verify`: against a live LiteRT, tensor by tensor."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import click
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.text import Text

from intengine.cli.arrays import check_new_file
from intengine.cli.base import DIFFERS, EQUAL, PROFILE_HELP, Command, stderr_is_terminal
from intengine.cli.console import Cell, Printer, console, print_json, verdict
from intengine.comparison import TensorReport, Verdict
from intengine.report import verify_junit, verify_result
from intengine.verification import NodeReport, Role, VerifyResult
from intengine.verification import Progress as Say
from intengine.verification import verify as run_verification
from intengine.verification.records import HISTOGRAM_LSB


@click.command(cls=Command)
@click.argument("model", type=click.Path(path_type=Path))
@click.option(
    "--inputs",
    metavar="WHAT",
    help="A folder, .npy, .npz (one array for each input), or random:N:seed.  [default: random:5:0, or a dump's]",
)
@click.option(
    "--against",
    default="litert-reference",
    show_default=True,
    metavar="WHOM",
    help="litert-reference, litert-optimized, litert-xnnpack, tflm, an .npz of tensors, or cmd:PROGRAM.",
)
@click.option(
    "--profile",
    metavar="NAME",
    help=f"{PROFILE_HELP} This side's.  [default: that of WHOM, or litert-reference]",
)
@click.option("--all", "everything", is_flag=True, help="List every tensor instead of a line for each operator.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--junit", type=click.Path(path_type=Path), metavar="FILE", help="Write a JUnit XML file, a case a node.")
@click.option("--force", is_flag=True, help="Overwrite the JUnit file.")
@click.pass_context
def verify(
    ctx: click.Context,
    model: Path,
    inputs: str | None,
    against: str,
    profile: str | None,
    everything: bool,
    as_json: bool,
    junit: Path | None,
    force: bool,
) -> None:
    """Compare MODEL with another runtime, tensor by tensor.

    Both run on the same inputs; LiteRT runs in a process of its own. Every operator that differs is run again on the
    other side's inputs: it is a culprit if it still differs, else its difference is propagated. Integers must be equal;
    floats too, unless their operator has a stated tolerance.

    An .npz holds tensors of one run by name or index (its inputs too, or give --inputs). A PROGRAM is called as
    PROGRAM MODEL INPUTS.npz OUTPUTS.npz (docs/runners.md).

    \b
    Exit codes: 0 equal (or within the stated tolerances), 1 differs, 2 usage or input,
    3 unsupported here or refused by the other side, 4 not a usable model.

    \b
    Examples:
      intengine verify model.tflite
      intengine verify model.tflite --against litert-xnnpack
      intengine verify model.tflite --against litert-xnnpack --profile litert-reference
      intengine verify model.tflite --against dump.npz --junit report.xml
      intengine verify model.tflite --inputs samples.npz --json
    """
    if junit is not None:
        check_new_file(junit, "--junit", force=force)
    with _progress(not as_json) as say:
        result = run_verification(model, inputs, against=against, profile=profile, progress=say)
    if junit is not None:
        junit.write_bytes(verify_junit(result))
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
    out.line(f"{result.model} under {result.profile} against {result.reference}, ", sep="")
    out.line(f"{result.inputs} inputs ({result.inputs_from}); {result.way}")
    out.line()
    (_tensors if everything else _operators)(out, result.tensors)
    out.line()
    _nodes(out, result.nodes)
    if result.not_shown:
        out.line(f"Not compared, because the other side does not show them: tensors {_some(result.not_shown)}.")
    for name, nodes in result.quirks.items():
        out.line(f"May depend on LiteRT's quirk {name} (docs/quirks.md): nodes {_some(nodes)}.")
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


def _some(numbers: tuple[int, ...]) -> str:
    return ", ".join(map(str, numbers[:8])) + (f" and {len(numbers) - 8} more" if len(numbers) > 8 else "")


def _nodes(out: Printer, nodes: tuple[NodeReport, ...]) -> None:
    """Every node that differs: culprits in red, and what follows them."""
    shown = [node for node in nodes if node.role not in (Role.EXACT, Role.UNSEEN)]
    if not shown:
        return
    rows = [
        (
            node.node,
            node.op,
            Text(node.verdict, style="bold red" if node.role is Role.CULPRIT else "yellow"),
            f"{node.differing / max(node.elements, 1):.3%}" if node.differing else "",
            node.max_lsb or None,
            _histogram(node),
            _place(node),
            node.name,
        )
        for node in shown
    ]
    numbers = ["node", "differing", "max LSB"]
    columns = ["node", "operator", "verdict", "differing", "max LSB", "differences in LSB", "worst", "name"]
    out.table(columns, rows, right=numbers, fold=["name"])
    out.line()


def _histogram(node: NodeReport) -> str:
    """ "-1: 12, +1: 7": other side minus this one."""
    ends = {-HISTOGRAM_LSB: f"<={-HISTOGRAM_LSB}", HISTOGRAM_LSB: f">={HISTOGRAM_LSB}"}
    most = sorted(node.histogram.items(), key=lambda item: -item[1])[:4]
    return ", ".join(f"{ends.get(lsb, f'{lsb:+d}')}: {count}" for lsb, count in sorted(most))


def _place(node: NodeReport) -> str:
    if node.worst is None:
        return ""
    tensor, index, here, there = node.worst
    return f"tensor {tensor} at {list(index)}: {here} here, {there} there"


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

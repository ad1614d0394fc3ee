"""`intengine bench`: speed, side by side with LiteRT."""

import contextlib
import statistics
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import click

from intengine import numerics
from intengine.benchmark import LITERT, OURS, Bench, ModelResult, Options, State, is_installed
from intengine.benchmark import overhead as overheads
from intengine.benchmark import startup as startups
from intengine.benchmark.files import Change, as_data, changes, read, trace
from intengine.benchmark.overhead import Overhead
from intengine.benchmark.peak import is_uncompiled
from intengine.benchmark.startup import Startup
from intengine.cli.arrays import check_new_file
from intengine.cli.base import BAD_MODEL, DIFFERS, EQUAL, PROFILE_HELP, UNSUPPORTED, Command, stderr_is_terminal
from intengine.cli.console import Cell, Printer, as_json, console, verdict
from intengine.errors import InputError

_CODES = {State.UNSUPPORTED: UNSUPPORTED, State.BAD_MODEL: BAD_MODEL, State.FAILED: UNSUPPORTED}
_Say = Callable[[str], None]


@click.command(cls=Command)
@click.argument("models", nargs=-1, type=click.Path(path_type=Path), metavar="[MODEL]...")
@click.option("--against", default=",".join(LITERT), show_default=True, help="LiteRT's kernels, or none.")
@click.option("--profile", default="litert-reference", show_default=True, metavar="NAME", help=PROFILE_HELP)
@click.option("--ops", is_flag=True, help="Time every operator too.")
@click.option("--seconds", type=click.FloatRange(min=0.01), default=2.0, show_default=True, help="For each model.")
@click.option("--threads", type=click.IntRange(min=1), default=1, show_default=True, help="Of either side, and cores.")
@click.option("--batch", type=click.IntRange(min=1), default=1, show_default=True, help="Inputs in one run.")
@click.option("--overhead", is_flag=True, help="Measure what calling an operator costs.")
@click.option("--startup", is_flag=True, help="Measure how soon a new process answers, with and without kernels.")
@click.option("--json", "json_file", type=click.Path(path_type=Path), metavar="FILE", help="Write the results.")
@click.option("--trace", "trace_file", type=click.Path(path_type=Path), metavar="FILE",
              help="Write a trace of one run for Perfetto or chrome://tracing.")  # fmt: skip
@click.option("--force", is_flag=True, help="Overwrite files.")
@click.option("--compare", "compared", nargs=2, type=click.Path(path_type=Path), metavar="OLD NEW",
              help="Compare two files of --json instead.")  # fmt: skip
@click.option("--threshold", type=click.FloatRange(min=0), default=5.0, show_default=True, metavar="PERCENT",
              help="With --compare: how much slower is too slow.")  # fmt: skip
@click.option("--relative-to", type=click.Choice(LITERT), help="With --compare: times as multiples of LiteRT's.")
@click.pass_context
def bench(
    ctx: click.Context,
    models: tuple[Path, ...],
    against: str,
    profile: str,
    ops: bool,
    seconds: float,
    threads: int,
    batch: int,
    overhead: bool,
    startup: bool,
    json_file: Path | None,
    trace_file: Path | None,
    force: bool,
    compared: tuple[Path, Path] | None,
    threshold: float,
    relative_to: str | None,
) -> None:
    """Time MODELs beside LiteRT's reference and optimized kernels and XNNPACK.

    One process for each model, pinned to as many cores as threads; all sides in turn, arrays in to arrays out; medians
    with quartiles. Outputs are compared first, bit for bit, with the runtime that the profile reproduces: a model that
    differs is not timed. A ratio above 1 means that intengine is faster. The share is of what the core's own
    multiply-accumulate instruction does at most, measured on registers; Winograd's convolutions take fewer than the
    model counts, and may be above 100 %. Without LiteRT intengine is timed alone.

    \b
    Exit codes: 0 done, 1 a model differs (with --compare: is slower), 2 usage, 3 a model does not run, 4 bad model.

    \b
    Examples:
      intengine bench model.tflite
      intengine bench model.tflite --ops --against xnnpack --json new.json --trace trace.json
      intengine bench --compare old.json new.json --relative-to reference
    """
    out = Printer()
    if compared:
        ctx.exit(_compare(out, *compared, threshold / 100, relative_to or ""))
    if not models and not overhead:
        raise InputError("A benchmark needs a MODEL, --overhead or --compare; none was given.")
    for file, option in ((json_file, "--json"), (trace_file, "--trace")):
        if file is not None:
            check_new_file(file, option, force=force)
    numerics.get(profile)
    if is_uncompiled():
        raise InputError("A benchmark needs compiled kernels; NUMBA_DISABLE_JIT forbids them.")
    options = Options(_sides(out, against), profile, seconds, threads, batch, ops, trace_file is not None)
    session = Bench(options)
    results: list[ModelResult] = []
    with _status() as say:
        for path in models:
            results.append(session.measure(path, _naming(path, say)))
            if json_file:  # so far, for when somebody interrupts
                json_file.write_text(as_json(as_data(session.about(), results)) + "\n")
        say("measuring what calling an operator costs")
        costs = overheads.measure() if overhead else []
        starts = []
        for path in models if startup else ():
            say(f"{path.name}: starting processes; the first compiles all kernels")
            starts.append(startups.measure(path, profile=profile))
    print_results(out, results, options, session.peaks)
    _print_rest(out, costs, starts)
    if json_file:
        json_file.write_text(as_json(as_data(session.about(), results, costs, starts)) + "\n")
        out.line(f"Written: {json_file}")
    if trace_file:
        trace_file.write_text(as_json(trace(results)) + "\n")
        out.line(f"Written: {trace_file}")
    states = {result.state for result in results}
    ctx.exit(DIFFERS if State.DIFFERS in states else max((_CODES.get(state, EQUAL) for state in states), default=EQUAL))


def _sides(out: Printer, against: str) -> tuple[str, ...]:
    if against == "none":
        return ()
    names = tuple(against.split(","))
    unknown = [name for name in names if name not in LITERT]
    if unknown:
        raise InputError(f"--against names some of {', '.join(LITERT)}, with commas between, or none; got {against!r}.")
    if is_installed():
        return names
    out.line("LiteRT is not installed (pip install 'intengine[verify]'); intengine alone is timed.")
    return ()


@contextlib.contextmanager
def _status() -> Iterator[_Say]:
    if not stderr_is_terminal():
        yield lambda text: None
        return
    with console(stderr=True).status("starting") as status:
        yield status.update


def _naming(path: Path, say: _Say) -> _Say:
    return lambda text: say(f"{path.name}: {text}")


# -- printing -----------------------------------------------------------------------------------------------------


def print_results(out: Printer, results: Sequence[ModelResult], options: Options, peaks: dict[str, float]) -> None:
    """A line for each model, a table of operators for each that has them."""
    timed = [result for result in results if result.state is State.TIMED]
    for result in results:
        if result.state is not State.TIMED:
            out.line(result.model, ": ", verdict(result.state.value, good=False), f", not timed. {result.note}")
        elif result.note:
            out.line(f"{result.model}: {result.note}")
    if not timed:
        return
    heads = [part for name in options.against for part in (name, "ratio")]
    # Columns of the same name would be one to the table's options, so ratios are named after their side.
    heads = [f"{heads[i - 1]} ratio" if head == "ratio" else f"{head} ms" for i, head in enumerate(heads)]
    numbers = ["ms", "quartiles", *heads, "GMAC/s", "of peak"]
    rows = [(result.model, *_cells(result, options)) for result in timed]
    if len(timed) > 1 and options.against:
        rows.append(("geometric mean", "", "", *_means(timed, options), "", ""))
    out.table(["model", *numbers], rows, right=numbers, fold=["model"])
    for result in timed:
        if result.nodes:
            _print_nodes(out, result, options)
    out.line()
    rates = ", ".join(f"{name} {rate:.0f}" for name, rate in peaks.items())
    plural = "thread" if options.threads == 1 else "threads"
    out.line(
        f"{options.threads} {plural}, batch {options.batch}, {options.profile}. GMAC/s of a core at most: {rates}."
    )


def _cells(result: ModelResult, options: Options) -> list[Cell]:
    ours = result.times[OURS]
    cells: list[Cell] = [f"{ours.median:.3f}", f"{ours.low:.3f} to {ours.high:.3f}"]
    for name in options.against:
        ratio = result.ratio(name)
        cells += [f"{result.times[name].median:.3f}", f"{ratio:.2f}"] if ratio else ["", ""]
    share = result.share.get(OURS)
    return [*cells, f"{result.gmacs[OURS]:.1f}" if OURS in result.gmacs else "", f"{share:.1%}" if share else ""]


def _means(results: Sequence[ModelResult], options: Options) -> list[Cell]:
    cells: list[Cell] = []
    for name in options.against:
        ratios = [ratio for result in results if (ratio := result.ratio(name))]
        cells += ["", f"{statistics.geometric_mean(ratios):.2f}" if ratios else ""]
    return cells


def _print_nodes(out: Printer, result: ModelResult, options: Options) -> None:
    total = sum(node.times[OURS].median for node in result.nodes)
    numbers = ["node", "ms", "time", *(f"{name} ms" for name in options.against), "GMAC/s", "of peak"]
    rows = []
    for node in result.nodes:
        ours = node.times[OURS].median
        others = [f"{node.times[name].median:.4f}" if name in node.times else "" for name in options.against]
        rates = [f"{node.gmacs:.1f}", f"{node.share:.1%}"] if node.gmacs and node.share is not None else ["", ""]
        what = ", ".join(node.outputs)
        rows.append((str(node.node), node.op, what, f"{ours:.4f}", f"{ours / total:.1%}", *others, *rates))
    out.line()
    columns = ["node", "operator", "output", *numbers[1:]]
    out.table(columns, rows, title=result.model, right=numbers, fold=["operator", "output"])
    if options.against:
        out.line("LiteRT's operators are timed as models of their own.")


def _print_rest(out: Printer, costs: Sequence[Overhead], starts: Sequence[Startup]) -> None:
    if costs:
        rows = [(cost.op, f"{cost.microseconds:.2f}", f"{cost.run_microseconds:.1f}") for cost in costs]
        out.line()
        out.table(["chain of", "us per operator", "us per run"], rows, title="Operators on 8 elements",
                  right=["us per operator", "us per run"])  # fmt: skip
    if starts:
        times = [(one.model, f"{one.warm:.2f}", "" if one.cold is None else f"{one.cold:.1f}") for one in starts]
        out.line()
        out.table(["model", "warm s", "cold s"], times, title="A new process, from its start to its first answer",
                  right=["warm s", "cold s"])  # fmt: skip


def _compare(out: Printer, old: Path, new: Path, threshold: float, relative_to: str) -> int:
    found = changes(read(old), read(new), relative_to=relative_to)
    shown = [change for change in found if change.is_beyond or change.node is None]
    unit = f"x {relative_to}" if relative_to else "ms"
    numbers = ["node", f"old {unit}", f"new {unit}", "new / old"]
    rows = [
        (change.model, "" if change.node is None else str(change.node), change.op, f"{change.before.median:.4f}",
         f"{change.after.median:.4f}", f"{change.ratio:.3f}", _word(change, threshold))
        for change in sorted(shown, key=lambda change: (change.model, change.node is not None, -change.ratio))
    ]  # fmt: skip
    out.table(["model", "node", "operator", *numbers[1:], "verdict"], rows, right=numbers, fold=["model", "operator"])
    slower = [change for change in found if _is_slower(change, threshold)]
    out.line()
    changed = sum(change.is_beyond for change in found)
    out.line(
        f"{len(found)} times, {changed} changed beyond their quartiles, {len(slower)} slower by over {threshold:.0%}"
    )
    return DIFFERS if slower else EQUAL


def _is_slower(change: Change, threshold: float) -> bool:
    return change.is_beyond and change.ratio > 1 + threshold


def _word(change: Change, threshold: float) -> Cell:
    if not change.is_beyond:
        return "within the quartiles"
    if change.ratio < 1:
        return verdict("faster", good=True)
    return verdict("slower", good=False) if _is_slower(change, threshold) else "slower, within the threshold"

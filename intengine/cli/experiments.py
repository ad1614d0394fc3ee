"""What the commands that try out float32 operators have in common: their data, their reference, their tables."""

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import click
from rich.progress import Progress as Bar
from rich.progress import SpinnerColumn, TextColumn, TimeElapsedColumn

from intengine.accuracy.dataset import read_dataset
from intengine.accuracy.experiment import Experiment, Metric, Progress, Scores
from intengine.cli.base import PROFILE_HELP, stderr_is_terminal
from intengine.cli.console import Printer, console
from intengine.cli.run import image_numbers
from intengine.interpreter import Interpreter
from intengine.reader import load

F = TypeVar("F", bound=Callable[..., Any])
#: `--ref` for the model itself in float32.
DEQUANT = "dequant"
_DATA = "Samples: .npz, .npy, image, a folder of these, or random:N:seed. An .npz may hold labels."
_REF = "A float .tflite of the same network, or dequant: the model itself in float32."
_OPTIONS = (
    click.option("--data", required=True, metavar="FILE", help=_DATA),
    click.option("--labels", type=click.Path(path_type=Path), metavar="FILE", help="Class numbers, .npy or text."),
    click.option("--samples", type=click.IntRange(min=1), metavar="N", help="At most so many samples, the first ones."),
    click.option("--mean", help="For pixels: real = (pixel - mean) / std; one number, or one for each channel."),
    click.option("--std", help="See --mean."),
    click.option("--ref", default=DEQUANT, show_default=True, metavar="FILE|dequant", help=_REF),
    click.option("--profile", default="litert-reference", show_default=True, metavar="NAME", help=PROFILE_HELP),
)


def experiment_options(command: F) -> F:
    """The options that `open_experiment` takes."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def open_experiment(
    model: Path,
    data: str,
    labels: Path | None,
    samples: int | None,
    mean: str | None,
    std: str | None,
    ref: str,
    profile: str,
    progress: Progress | None = None,
) -> Experiment:
    """An experiment from what the command line says.

    Raises:
        InputError, ModelError, UnsupportedError: if model, reference or data cannot be used.
    """
    loaded = load(model)
    engine = Interpreter(loaded, profile=profile)
    read = read_dataset(
        engine, data, limit=samples, labels=labels, mean=image_numbers("mean", mean), std=image_numbers("std", std)
    )  # fmt: skip
    reference = None if ref == DEQUANT else load(ref)
    return Experiment(loaded, read, reference=reference, profile=profile, progress=progress)


@contextlib.contextmanager
def spinner(title: str, *, wanted: bool) -> Iterator[Progress | None]:
    """Shows what is being evaluated, where someone is watching."""
    if not wanted or not stderr_is_terminal():
        yield None
        return
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Bar(*columns, console=console(stderr=True), transient=True) as bar:
        task = bar.add_task(title, total=None)
        done = 0

        def say(text: str) -> None:
            nonlocal done
            done += 1
            bar.update(task, description=f"{title}, evaluation {done}: {text}")

        yield say


def figures(scores: Scores) -> dict[str, str]:
    """Metric -> its figure as text; those that there are."""
    shown = {"SQNR dB": f"{scores.sqnr:.2f}"}
    if scores.agreement is not None:
        shown["agreement"] = f"{scores.agreement:.2%}"
    if scores.accuracy is not None:
        shown["accuracy"] = f"{scores.accuracy:.2%}"
    return shown


def print_frame(out: Printer, experiment: Experiment, source: str, rows: dict[str, Scores]) -> None:
    """What was evaluated, what was assumed, and the whole model's figures."""
    count = len(experiment.candidates)
    out.line(f"{source}: {count} operators can be float32; {len(experiment.data)} samples, {experiment.profile}")
    for note in experiment.data.notes:
        out.line(note)
    for node, why in experiment.refused.items():
        out.line(f"Node {node} {experiment.graph.nodes[node].op} stays quantized: {why}.")
    columns = list(figures(next(iter(rows.values()))))
    out.table(["", *columns], [(title, *figures(scores).values()) for title, scores in rows.items()], right=columns)
    out.line()


def gain_text(gain: float | None, metric: Metric) -> str:
    """A difference of two figures of a metric."""
    if gain is None:
        return ""
    return f"{gain:+.2f}" if metric is Metric.SQNR else f"{gain:+.2%}"

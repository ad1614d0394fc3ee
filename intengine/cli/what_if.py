"""`intengine what-if`: operators in float32 inside a quantized model."""

from pathlib import Path

import click

from intengine.accuracy.experiment import Metric
from intengine.accuracy.whatif import WhatIf, disable_one, enable_one, select
from intengine.accuracy.whatif import what_if as try_one
from intengine.cli.base import Command
from intengine.cli.console import Printer, print_json
from intengine.cli.experiments import experiment_options, figures, gain_text, open_experiment, print_frame, spinner
from intengine.errors import InputError


@click.command("what-if", cls=Command)
@click.argument("model", type=click.Path(path_type=Path))
@click.option(
    "--float", "chosen", multiple=True, metavar="OPS",
    help="Operators to run in float32: index, range (3-7), kind (CONV_2D) or output name (with * and ?); with commas "
    "between, or repeated.",
)  # fmt: skip
@click.option("--enable-one", "sweep", flag_value="enable-one", help="Try each operator alone in float32.")
@click.option("--disable-one", "sweep", flag_value="disable-one", help="Try each alone quantized, the rest in float32.")
@click.option("--metric", type=click.Choice([m.value for m in Metric]), default="sqnr", show_default=True)
@click.option("--top", type=click.IntRange(min=1), metavar="K", help="Show so many rows.")
@experiment_options
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def what_if(
    model: Path,
    chosen: tuple[str, ...],
    sweep: str | None,
    metric: str,
    top: int | None,
    data: str,
    labels: Path | None,
    samples: int | None,
    mean: str | None,
    std: str | None,
    ref: str,
    profile: str,
    as_json: bool,
) -> None:
    """Say what MODEL would gain with some operators in float32.

    A DEQUANTIZE comes before each such operator and a QUANTIZE behind it where its neighbour stays quantized. With a
    float model as --ref, they compute with its weights and activations; else with the dequantized weights.

    SQNR is that of the outputs against the reference (of several outputs, the least), agreement the share of equal
    top-1 answers, accuracy the share of right ones.

    \b
    Examples:
      intengine what-if model.tflite --data samples.npz --enable-one
      intengine what-if model.tflite --data samples.npz --ref float.tflite --disable-one --top 5
      intengine what-if model.tflite --data samples.npz --float 0,12-14 --metric accuracy
    """
    if (sweep is None) == (not chosen):
        raise InputError("What to try is one of --float OPS, --enable-one and --disable-one; give one of them.")
    with spinner("what-if", wanted=not as_json) as say:
        experiment = open_experiment(model, data, labels, samples, mean, std, ref, profile, say)
        kind = Metric(metric)
        if sweep is None:
            words = [word.strip() for text in chosen for word in text.split(",") if word.strip()]
            result = try_one(experiment, select(experiment.graph, words), kind)
        else:
            result = (enable_one if sweep == "enable-one" else disable_one)(experiment, kind)
    if as_json:
        print_json({"model": str(model), "reference": ref, "profile": profile, **result.to_json()})
        return
    out = Printer()
    print_frame(out, experiment, str(model), {"as it is": result.quantized, "all in float32": result.all_float})
    _print(out, result, top)


_TITLES = {
    "float": "These in float32:",
    "enable-one": "Each alone in float32, the greatest gain first:",
    "disable-one": "Each alone quantized, all others in float32, the greatest loss first:",
}


def _print(out: Printer, result: WhatIf, top: int | None) -> None:
    columns = list(figures(result.quantized))
    rows = [
        (
            ",".join(map(str, trial.nodes)),
            trial.op if len(trial.nodes) == 1 else f"{len(trial.nodes)} operators",
            *figures(trial.scores).values(),
            gain_text(trial.gain, result.metric),
            trial.name,
        )
        for trial in result.trials[:top]
    ]
    right = ["node", *columns, "gain"]
    out.table(
        ["node", "operator", *columns, "gain", "name"], rows, title=_TITLES[result.kind], right=right, fold=["name"]
    )
    out.line()
    out.line(f"{result.runs} evaluations of {result.samples} samples; gain in {result.metric.value}.")

"""`intengine bisect`: the smallest set of operators to run in float32."""

from pathlib import Path

import click
import numpy as np

from intengine.accuracy import Comparison, compare
from intengine.accuracy.bisect import Bisection, parse_check
from intengine.accuracy.bisect import Command as Judge
from intengine.accuracy.bisect import bisect as search
from intengine.accuracy.experiment import Experiment
from intengine.accuracy.recipes import denylist, recipe
from intengine.accuracy.suggestions import Suggestion, suggest
from intengine.cli.arrays import check_new_file
from intengine.cli.base import DIFFERS, EQUAL, Command
from intengine.cli.console import Printer, as_json, print_json, verdict
from intengine.cli.experiments import experiment_options, figures, open_experiment, print_frame, spinner
from intengine.errors import InputError
from intengine.interpreter import Interpreter
from intengine.plain import plain
from intengine.writer import dump

#: Samples on which the causes of the operators found are looked for.
_COMPARED = 8


@click.command("bisect", cls=Command)
@click.argument("model", type=click.Path(path_type=Path))
@click.option("--check", metavar="TEXT", help='What is good: "sqnr>=30", "agreement>=0.99" or "accuracy>=0.9".')
@click.option("--cmd", metavar="PROGRAM", help="Called as PROGRAM MODEL.tflite OUTPUTS.npz; exit code 0 is good.")
@click.option("--method", type=click.Choice(["binary", "linear"]), default="binary", show_default=True)
@experiment_options
@click.option("--recipe", "to_recipe", type=click.Path(path_type=Path), help="Write a recipe for ai-edge-quantizer.")
@click.option("--denylist", "to_denylist", type=click.Path(path_type=Path), help="Write TensorFlow's denylisted_nodes.")
@click.option("--output", type=click.Path(path_type=Path), help="Write the model with these operators in float32.")
@click.option("--force", is_flag=True, help="Overwrite these files.")
@click.option("--json", "print_as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def bisect(
    ctx: click.Context,
    model: Path,
    check: str | None,
    cmd: str | None,
    method: str,
    data: str,
    labels: Path | None,
    samples: int | None,
    mean: str | None,
    std: str | None,
    ref: str,
    profile: str,
    to_recipe: Path | None,
    to_denylist: Path | None,
    output: Path | None,
    force: bool,
    print_as_json: bool,
) -> None:
    """Find the smallest set of operators of MODEL to run in float32 that makes it good.

    Operators are ranked by what each costs alone; the shortest good beginning of that ranking is found by halving (or
    one by one), then each operator that is not needed is taken out. The set found is checked itself.

    PROGRAM gets the candidate as a .tflite with MODEL's inputs and outputs, and what intengine computes with it for the
    data: output name -> [samples, ...].

    \b
    Exit codes: 0 found (or good as it is), 1 not even all operators in float32 are good, 2 usage or input.

    \b
    Examples:
      intengine bisect model.tflite --data samples.npz --ref float.tflite --check "sqnr>=30"
      intengine bisect model.tflite --data samples.npz --check "accuracy>=0.9" --recipe recipe.json
      intengine bisect model.tflite --data samples.npz --cmd "python judge.py"
    """
    if (check is None) == (cmd is None):
        raise InputError("What is good is said by --check or --cmd; give one of them.")
    judge = parse_check(check) if check is not None else Judge(cmd or "")
    for option, path in (("--recipe", to_recipe), ("--denylist", to_denylist), ("--output", output)):
        if path is not None:
            check_new_file(path, option, force=force)
    with spinner("bisect", wanted=not print_as_json) as say:
        experiment = open_experiment(model, data, labels, samples, mean, std, ref, profile, say)
        result = search(experiment, judge, method=method)
        advice = suggest(experiment, result.nodes, _compared(experiment)) if result.reached and result.nodes else ()
    if result.reached:
        if to_recipe is not None:
            to_recipe.write_text(as_json(recipe(experiment, result.nodes)) + "\n")
        if to_denylist is not None:
            to_denylist.write_text(as_json(denylist(experiment, result.nodes)) + "\n")
        if output is not None:
            output.write_bytes(dump(experiment.floatized(result.nodes, keep_borders=True).model))
    if print_as_json:
        named = {"model": str(model), "reference": ref, "profile": profile}
        print_json({**named, **result.to_json(), "suggestions": plain(advice)})
    else:
        _print(Printer(), experiment, model, result, advice)
    ctx.exit(EQUAL if result.reached else DIFFERS)


def _compared(experiment: Experiment) -> Comparison:
    """The same two sides layer by layer on some of the data, for the causes."""
    engine = Interpreter(experiment.model, profile=experiment.profile)
    some = experiment.data.samples[:_COMPARED]
    data = {
        name: np.stack([sample.real.get(spec.index, sample.given[spec.index]) for sample in some])
        for name, spec in engine.inputs.items()
    }
    reference = "dequant" if experiment.reference is None else experiment.reference
    return compare(reference, experiment.model, data, profile=experiment.profile, attributed=_COMPARED)


def _print(
    out: Printer, experiment: Experiment, model: Path, result: Bisection, advice: tuple[Suggestion, ...]
) -> None:
    print_frame(out, experiment, str(model), {"as it is": result.quantized, "all in float32": result.all_float})
    asked = f"{result.checks} checks, {result.runs} evaluations"
    if not result.reached:
        out.line(
            verdict("NOT REACHED", good=False),
            f": not even all operators in float32 make {result.check} true; {asked}.",
        )
        return
    if not result.nodes:
        out.line(verdict("GOOD AS IT IS", good=True), f": {result.check}; {asked}.")
        return
    found = ", ".join(f"{name} {text}" for name, text in figures(result.found).items())
    many = "operator" if len(result.nodes) == 1 else "operators"
    text = f": {result.check} with {len(result.nodes)} {many} in float32 ({found}); {asked}."
    out.line(verdict("FOUND", good=True), text)
    rows = [
        (s.node, s.op, f"{result.sensitivity[s.node]:.2f}", s.remedy, s.name, s.reason) for s in advice
    ]  # fmt: skip
    columns = ["node", "operator", "alone dB", "suggestion", "name", "why"]
    out.table(columns, rows, right=["node", "alone dB"], fold=["name", "why"])

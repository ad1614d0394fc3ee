"""`intengine explain`: the arithmetic of one output element."""

from pathlib import Path

import click

from intengine.cli.base import DIFFERS, PROFILE_HELP, Command
from intengine.cli.console import Printer, print_json, verdict
from intengine.cli.run import image_numbers, read_sample
from intengine.errors import InputError
from intengine.explanation import Explainer, Explanation, Read
from intengine.explanation._records import greatest
from intengine.inside import Element
from intengine.interpreter import Interpreter

_TAPS = 12


@click.command(cls=Command)
@click.argument("model", type=click.Path(path_type=Path))
@click.option("--op", required=True, metavar="NODE", help="Index of the node, or name of the tensor that it computes.")
@click.option("--at", required=True, metavar="I,J,...", help="Place in the node's output, as in 0,3,4,7.")
@click.option(
    "--input", "inputs", multiple=True, metavar="[NAME=]FILE", help="An .npy, .npz or image; repeat for more inputs."
)
@click.option("--random", "seed", type=click.IntRange(min=0), help="Random inputs from this seed instead.")
@click.option("--float", "real", is_flag=True, help="Inputs are real numbers to quantize.")
@click.option("--mean", help="For images: real = (pixel - mean) / std; one number, or R,G,B.")
@click.option("--std", help="See --mean.")
@click.option("--signature", help="Run this signature instead of the first.")
@click.option("--profile", default="litert-reference", show_default=True, metavar="NAME", help=PROFILE_HELP)
@click.option("--all-profiles", is_flag=True, help="Show the steps under every profile that differs.")
@click.option("--taps", default=str(_TAPS), show_default=True, metavar="N|all", help="Taps to list, the greatest ones.")
@click.option("--json", "as_json", is_flag=True, help="Print everything as JSON.")
@click.pass_context
def explain(
    ctx: click.Context,
    model: Path,
    op: str,
    at: str,
    inputs: tuple[str, ...],
    seed: int | None,
    real: bool,
    mean: str | None,
    std: str | None,
    signature: str | None,
    profile: str,
    all_profiles: bool,
    taps: str,
    as_json: bool,
) -> None:
    """Write out how one element of a node's output comes about.

    Every tap with its integers, the accumulator, the multiplier and each rounding, the zero point, the clamp; the
    value under each rounding rule, and under each profile for the same inputs of the node. It is computed in Python
    integers, apart from the kernels, and compared with what the engine gave.

    \b
    Exit codes: 0 equal to the engine's value, 1 not, 2 usage or input, 3 unsupported, 4 not a usable model.

    \b
    Examples:
      intengine explain model.tflite --op 5 --at 0,3,4,7 --input x.npy
      intengine explain model.tflite --op 5 --at 0,3,4,7 --random 0 --taps all --all-profiles
      intengine explain model.tflite --op "block_3/conv" --at 0,0,0,0 --random 0 --json
    """
    place, shown = _numbers(at), _count(taps)
    engine = Interpreter(model, profile=profile, signature=signature)
    sample, assumed = read_sample(engine, inputs, seed, real, image_numbers("mean", mean), image_numbers("std", std))
    explainer = Explainer(engine.model, engine.trace(sample), subgraph=engine.plan.subgraph.index)
    found = explainer.explain(int(op) if op.isdecimal() else op, place)
    if as_json:
        print_json({"model": str(model), "assumed": assumed, **found.as_dict()})
    else:
        out = Printer()
        for line in assumed:
            out.line(line)
        _print(out, found, shown)
        if all_profiles:
            _print_profiles(out, found)
    ctx.exit(0 if found.matches else DIFFERS)


def _numbers(text: str) -> tuple[int, ...]:
    parts = [part.strip() for part in text.split(",")] if text.strip() else []
    if not all(part.isdecimal() for part in parts):
        raise InputError(f"A place is written as numbers with commas, as in 0,3,4,7; got {text!r}.")
    return tuple(map(int, parts))


def _count(text: str) -> int | None:
    if text == "all":
        return None
    if not text.isdecimal():
        raise InputError(f"--taps is a number or all; got {text!r}.")
    return int(text)


def _shown(value: int | float) -> str:
    return f"{value:.9g}" if isinstance(value, float) else str(value)


def _print(out: Printer, found: Explanation, shown: int | None) -> None:
    out.line(f"node {found.node} {found.op}, {found.signature}, element {list(found.at)} under {found.profile}")
    rows = [_tensor("input", read) for read in found.inputs] + [_tensor("output", found.output)]
    right = ["tensor", "scale", "zero point"]
    out.table(["", "tensor", "type", "scale", "zero point", "name"], rows, right=right, fold=["name"])
    out.line()
    _print_taps(out, found.element, shown)
    out.line()
    _print_steps(out, found.element)
    out.line()
    _print_result(out, found)
    if found.rules:
        out.line()
        out.table(["value", "rounding rule"], [(str(v), rule) for rule, v in found.rules.items()], right=["value"])
    out.line()
    _print_values(out, found)


def _tensor(what: str, read: Read) -> tuple[str, ...]:
    scale = "" if read.scale is None else f"{read.scale:.9g}"
    point = "" if read.zero_point is None else str(read.zero_point)
    return what, str(read.index), f"{read.type}{list(read.shape)}", scale, point, read.name


def _print_taps(out: Printer, element: Element, shown: int | None) -> None:
    taps = element.taps
    listed = list(taps) if shown is None else greatest(element, shown)
    width = max((len(tap.at) for tap in taps), default=1)
    columns = ["at", "stored", "product"] if width == 1 else ["input at", "stored", "weight at", "weight", "product"]
    rows = []
    for tap in listed:
        cells = [
            str(cell) for place, value in zip(tap.at, tap.values, strict=True) for cell in (list(place), _shown(value))
        ]
        rows.append((*cells, _shown(tap.product)))
    title = f"{len(taps)} taps" + ("" if len(listed) == len(taps) else f", the {len(listed)} greatest")
    out.table(columns, rows, title=title, right=["stored", "weight", "product"])


def _print_steps(out: Printer, element: Element) -> None:
    rows = [(stage.name, stage.formula, _shown(stage.value)) for stage in element.stages]
    out.table(["step", "formula", "value"], rows, right=["value"], fold=["formula"])


def _print_result(out: Printer, found: Explanation) -> None:
    element = found.element
    out.line(f"Rounding: {element.rule}.")
    if element.multiplier is not None:
        out.line(f"Real multiplier: {float(element.multiplier):.12g}.")
    text = f"{_shown(found.value)}, which stands for {found.real:.9g}"
    if found.exact_real is not None:
        steps = "" if found.output.scale is None or element.exact is None else f", step {float(element.exact):.6f}"
        text += f"; without rounding and clamping {found.exact_real:.9g}{steps}"
    if element.unclamped < element.lo or element.unclamped > element.hi:
        text += f"; the clamp to {element.lo}..{element.hi} cuts {_shown(element.unclamped)}"
    out.line(f"Value {text}.")
    same = "the same" if found.value == found.traced else _shown(found.traced)
    out.line("The engine gave ", verdict(same, good=found.matches), ".")


def _print_values(out: Printer, found: Explanation) -> None:
    rows = [
        (
            entry.profile,
            verdict("none" if entry.value is None else _shown(entry.value), good=entry.agrees),
            entry.rule,
            entry.evidence,
        )
        for entry in found.profiles
    ]
    columns = ["profile", "value", "rounding", "evidence"]
    out.table(columns, rows, right=["value"], fold=["rounding", "evidence"])
    differing = [entry.profile for entry in found.profiles if not entry.agrees]
    out.line("All profiles agree." if not differing else f"Another value: {', '.join(differing)}.")


def _print_profiles(out: Printer, found: Explanation) -> None:
    for name, element in found.elements.items():
        if name != found.profile:
            out.line()
            out.line(f"{name}: {element.rule}")
            _print_steps(out, element)

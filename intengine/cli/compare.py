"""`intengine compare`: which layer of a quantized model loses accuracy, and why."""

import math
from pathlib import Path
from typing import Any

import click
import numpy as np
from rich.progress import Progress
from rich.text import Text

from intengine.accuracy.comparing import compare as compare_models
from intengine.accuracy.records import Comparison, Layer
from intengine.cli.base import PROFILE_HELP, Command, stderr_is_terminal
from intengine.cli.compare_files import Files, file_options, print_checks
from intengine.cli.console import Printer, as_json, console
from intengine.cli.run import image_numbers
from intengine.errors import InputError
from intengine.samples import load_arrays


@click.command(cls=Command)
@click.argument("models", nargs=-1, required=True, metavar="[FLOAT] QUANTIZED", type=click.Path(path_type=Path))
@click.option("--data", required=True, help="An .npy, .npz or image, a folder of them, or random:N:seed.")
@click.option("--ref", type=click.Choice(["dequant"]), help="Compare with the model itself on real numbers.")
@click.option("--map", "pairs", multiple=True, metavar="TENSOR=ARRAY", help="For activations whose names differ.")
@click.option("--labels", type=click.Path(path_type=Path), help="An .npy of the right answers; else that in --data.")
@click.option("--samples", type=click.IntRange(min=1), help="Use so many samples at most.")
@click.option(
    "--attributed", type=click.IntRange(min=0), default=16, show_default=True, help="Samples to split errors by source."
)
@click.option("--top", type=click.IntRange(min=1), default=10, show_default=True, help="Layers to show.")
@click.option(
    "--by", type=click.Choice(["severity", "local", "propagated", "graph"]), default="severity", show_default=True,
    help="Their order: error that need not be, SQNR of either error, or the graph's.",
)  # fmt: skip
@click.option("--mean", help="For images: real = (pixel - mean) / std; one number, or one for each channel: R,G,B.")
@click.option("--std", help="See --mean.")
@click.option("--profile", default="litert-reference", show_default=True, metavar="NAME", help=PROFILE_HELP)
@click.option("--min-sqnr", type=float, metavar="DB", help="Exit with 1 if an output's SQNR is below.")
@file_options
def compare(
    models: tuple[Path, ...],
    data: str,
    ref: str | None,
    pairs: tuple[str, ...],
    labels: Path | None,
    samples: int | None,
    attributed: int,
    top: int,
    by: str,
    mean: str | None,
    std: str | None,
    profile: str,
    min_sqnr: float | None,
    **where: Any,
) -> None:
    """Compare QUANTIZED with FLOAT, layer by layer, and say what each layer's error comes from.

    FLOAT is a .tflite of the same network, or an .npz of activations [samples, ...] by name; with --ref dequant it
    is left out. The propagated error is that of both sides running freely; the local error is the layer's alone, fed
    with the float side's values.

    \b
    Examples:
      intengine compare float.tflite int8.tflite --data test.npz
      intengine compare int8.tflite --ref dequant --data photos/ --samples 20
      intengine compare activations.npz int8.tflite --data x.npy --map "conv1/Relu=layer1"
      intengine compare float.tflite int8.tflite --data test.npz --by graph --html report.html
      intengine compare float.tflite int8.tflite --data test.npz --thresholds limits.toml --junit report.xml
    """
    reference, quantized = _sides(models, ref)
    means, stds = image_numbers("mean", mean), image_numbers("std", std)
    files = Files(**where)
    limits = files.check()
    with Progress(console=console(stderr=True), transient=True, disable=not stderr_is_terminal()) as bar:
        task = bar.add_task("Comparing", total=None)
        found = compare_models(
            reference,
            quantized,
            data,
            samples=samples,
            labels=_labels(labels),
            profile=profile,
            names=_map(pairs),
            mean=means,
            std=stds,
            attributed=attributed,
            progress=lambda done, total: bar.update(task, completed=done, total=total),
        )
    checks = files.write(found, limits, quantized, data, means, stds)
    if files.prints_json:
        click.echo(as_json(found.to_json()))
    else:
        _print(Printer(), found, top, by)
        print_checks(Printer(), checks)
    too_low = min_sqnr is not None and any(not sqnr >= min_sqnr for sqnr in found.outputs.values())
    if too_low or any(one.passed is False for one in checks):
        click.get_current_context().exit(1)


def _sides(models: tuple[Path, ...], ref: str | None) -> tuple[str, Path]:
    if ref is not None and len(models) == 1:
        return ref, models[0]
    if ref is None and len(models) == 2:
        return str(models[0]), models[1]
    raise InputError("A comparison takes FLOAT and QUANTIZED, or QUANTIZED alone with --ref dequant.")


def _map(pairs: tuple[str, ...]) -> dict[str, str]:
    found = {}
    for text in pairs:
        tensor, sign, array = text.rpartition("=")
        if not sign or not tensor or not array:
            raise InputError(f"--map is TENSOR=ARRAY; got {text!r}.")
        found[tensor] = array
    return found


def _labels(path: Path | None) -> np.ndarray | None:
    if path is None:
        return None
    arrays = load_arrays(path)
    if len(arrays) != 1 or next(iter(arrays.values())).dtype.kind not in "iu":
        raise InputError(f"Labels must be one array of integers; {str(path)!r} is not.")
    return next(iter(arrays.values()))


# -- output -------------------------------------------------------------------------------------------------------


def _print(out: Printer, found: Comparison, top: int, by: str) -> None:
    share = found.alignment
    out.line(
        f"{found.quantized} against {found.float_side}: {found.samples} samples, profile {found.profile}; "
        f"{share.matched_nodes} of {share.compute_nodes} operators aligned ({share.coverage:.0%})."
    )
    for note in found.notes:
        out.line(note)
    for lost in share.unmatched[:8]:
        out.line(f"  not aligned: node {lost.node} {lost.op} {lost.name!r}: {lost.reason}")
    if len(share.unmatched) > 8:
        out.line(f"  and {len(share.unmatched) - 8} more; --json lists all")
    for name, sqnr in found.outputs.items():
        out.line(f"Output {name}: {_db(sqnr)} dB")
    if found.agreement is not None:
        text = f"Same top answer: {found.agreement.agreement:.1%}"
        if found.agreement.float_accuracy is not None and found.agreement.quantized_accuracy is not None:
            text += f"; right: float {found.agreement.float_accuracy:.1%}"
            text += f", quantized {found.agreement.quantized_accuracy:.1%}"
        out.line(text)
    out.line()
    layers = found.layers[:top] if by == "graph" else found.worst(top, by=by)
    columns = ("node", "operator", "propagated dB", "local dB", "RMSE/scale", "bias/scale", "clipped", "cause")
    out.table(columns, [_row(layer) for layer in layers], right=columns[:1] + columns[2:7])
    if len(layers) < len(found.layers):
        out.line(f"{len(layers)} of {len(found.layers)} layers, by {by}.")


def _row(layer: Layer) -> tuple[Text | str, ...]:
    local = layer.local
    first = layer.causes[0] if layer.causes else None
    cause = Text(f"{first.id}: {first.text}" if first else layer.note)
    if local is None:
        return str(layer.node), layer.op, _db(layer.propagated.sqnr_db), "", "", "", "", cause
    return (
        str(layer.node),
        layer.op,
        _db(layer.propagated.sqnr_db),
        _db(local.sqnr_db),
        f"{local.rmse_lsb:.2f}" if local.rmse_lsb is not None else "",
        f"{local.bias / layer.scale:+.2f}" if layer.scale else "",
        f"{local.clipped_lo + local.clipped_hi:.2%}",
        cause,
    )


def _db(value: float) -> str:
    return "" if math.isnan(value) else f"{value:.1f}"

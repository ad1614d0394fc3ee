"""`intengine run`: one run of a model on files."""

from pathlib import Path
from typing import Any

import click
import numpy as np
from numpy.typing import NDArray

from intengine import samples
from intengine.cli.arrays import check_output, print_array, write_arrays
from intengine.cli.base import PROFILE_HELP, Command
from intengine.cli.console import Printer, print_json
from intengine.cli.timing import Timing, time_steps
from intengine.errors import InputError
from intengine.images import IMAGE_SUFFIXES, load_image
from intengine.interpreter import Interpreter
from intengine.model import TensorSpec
from intengine.quantization import dequantize, quantize

_LISTED = 1024


@click.command(cls=Command)
@click.argument("model", type=click.Path(path_type=Path))
@click.option(
    "--input", "inputs", multiple=True, metavar="[NAME=]FILE", help="An .npy, .npz or image; repeat for more inputs."
)
@click.option("--random", "seed", type=click.IntRange(min=0), help="Random inputs from this seed instead.")
@click.option("--float", "real", is_flag=True, help="Inputs are real numbers to quantize; outputs are dequantized.")
@click.option("--mean", help="For images: real = (pixel - mean) / std; one number, or one for each channel: R,G,B.")
@click.option("--std", help="See --mean.")
@click.option("--signature", help="Run this signature instead of the first.")
@click.option("--output", type=click.Path(path_type=Path), help="Write the outputs to this .npz, or .npy if single.")
@click.option("--force", is_flag=True, help="Overwrite the output file.")
@click.option("--labels", type=click.Path(path_type=Path), help="A text file with a label in each line.")
@click.option("--top-k", type=click.IntRange(min=1), default=5, show_default=True, help="Labels to show.")
@click.option("--profile", default="litert-reference", show_default=True, metavar="NAME", help=PROFILE_HELP)
@click.option("--threads", type=click.IntRange(min=1), default=1, show_default=True, help="Results never depend on it.")
@click.option("--times", is_flag=True, help="Show the time of every operator.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def run(
    model: Path,
    inputs: tuple[str, ...],
    seed: int | None,
    real: bool,
    mean: str | None,
    std: str | None,
    signature: str | None,
    output: Path | None,
    force: bool,
    labels: Path | None,
    top_k: int,
    profile: str,
    threads: int,
    times: bool,
    as_json: bool,
) -> None:
    """Run MODEL once and show its outputs.

    Images are resized (bilinear) to the input's size. Their pixels go into a uint8 input as they are, into an int8
    input less 128, into any other as pixel / 255, quantized where the input is; --mean and --std replace all that
    by (pixel - mean) / std. What was assumed is printed.

    \b
    Examples:
      intengine run model.tflite --random 0
      intengine run model.tflite --input x.npy --output y.npz
      intengine run model.tflite --input photo.png --labels labels.txt --top-k 3
      intengine run model.tflite --input photo.png --mean 127.5 --std 127.5 --float
      intengine run model.tflite --input a=a.npy --input b=b.npy --times
    """
    check_output(output, force=force)
    names = _labels(labels)
    engine = Interpreter(model, profile=profile, signature=signature, num_threads=threads)
    sample, assumed = read_sample(engine, inputs, seed, real, image_numbers("mean", mean), image_numbers("std", std))
    made = engine.run(sample)
    shown = _dequantized(engine, made) if real else made
    if output:
        write_arrays(output, shown)
    timings = time_steps(engine, sample) if times else []
    best = _best(engine, made, names, top_k)
    assumed += _doubts(made, names)
    if as_json:
        print_json(
            {
                "model": str(model),
                "inputs": {name: _described(array) for name, array in sample.items()},
                "assumed": assumed,
                "outputs": {name: _described(array, values=True) for name, array in shown.items()},
                "top": best,
                "profile": profile,
                "times": timings if times else None,
            }
        )
        return
    out = Printer()
    for line in assumed:
        out.line(line)
    for name, array in shown.items():
        print_array(out, name, array)
    if best:
        rows = [(str(top["index"]), top["label"], top["value"], f"{top['real']:.6g}") for top in best]
        out.table(["index", "label", "value", "real"], rows, right=["index", "value", "real"], fold=["label"])
    if timings:
        _print_times(out, timings)
    if output:
        out.line(f"Written: {output}")


# -- inputs -------------------------------------------------------------------------------------------------------


def image_numbers(what: str, text: str | None) -> tuple[float, ...] | None:
    if text is None:
        return None
    try:
        values = tuple(float(part) for part in text.split(","))
    except ValueError:
        values = ()
    if not values or not np.all(np.isfinite(values)):
        raise InputError(f"--{what} is one number, or one for each channel with commas between; got {text!r}.")
    return values


def read_sample(
    engine: Interpreter,
    inputs: tuple[str, ...],
    seed: int | None,
    real: bool,
    mean: tuple[float, ...] | None,
    std: tuple[float, ...] | None,
) -> tuple[samples.Sample, list[str]]:
    """Input name -> array as the engine takes it, and what was assumed on the way."""
    if (seed is None) == (not inputs):
        raise InputError("A run needs either --input (for each input) or --random; give one of them.")
    if seed is not None:
        return next(samples.draw(engine, samples.Random(1, seed))), [f"Random inputs from seed {seed}."]
    if (mean or std) and not any(_named(engine, text)[1].suffix.lower() in IMAGE_SUFFIXES for text in inputs):
        raise InputError("--mean and --std are for images; no input is one.")
    found: dict[str, NDArray[Any]] = {}
    assumed: list[str] = []
    for text in inputs:
        name, path = _named(engine, text)
        if path.suffix.lower() in IMAGE_SUFFIXES:
            name = name or samples.only_input(engine, path)[0]
            image = load_image(path, engine.inputs[name], engine.input_shapes[name], mean=mean, std=std)
            new = {name: image.values}
            assumed.append(image.assumed)
        else:
            new = _arrays(engine, name, path, real, alone=len(inputs) == 1)
        twice = sorted(found.keys() & new.keys())
        if twice:
            raise InputError(f"An input is given once; {twice[0]!r} came twice.")
        found |= new
    return found, assumed


def _named(engine: Interpreter, text: str) -> tuple[str, Path]:
    """ "NAME=FILE" if NAME is an input, else the whole is a file."""
    for name in engine.inputs:
        if text.startswith(f"{name}="):
            return name, Path(text[len(name) + 1 :])
    head, found, _ = text.partition("=")
    if found and not Path(text).exists():
        raise InputError(f"An input must be one of {', '.join(map(repr, engine.inputs))}; got {head!r}.")
    return "", Path(text)


def _arrays(engine: Interpreter, name: str, path: Path, real: bool, *, alone: bool) -> dict[str, NDArray[Any]]:
    arrays = samples.load_arrays(path)
    if name:
        if len(arrays) != 1:
            raise InputError(f"NAME=FILE is for files with one array; {path} has {len(arrays)}.")
        arrays = {name: next(iter(arrays.values()))}
    elif alone:
        arrays = samples.match_names(engine, arrays, path)
    unknown = [key for key in arrays if key not in engine.inputs]
    if unknown:
        raise InputError(
            f"{path} does not say for which of the inputs it is; write NAME={path} with one of "
            f"{', '.join(map(repr, engine.inputs))}."
        )
    return {key: _quantized(engine.inputs[key], array, key, real) for key, array in arrays.items()}


def _quantized(spec: TensorSpec, array: NDArray[Any], name: str, real: bool) -> NDArray[Any]:
    takes_integers = bool(spec.quantization) and spec.type.dtype.kind in "iu"
    if takes_integers and real and array.dtype.kind in "iuf":
        return quantize(array.astype(np.float32), spec.quantization, spec.type)
    if takes_integers and array.dtype.kind == "f":
        raise InputError(
            f"Input {name!r} must have dtype {spec.type.dtype}; got {array.dtype}. "
            "If these are real numbers to quantize, add --float."
        )
    return array


# -- outputs ------------------------------------------------------------------------------------------------------


def _dequantized(engine: Interpreter, made: dict[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    specs = engine.outputs
    return {
        name: dequantize(array, specs[name].quantization) if specs[name].quantization else array
        for name, array in made.items()
    }


def _labels(path: Path | None) -> list[str] | None:
    if path is None:
        return None
    try:
        return path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise InputError(f"Labels must be a readable text file; {str(path)!r}: {reason}.") from error


def _doubts(made: dict[str, NDArray[Any]], names: list[str] | None) -> list[str]:
    scores = next(iter(made.values())).size if made else 0
    if names is None or len(names) == scores:
        return []
    return [f"Note: {len(names)} labels for {scores} scores; the first label is taken for index 0."]


def _best(
    engine: Interpreter, made: dict[str, NDArray[Any]], names: list[str] | None, top_k: int
) -> list[dict[str, Any]]:
    """The greatest elements of the first output with their labels; ties by index."""
    if names is None:
        return []
    name, array = next(iter(made.items()))
    scores = array.reshape(-1)
    if scores.dtype.kind in "cO":
        raise InputError(f"Labels are for scores, which have an order; output {name!r} is {scores.dtype}.")
    real = _dequantized(engine, {name: array})[name].reshape(-1)
    order = np.argsort(-scores.astype(np.float64), kind="stable")[:top_k]
    return [
        {
            "index": int(i),
            "label": names[i] if i < len(names) else "",
            "value": scores[i].item(),
            "real": float(real[i]),
        }
        for i in order
    ]


def _described(array: NDArray[Any], *, values: bool = False) -> dict[str, Any]:
    data: dict[str, Any] = {"dtype": str(array.dtype), "shape": list(array.shape)}
    if values:
        data["values"] = array if array.size <= _LISTED else None
    return data


def _print_times(out: Printer, timings: list[Timing]) -> None:
    total = sum(timing.milliseconds for timing in timings)
    rows = [
        (str(timing.node), timing.op, f"{timing.milliseconds:.4f}", f"{timing.milliseconds / total:.1%}")
        for timing in timings
    ]
    out.line()
    out.table(["node", "operator", "ms", "share"], rows, right=["node", "ms", "share"])
    out.line(f"{total:.4f} ms in operators, the least of several runs each, one thread")

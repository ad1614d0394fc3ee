"""Builds, records and checks the small models embedded in intengine (``intengine/data/digits``).

    python tools/build_models.py --force     train, convert and record everything (needs BUILD_NEEDS)
    python tools/build_models.py --record    rewrite only the recordings (needs ai-edge-litert)
    python tools/build_models.py --check     do the files match provenance.json, and LiteRT the recordings?

The network and its training are in ``digits_network.py``. A build is deterministic on one machine; another
CPU or library version may train slightly different weights, which is why the files themselves are shipped,
with their hashes. The test split is used for one thing only: to measure and record, after all training.
"""

from __future__ import annotations

import argparse
import datetime
import hashlib
import importlib.metadata
import importlib.util
import json
import platform
import sys
from pathlib import Path
from typing import Any

import numpy as np

DATA = Path(__file__).resolve().parents[1] / "intengine" / "data" / "digits"
BUILD_NEEDS = ("tensorflow", "tf_keras", "tensorflow_model_optimization", "sklearn", "ai_edge_litert")

MODELS = {
    "digits_float32": "float32 weights and activations",
    "digits_float16": "float16 weights, widened by DEQUANTIZE; float32 activations",
    "digits_dynamic": "dynamic range: int8 weights, float32 activations, hybrid kernels",
    "digits_int8": "post-training quantization to int8, calibrated on the training split",
    "digits_int16x8": "post-training quantization to int16 activations and int8 weights, calibrated likewise",
    "digits_qat_int8": "int8 by quantization-aware training (tfmot), fine-tuned from the float model",
}
SPLIT = "test_split.npz"
OUTPUTS = "litert_outputs.npz"
TRACES = "litert_traces.npz"
PROVENANCE = "provenance.json"

TEST_SAMPLES = 360
SPLIT_RANDOM_STATE = 0
TRACED_SAMPLES = (0, 1, 2, 3)
LOWEST_ACCURACY = 0.97
INPUT_RULE = (
    "q = clamp(round_half_away_from_zero(x / scale) + zero_point, lowest, highest) of the input's type; "
    "x, scale and their quotient are float32. Float inputs take x as it is. One image per run, batch 1."
)


def load_split() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """The digits, split: training images and labels, test images and labels.

    Images are float32[n, 8, 8, 1] in 0..1, labels int64[n].
    """
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split

    pixels, labels = load_digits(return_X_y=True)
    images = (pixels / 16.0).astype(np.float32).reshape(-1, 8, 8, 1)
    train_images, test_images, train_labels, test_labels = train_test_split(
        images,
        labels.astype(np.int64),
        test_size=TEST_SAMPLES,
        random_state=SPLIT_RANDOM_STATE,
        stratify=labels,
    )
    return train_images, train_labels, test_images, test_labels


def quantize(images: np.ndarray, scale: np.float32, zero_point: int, dtype: Any) -> np.ndarray:
    """``INPUT_RULE``: float32 images to integers of ``dtype``."""
    # The quotient is float32; half is added in float64, where the sum is exact.
    quotient = (images / np.float32(scale)).astype(np.float64)
    rounded = np.trunc(quotient + np.copysign(0.5, quotient))
    limits = np.iinfo(dtype)
    return np.clip(rounded + zero_point, limits.min, limits.max).astype(dtype)


class LiteRT:
    """One model under LiteRT's reference kernels, single-threaded, one image at a time."""

    def __init__(self, path: Path, *, keep_all_tensors: bool = False) -> None:
        from ai_edge_litert.interpreter import Interpreter, OpResolverType

        self._interpreter = Interpreter(
            model_content=path.read_bytes(),
            num_threads=1,
            experimental_op_resolver_type=OpResolverType.BUILTIN_REF,
            experimental_preserve_all_tensors=keep_all_tensors,
        )
        self._interpreter.allocate_tensors()
        (self._input,) = self._interpreter.get_input_details()
        (self._output,) = self._interpreter.get_output_details()

    def run(self, image: np.ndarray) -> np.ndarray:
        """The output [1, 10] for one float32 image [1, 8, 8, 1], quantized first for an integer input."""
        scale, zero_point = self._input["quantization"]
        dtype = self._input["dtype"]
        if np.issubdtype(dtype, np.integer):
            image = quantize(image, np.float32(scale), zero_point, dtype)
        self._interpreter.set_tensor(self._input["index"], image)
        self._interpreter.invoke()
        return np.asarray(self._interpreter.get_tensor(self._output["index"]))

    def computed_tensors(self) -> dict[int, np.ndarray]:
        """The graph's input and every operator's output after a run, by tensor index."""
        indices = {self._input["index"]}
        for operator in self._interpreter._get_ops_details():
            indices.update(operator["outputs"])
        return {int(i): self._interpreter.get_tensor(int(i)) for i in sorted(indices)}

    def describe(self) -> dict[str, Any]:
        """Index, type and quantization of the input and the output, for provenance.json."""

        def tensor(details: dict[str, Any]) -> dict[str, Any]:
            fields = {"index": int(details["index"]), "dtype": np.dtype(details["dtype"]).name}
            if np.issubdtype(details["dtype"], np.integer):
                scale, zero_point = details["quantization"]
                fields |= {"scale": float(np.float32(scale)), "zero_point": int(zero_point)}
            return fields

        return {"input": tensor(self._input), "output": tensor(self._output)}


def run_litert(data: Path) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Runs every model: outputs by model name, traces by ``"<model>/<tensor index>"``.

    Returns:
        dtype[n, 10] per model, and dtype[len(TRACED_SAMPLES), *tensor shape] per tensor.
    """
    images = np.load(data / SPLIT)["images"]
    outputs, traces = {}, {}
    for name in MODELS:
        model = LiteRT(data / f"{name}.tflite")
        outputs[name] = np.concatenate([model.run(image[None]) for image in images])

        model = LiteRT(data / f"{name}.tflite", keep_all_tensors=True)
        runs = []
        for sample in TRACED_SAMPLES:
            output = model.run(images[sample][None])
            if not np.array_equal(output[0], outputs[name][sample]):
                raise SystemExit(f"{name}: sample {sample} differs when all tensors are kept")
            runs.append(model.computed_tensors())
        traces |= {f"{name}/{index}": np.stack([run[index] for run in runs]) for index in runs[0]}
    return outputs, traces


def build(data: Path) -> None:
    """Trains and converts all six models, then records them."""
    missing = [name for name in BUILD_NEEDS if importlib.util.find_spec(name) is None]
    if missing:
        raise SystemExit(f"a build needs {', '.join(BUILD_NEEDS)}; not installed: {', '.join(missing)}")
    import digits_network
    import sklearn

    train_images, train_labels, test_images, test_labels = load_split()
    models, parameters = digits_network.build_all(train_images, train_labels)
    if models.keys() != MODELS.keys():
        raise SystemExit(f"built {sorted(models)}, expected {sorted(MODELS)}")

    data.mkdir(parents=True, exist_ok=True)
    for name, content in models.items():
        (data / f"{name}.tflite").write_bytes(content)
    np.savez_compressed(data / SPLIT, images=test_images, labels=test_labels)

    provenance = {
        "script": "tools/build_models.py",
        "data": {
            "source": "scikit-learn load_digits: the test part of the UCI ML hand-written digits, 8x8 pixels",
            "citation": "E. Alpaydin, C. Kaynak: Optical Recognition of Handwritten Digits, UCI Machine "
            "Learning Repository, 1998, https://doi.org/10.24432/C50P49",
            "licence": "CC BY 4.0",
            "changes": "pixel values 0..16 divided by 16; shuffled and split",
        },
        "split": {
            "rule": "sklearn.model_selection.train_test_split, stratified by label",
            "random_state": SPLIT_RANDOM_STATE,
            "training_samples": len(train_labels),
            "test_samples": len(test_labels),
        },
        "training": {
            "date": today(),
            "versions": {
                "python": platform.python_version(),
                "numpy": np.__version__,
                "scikit_learn": sklearn.__version__,
                **digits_network.versions(),
            },
            "parameters": parameters,
            **digits_network.recipe(),
        },
    }
    write_provenance(data, provenance)
    record(data)


def record(data: Path) -> None:
    """Runs the models under LiteRT and rewrites the recordings and what provenance.json says of them."""
    outputs, traces = run_litert(data)
    np.savez_compressed(data / OUTPUTS, **outputs)
    np.savez_compressed(data / TRACES, **traces)

    labels = np.load(data / SPLIT)["labels"]
    models = {}
    for name, what in MODELS.items():
        correct = int((outputs[name].argmax(axis=1) == labels).sum())
        models[name] = {
            "what": what,
            "correct": correct,
            "accuracy": correct / len(labels),
            **LiteRT(data / f"{name}.tflite").describe(),
        }
        print(f"{name:16} {correct} of {len(labels)} correct, {(data / f'{name}.tflite').stat().st_size} bytes")

    provenance = json.loads((data / PROVENANCE).read_text("utf-8"))
    provenance["input_rule"] = INPUT_RULE
    provenance["recording"] = {
        "date": today(),
        "runtime": "LiteRT (ai-edge-litert)",
        "version": litert_version(),
        "op_resolver": "OpResolverType.BUILTIN_REF",
        "num_threads": 1,
        "machine": platform.machine(),
        "python": platform.python_version(),
        "traced_samples": list(TRACED_SAMPLES),
    }
    provenance["models"] = models
    provenance["files"] = {path.name: fingerprint(path) for path in shipped_files(data)}
    write_provenance(data, provenance)
    poor = [name for name, model in models.items() if model["accuracy"] < LOWEST_ACCURACY]
    if poor:
        raise SystemExit(f"below {LOWEST_ACCURACY:.0%} on the test split: {', '.join(poor)}")


def check(data: Path) -> list[str]:
    """What is wrong with the files: hashes against provenance.json, recordings against a live LiteRT."""
    provenance = json.loads((data / PROVENANCE).read_text("utf-8"))
    present = {path.name: fingerprint(path) for path in shipped_files(data)}
    problems = [
        f"{name}: provenance.json says {provenance['files'].get(name)}, found {present.get(name)}"
        for name in sorted(provenance["files"].keys() | present.keys())
        if provenance["files"].get(name) != present.get(name)
    ]
    print(f"{len(present)} files compared with provenance.json")

    if problems or importlib.util.find_spec("ai_edge_litert") is None:
        print("recordings not compared: " + ("files differ" if problems else "ai-edge-litert is not installed"))
        return problems
    if litert_version() != provenance["recording"]["version"]:
        print(f"note: recorded with {provenance['recording']['version']}, comparing with {litert_version()}")
    for filename, live in zip((OUTPUTS, TRACES), run_litert(data), strict=True):
        recorded = np.load(data / filename)
        if set(recorded.files) != live.keys():
            problems.append(f"{filename}: other tensors are recorded than LiteRT computes")
            continue
        for key, values in live.items():
            if recorded[key].dtype != values.dtype or not np.array_equal(recorded[key], values):
                problems.append(f"{filename}: {key} differs from LiteRT {litert_version()}")
        print(f"{len(live)} arrays of {filename} compared with LiteRT {litert_version()}")
    return problems


def shipped_files(data: Path) -> list[Path]:
    """The files whose hashes provenance.json holds."""
    return sorted(path for path in data.iterdir() if path.suffix in {".tflite", ".npz"})


def fingerprint(path: Path) -> dict[str, Any]:
    """Size and SHA-256 of a file."""
    content = path.read_bytes()
    return {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}


def write_provenance(data: Path, provenance: dict[str, Any]) -> None:
    """Writes provenance.json."""
    (data / PROVENANCE).write_text(json.dumps(provenance, indent=2) + "\n", "utf-8")


def litert_version() -> str:
    """The version of the installed ai-edge-litert."""
    return importlib.metadata.version("ai-edge-litert")


def today() -> str:
    """The date in UTC, ISO 8601."""
    return datetime.datetime.now(datetime.UTC).date().isoformat()


def main() -> int:
    """The command line; 0 when all is well, 1 when ``--check`` finds a difference."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    mode = parser.add_mutually_exclusive_group()
    mode.add_argument("--check", action="store_true", help="compare, write nothing")
    mode.add_argument("--record", action="store_true", help="rewrite the recordings only")
    parser.add_argument("--force", action="store_true", help="let a build overwrite existing models")
    parser.add_argument("--data", type=Path, default=DATA, help="the folder (default: the package's)")
    arguments = parser.parse_args()

    if arguments.check:
        problems = check(arguments.data)
        print("\n".join(problems) or "all equal")
        return 1 if problems else 0
    if arguments.record:
        record(arguments.data)
        return 0
    if (arguments.data / PROVENANCE).exists() and not arguments.force:
        raise SystemExit(f"{arguments.data} holds models already; --force overwrites them")
    build(arguments.data)
    return 0


if __name__ == "__main__":
    sys.exit(main())

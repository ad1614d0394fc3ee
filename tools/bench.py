"""Make docs/speed.md from results: python tools/bench.py RESULTS.json... [--page FILE].

The results are those of `intengine bench MODEL... --ops --overhead --startup --json RESULTS.json`. The models of
further files, of the same machine, follow those of the first, or take their places: those whose operators would take
too long one by one, or of which alone more is asked.
"""

import argparse
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from intengine.benchmark import LITERT, OURS
from intengine.benchmark.files import read

PAGE = Path(__file__).parent.parent / "docs" / "speed.md"
SHOWN_NODES = 5


@dataclass(frozen=True)
class Goal:
    """intengine is to be so many times as fast as a side ("any": the fastest of LiteRT's) on models of these names."""

    side: str
    models: tuple[str, ...]
    least: float
    mean: float | None = None


INT8 = ("mobilenet_v2_1.0_224_ptq_int8", "resnet_large_cifar10_int8", "deeplabv3_mnv2_pascal_uint8",
        "mobilenet_v2_1.0_224_qat_uint8", "ssd_mobilenet_v2_fpnlite_int8", "yolox_nano_320dw_int8")  # fmt: skip
FLOAT = ("ad01_float", "mobilenet_v1_0.25_224_float", "resnet8_cifar10_float", "resnet_large_cifar10_float",
         "vww_96_float", "yolox_nano_320dw_fp16", "face_detection_short_range_fp16", "hand_landmark_lite_fp16",
         "edsr_f32b5_float")  # fmt: skip
GOALS = (
    Goal("xnnpack", INT8, 0.7, 1.0),
    Goal("optimized", INT8, 4),
    Goal("reference", INT8, 40),
    Goal("any", ("yolox_nano_320dw_int16x8", "ds_cnn_small_int16x8", "mnv2_100_224_int16x8"), 30),
    Goal("any", ("deepfilternet2_int16x8", "dtln_1_int16x8", "nnse_lstm_int16x8"), 5),
    Goal("optimized", ("yolox_nano_320dw_dynamic", "kws_dscnn_dynamic"), 1),
    Goal("xnnpack", FLOAT, 0.3),
    Goal("optimized", ("kws_dscnn_int8", "vww_96_int8", "ad01_int8", "micro_wake_word_int8"), 0.5),
)


def ratio(model: dict[str, Any], side: str) -> float | None:
    times = model["times"]
    sides = [name for name in (LITERT if side == "any" else (side,)) if name in times]
    return min(times[name]["median"] for name in sides) / times[OURS]["median"] if sides and OURS in times else None


def mean(ratios: list[float]) -> float:
    return math.exp(sum(map(math.log, ratios)) / len(ratios))


def table(heads: list[str], rows: list[list[str]], left: int = 1) -> list[str]:
    """Markdown; the first `left` columns are text, the others numbers."""
    marks = ["---" if at < left else "---:" for at in range(len(heads))]
    return [f"| {' | '.join(row)} |" for row in (heads, marks, *rows)] + [""]


def stem(model: dict[str, Any]) -> str:
    return Path(model["model"]).stem


def models_section(models: list[dict[str, Any]]) -> list[str]:
    sides = [name for name in LITERT if any(name in model["times"] for model in models)]
    heads = ["model", "MMAC", "ms", "quartiles", "GMAC/s", "of peak", *(f"{name}, ms" for name in sides),
             *(f"/ {name}" for name in sides)]  # fmt: skip
    rows = []
    for model in models:
        ours = model["times"][OURS]
        row = [stem(model), f"{model['macs'] / 1e6:.1f}", f"{ours['median']:.3f}",
               f"{ours['low']:.3f} to {ours['high']:.3f}"]  # fmt: skip
        row += [f"{model['gmacs'][OURS]:.1f}", f"{model['share'][OURS]:.1%}"] if model["gmacs"] else ["", ""]
        row += [f"{model['times'][name]['median']:.3f}" if name in model["times"] else "" for name in sides]
        row += [f"{found:.2f}" if (found := ratio(model, name)) else "" for name in sides]
        rows.append(row)
    return table(heads, rows)


def goals_section(models: list[dict[str, Any]]) -> list[str]:
    rows = []
    for goal in GOALS:
        found = {stem(m): r for m in models if stem(m) in goal.models and (r := ratio(m, goal.side)) is not None}
        if not found:
            continue
        worst = min(found, key=lambda name: found[name])
        short = [f"{name} {value:.2f}" for name, value in sorted(found.items()) if value < goal.least]
        average = mean(list(found.values()))
        wanted = f"{goal.least:g} each" + (f", {goal.mean:g} on average" if goal.mean else "")
        reached = not short and (goal.mean is None or average >= goal.mean)
        rows.append(
            [f"LiteRT {goal.side}", "yes" if reached else f"no: {', '.join(short) or 'on average'}", wanted,
             f"{found[worst]:.2f} ({worst})", f"{average:.2f}", f"{len(found)} of {len(goal.models)}"]
        )  # fmt: skip
    heads = ["against", "reached", "goal", "least", "geometric mean", "models timed"]
    return ["## Goals", "", "Ratios of medians; above 1 intengine is faster.", "", *table(heads, rows, 2)]


def nodes_section(models: list[dict[str, Any]]) -> list[str]:
    """Where the time goes in each model."""
    lines = ["## Where the time goes", "",
             f"The {SHOWN_NODES} dearest operators of each model: microseconds here in the model's run, in LiteRT as "
             "one-node models.", ""]  # fmt: skip
    sides = [name for name in LITERT if any(name in n["times"] for model in models for n in model["nodes"])]
    rows = []
    for model in models:
        total = sum(node["times"][OURS]["median"] for node in model["nodes"])
        for node in sorted(model["nodes"], key=lambda n: -n["times"][OURS]["median"])[:SHOWN_NODES]:
            spent = node["times"][OURS]["median"]
            row = [stem(model), f"{node['node']} {node['op']}", ", ".join([*node["inputs"][:2], *node["outputs"]])]
            row += [f"{1e3 * spent:.1f}", f"{spent / total:.0%}"]
            row += [f"{1e3 * node['times'][name]['median']:.1f}" if name in node["times"] else "" for name in sides]
            rows.append([*row, f"{node['share']:.1%}" if node["share"] else ""])
    heads = ["model", "node", "inputs, output", "us", "of the time", *(f"{name}, us" for name in sides), "of peak"]
    return [*lines, *table(heads, rows, 3)] if rows else []


def rest_section(data: dict[str, Any]) -> list[str]:
    lines: list[str] = []
    if data["overhead"]:
        rows = [[one["op"], f"{one['microseconds']:.2f}", f"{one['run_microseconds']:.1f}"] for one in data["overhead"]]
        lines += ["## What calling an operator costs", "",
                  "Chains of operators on int8[1, 1, 1, 8], of 50 and of 250; the goal is at most 3 us each.", "",
                  *table(["chain of", "us per operator", "us per run"], rows)]  # fmt: skip
    if data["startup"]:
        rows = [
            [one["model"], f"{one['warm']:.2f}", f"{one['cold']:.1f}" if one["cold"] else ""] for one in data["startup"]
        ]
        lines += ["## A new process", "",
                  "Seconds from its start to its first answer, with the kernels on disk and without; the goals are 1.0 "
                  "and 20 for a MobileNetV2.", "", *table(["model", "warm", "cold"], rows)]  # fmt: skip
    return lines


def page(data: dict[str, Any], seconds: str | None = None) -> str:
    """The results as Markdown. seconds: for how long models were timed, if not all as long as the results say."""
    about = data["about"]
    options = about["options"]
    seconds = seconds or f"{options['seconds']:g}"
    peaks = ", ".join(f"{name} {rate:.0f}" for name, rate in about["peaks"].items())
    versions = ", ".join(f"{name} {number}" for name, number in about["versions"].items())
    timed = [model for model in data["models"] if model["state"] == "timed"]
    lines = [
        "# Speed",
        "",
        "Made by tools/bench.py from the results of `intengine bench`. A model runs beside LiteRT in one process,",
        f"pinned to {options['threads']} core(s), sides in turn, arrays in to arrays out, batch {options['batch']};",
        f"medians of {seconds} s for each model. Outputs were first compared bit for bit with those",
        f"of the runtime that {options['profile']} reproduces; a model that differs is not timed.",
        "",
        f"{about['machine']}, {about['system']}, Python {about['python']}, {versions}.",
        f"Instruction set {about['instruction_set']}; measured peak of a core in GMAC/s: {peaks}.",
        *([f"Processes that wanted a core in the last minute: {about['load']:.1f}."] if about["load"] else []),
        "",
        "MMAC are million multiply-accumulates, taps in the padding counted. The share of the peak is that of what the",
        "core's multiply-accumulate instruction does on registers; where Winograd's algorithm takes fewer of them than",
        "the model counts, it can be above 100 %. The last columns are how many times as fast as LiteRT's kernels",
        "intengine is; above 1 it is faster. `python tools/mobilenet_int16.py FILE` makes mnv2_100_224_int16x8 with",
        "TensorFlow's converter.",
        "",
        *models_section(timed),
    ]
    for model in data["models"]:
        if model["state"] != "timed":
            lines.append(f"- {stem(model)}: {model['state']}, not timed. {model['note']}")
        elif model["note"]:
            lines.append(f"- {stem(model)}: {model['note']}")
    lines += [*([""] if lines[-1] else []), *goals_section(timed), *nodes_section(timed), *rest_section(data)]
    return "\n".join(lines).rstrip() + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("results", type=Path, nargs="+")
    parser.add_argument("--page", type=Path, default=PAGE)
    args = parser.parse_args()
    first, *more = map(read, args.results)
    spans = [data["about"]["options"]["seconds"] for data in (first, *more)]
    for data in more:
        if data["about"]["machine"] != first["about"]["machine"]:
            raise SystemExit("Results on one page must be of one machine.")
        for part, key in (("models", "model"), ("overhead", "op"), ("startup", "model")):
            first[part] = list({one[key]: one for one in first[part] + data[part]}.values())
    seconds = f"{min(spans):g} to {max(spans):g}" if len({*spans}) > 1 else None
    args.page.write_text(page(first, seconds))


if __name__ == "__main__":
    main()

"""Every shared model under a profile against its runtime, as docs/profiles.md.

python tools/profile_exactness.py [PROFILE...] [--only TEXT]

5 seeded random inputs for each model, 50 successive ones where there is a state, and real ones where the shared data
fits. Every tensor that the runtime can show is compared, and every node is judged. Sections of other profiles, and rows
of models that --only leaves out, stay as they are. Needs ../shared and the runtimes.
"""

import argparse
import json
import re
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent))

import intengine
from intengine import numerics
from intengine.model import Node, Subgraph
from intengine.runners import RunnerError
from intengine.verification import Role, VerifyResult, verify
from tools.exactness import samples, with_axis_zero, with_version_one
from tools.shared_data import ROOT, SHARED

PAGE = ROOT / "docs" / "profiles.md"
DATA = ROOT / "docs" / "profiles.json"
CONTRACTS = ("litert-optimized", "litert-xnnpack", "tflm")
HEAD = """# Profiles on real models

Made by `python tools/profile_exactness.py`. Each shared model runs here under a profile and in that profile's runtime,
one thread: 5 seeded random inputs (50 successive ones where there is a state), and up to 3 real ones where the data
fits. Differing counts elements that are not equal bit for bit. The last column names the operators that compute
something else from the same inputs, with how many nodes do and the greatest distance; what differs without being named
there only follows. docs/exactness.md is the same for `litert-reference`.
"""
COLUMNS = (
    "| model | inputs | tensors | integer bytes | differing | floats | differing | "
    "output elements differing | other arithmetic |"
)


def check(path: Path, profile: str) -> dict[str, Any]:
    """One row."""
    row: dict[str, Any] = {"model": f"{path.parent.name}/{path.stem}", "note": ""}
    try:
        engine = intengine.Interpreter(str(path), profile=profile)
        if profile != "tflm" and any(int8_state(node, engine.model.main) for node in engine.model.main.nodes):
            row["note"] = "LiteRT reads the int8 state of SVDF as int16, beyond its end"
        try:
            return row | summary(verify(str(path), samples(engine), against=profile))
        except RunnerError as error:
            copy = adjusted(engine.model, str(error))
            if copy is None:
                return row | {"note": "runs here; " + ("its process dies" if error.crashed else _refusal(str(error)))}
            row["note"] = copy[1]
            return row | summary(verify(copy[0], samples(engine), against=profile))
    except RunnerError as error:
        return row | {"note": "runs here; " + ("its process dies" if error.crashed else _refusal(str(error)))}
    except intengine.UnsupportedError as error:
        return row | {"note": str(error).splitlines()[0][:100]}


def int8_state(node: Node, graph: Subgraph) -> bool:
    """Whether a node is an SVDF whose state has 8 bits."""
    return node.op == "SVDF" and graph.tensors[node.inputs[4]].type.name == "INT8"


def adjusted(model: intengine.Model, message: str) -> tuple[bytes, str] | None:
    """A copy that the runtime takes, and how it differs."""
    missing = re.search(r"builtin opcode '(\w+)' version '(\d+)'", message)
    if "quantized_dimension" in message:
        return with_axis_zero(model), "compared with a copy whose rank-1 tensors say quantized_dimension 0"
    if missing:
        return with_version_one(model, missing.group(1)), f"compared with a copy that says {missing.group(1)} version 1"
    return None


def _refusal(text: str) -> str:
    return "the runtime refuses it: " + re.sub(r"\s+", " ", text).replace("|", "/")[:120]


def summary(result: VerifyResult) -> dict[str, Any]:
    culprits: dict[str, list[int]] = {}
    for node in result.nodes:
        if node.role in (Role.CULPRIT, Role.UNDECIDED):
            found = culprits.setdefault(node.op + (" (LSB)" if node.histogram else " (ulp)"), [0, 0])
            found[0] += 1
            found[1] = max(found[1], node.max_lsb)
    outputs = intengine.load(result.model).main.outputs if result.model else ()
    return {
        "inputs": result.inputs,
        "tensors": len(result.tensors),
        "integer_bytes": result.integer_bytes,
        "integer_differing": result.integer_differing,
        "float_elements": result.float_elements,
        "float_differing": result.float_differing,
        "outputs_differing": sum(t.differing for t in result.tensors if t.index in outputs),
        "max_abs_float": result.max_abs_float,
        "culprits": culprits,
    }


def line(row: dict[str, Any]) -> str:
    if "inputs" not in row:
        return f"| {row['model']} | | | | | | | | {row['note']} |"
    named = [f"{op.split(' ')[0]} {n} by {far:,} {op.split('(')[1][:-1]}" for op, (n, far) in row["culprits"].items()]
    last = "; ".join([*named, *([row["note"]] if row["note"] else [])])
    return (
        f"| {row['model']} | {row['inputs']} | {row['tensors']} | {row['integer_bytes']:,} | "
        f"{row['integer_differing']:,} | {row['float_elements']:,} | {row['float_differing']:,} | "
        f"{row['outputs_differing']:,} | {last} |"
    )


def section(profile: str, rows: list[dict[str, Any]]) -> list[str]:
    record = numerics.PROFILES[profile]
    sums: Counter[str] = Counter()
    for row in rows:
        sums.update({k: v for k, v in row.items() if isinstance(v, int) and k not in ("inputs", "tensors")})
    total = (
        f"| **all** | | | **{sums['integer_bytes']:,}** | **{sums['integer_differing']:,}** | "
        f"**{sums['float_elements']:,}** | **{sums['float_differing']:,}** | **{sums['outputs_differing']:,}** | |"
    )
    head = [f"## {profile}", "", f"{record.runtime}, {record.version}, {record.cpu}.", ""]
    return [*head, COLUMNS, "|---|---:|---:|---:|---:|---:|---:|---:|---|", *map(line, rows), total, ""]


def page(data: dict[str, list[dict[str, Any]]]) -> str:
    """The whole page, from what was measured."""
    lines = [HEAD]
    for profile in CONTRACTS:
        if profile in data:
            lines += section(profile, data[profile])
    return "\n".join(lines).rstrip() + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description="Compare shared models under a profile with its runtime.")
    parser.add_argument("profiles", nargs="*", choices=[*CONTRACTS, []], metavar="PROFILE")
    parser.add_argument("--only", default="", help="models whose path contains this")
    arguments = parser.parse_args()
    data: dict[str, list[dict[str, Any]]] = json.loads(DATA.read_text()) if DATA.exists() else {}
    paths = [path for path in sorted((SHARED / "models").rglob("*.tflite")) if arguments.only in str(path)]
    for profile in arguments.profiles or CONTRACTS:
        rows = {row["model"]: row for row in data.get(profile, ())}
        for path in paths:
            started = time.perf_counter()
            row = check(path, profile)
            rows[row["model"]] = row
            print(f"{time.perf_counter() - started:7.1f} s {profile} {line(row)}", flush=True)
        data[profile] = [rows[model] for model in sorted(rows)]
        # Another run may have written other profiles meanwhile.
        now = json.loads(DATA.read_text()) if DATA.exists() else {}
        now[profile] = data[profile]
        DATA.write_text(json.dumps(now, indent=1) + "\n")
        PAGE.write_text(page(now))


if __name__ == "__main__":
    main()

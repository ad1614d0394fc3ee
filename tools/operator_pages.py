"""Write docs/ops.md, docs/evidence.md and the generated parts of docs/numerics.md and docs/quirks.md.

python tools/operator_pages.py
"""

import sys
from enum import Enum
from itertools import combinations
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from intengine import evidence, numerics, ops  # noqa: E402
from intengine.evidence import Evidence, Record  # noqa: E402
from intengine.reader.options import operator_numbers  # noqa: E402

PAGE = ROOT / "docs" / "ops.md"
EVIDENCE = ROOT / "docs" / "evidence.md"
NUMERICS = ROOT / "docs" / "numerics.md"
QUIRKS = ROOT / "docs" / "quirks.md"
ARITHMETIC = "<!-- arithmetic: made by tools/operator_pages.py -->", "<!-- end of arithmetic -->"
#: Operators -> the slot of `Numerics` that has their arithmetic.
SLOTS = {
    "CONV_2D of integers": "conv",
    "DEPTHWISE_CONV_2D of integers": "depthwise_conv",
    "TRANSPOSE_CONV of integers": "transpose_conv",
    "FULLY_CONNECTED of integers": "fully_connected",
    "BATCH_MATMUL of integers": "batch_matmul",
    "bounds of fused activations": "activation_bound",
    "ADD, SUB": "addition",
    "MUL": "multiplication",
    "fixed-point multipliers of operators without matrix products": "rounding",
    "multipliers of MUL, RELU, LEAKY_RELU and others": "ratio",
    "MEAN": "averaging",
    "SUM": "summing",
    "REDUCE_PROD over nothing": "product_of_none",
    "QUANTIZE from float32": "quantizing",
    "QUANTIZE between integers": "requantizing",
    "DEQUANTIZE": "dequantizing",
    "8-bit LOGISTIC, TANH, ELU": "table_rounding",
    "int8 LOGISTIC, TANH": "sigmoid8",
    "int16 LOGISTIC, TANH": "sigmoid16",
    "8-bit SOFTMAX, LOG_SOFTMAX": "exponentials",
    "int16 SOFTMAX": "softmax16",
    "LEAKY_RELU": "leaky_relu",
    "RELU6": "relu6",
    "int16 RSQRT": "rsqrt16",
    "RESIZE_BILINEAR": "resizing",
    "CAST to integers": "cast_to_integer",
    "SVDF's state": "svdf_state",
    "SVDF's sum": "svdf_sum",
    "UNIDIRECTIONAL_SEQUENCE_LSTM": "sequence_lstm",
    "FULLY_CONNECTED of float32 and int4": "packed_int4",
    "DEPTHWISE_CONV_2D of float32": "depthwise_float",
    "MEAN of float32": "float_averaging",
    "other elements of float32": "float_elements",
}
BEGIN, END = "<!-- quirks: made by tools/operator_pages.py -->", "<!-- end of quirks -->"


def _row(name: str, found: Evidence) -> str:
    floats = "bit for bit" if not found.ulp else f"{found.ulp} ulp"
    against = "" if found.resolver == "reference" else found.resolver
    return (
        f"| {name} | {found.signature} | {found.equal} | {found.nbytes:,} | {floats} | {found.refused} | "
        f"{found.crashed} | {against} |"
    )


def operators_page() -> str:
    """The text of docs/ops.md."""
    record = evidence.recorded()
    builtin = sorted(operator_numbers())
    running = ops.names()
    absent = [name for name in builtin if name not in running]
    custom = [name for name in running if name not in builtin]
    total = [found for kinds in record.operators.values() for found in kinds.values()]
    lines = [
        "# Operators",
        "",
        "Made by `python tools/operator_pages.py` from the registry and from `intengine/data/evidence/`, which",
        "`python tools/differential.py --evidence` measures: problems drawn by hypothesis (shapes, options, types,",
        "scales with ties, values at the ends of their range), run by intengine and by LiteRT's reference kernels, or",
        "by its optimized ones or its XNNPACK delegate where the last column says so. Differences beyond that stop it;",
        "the two zeros of floats count as equal, and any NaN as any other.",
        "",
        f"{len(running) - len(custom)} of the {len(builtin)} builtin operators of the schema run, and {len(custom)} "
        f"custom operators. {record.runtime}: {sum(e.equal for e in total):,} problems, "
        f"{sum(e.nbytes for e in total):,} bytes compared, 0 differing; LiteRT refused "
        f"{sum(e.refused for e in total):,} problems and crashed on {sum(e.crashed for e in total):,}.",
        "",
        "## Types",
        "",
        "What each operator takes. Types are in the order of the inputs; `any` is every type of a fixed width.",
        "",
        "| operator | types |",
        "|---|---|",
    ]
    for name in running:
        operator = ops.find(name)
        assert operator is not None
        kinds = "<br>".join(kind.replace("|", "\\|") for kind in operator.signatures)
        lines.append(f"| {name} | {kinds} |")
    lines += [
        "",
        "## Evidence",
        "",
        "| operator | types | problems | bytes | equal | refused | crashed | against |",
        "|---|---|---:|---:|---|---:|---:|---|",
    ]
    for name in running:
        lines += [_row(name, found) for _, found in sorted(record.operators.get(name, {}).items())]
    unmeasured = [name for name in running if name not in record.operators]
    lines += [
        "",
        "Not measured against LiteRT (it does not run them, or needs more than one drawn operator to run them): "
        + (", ".join(unmeasured) or "none")
        + ".",
        "",
        "## Operators that do not run",
        "",
        "| operator | why |",
        "|---|---|",
        *(f"| {name} | {ops.absence(name)} |" for name in absent),
    ]
    return "\n".join(lines) + "\n"


def _pairs(profiles: list[str]) -> list[tuple[str, str]]:
    return list(combinations(profiles, 2))


def evidence_page() -> str:
    """The text of docs/evidence.md: every profile that was measured, and how far the measurements tell them apart."""
    profiles = [name for name in numerics.PROFILES if evidence.recorded(name).operators]
    records = {name: evidence.recorded(name) for name in profiles}
    keys = sorted(
        {(op, kind) for record in records.values() for op, kinds in record.operators.items() for kind in kinds}
    )
    lines = [
        "# Evidence of the profiles",
        "",
        "Made by `python tools/operator_pages.py` from what `python tools/differential.py --profile P --evidence`",
        "measured: drawn problems of one operator, here under a profile and in that profile's runtime. Integers are",
        "equal in every byte, floats within the ulp that [ops.md](ops.md) states, mostly 0. A profile's column says",
        "how many problems were equal; an empty cell means that the runtime does not run it, or not exactly as here",
        "([profiles.md](profiles.md)).",
        "",
        "The columns with two names say *power*: how many of the compared elements have other values under the two",
        "profiles. Without such a point, shown as `-`, the measurement could not have told one from the other: it is",
        "no evidence which of two arithmetics the runtime has; where profiles share an arithmetic there can be none.",
        "",
        *(f"- `{name}`: {record.runtime}, {_total(record)}" for name, record in records.items()),
        "",
        "| operator | types | " + " | ".join(_short(name) for name in profiles) + " | "
        + " | ".join(f"{_short(a)} / {_short(b)}" for a, b in _pairs(profiles)) + " |",
        "|---|---|" + "---:|" * (len(profiles) + len(_pairs(profiles))),
    ]  # fmt: skip
    for op, kind in keys:
        found = {name: record.find(op, kind) for name, record in records.items()}
        cells = ["" if one is None or not one.equal else f"{one.equal}" for one in found.values()]
        power = [_power(found, a, b) for a, b in _pairs(profiles)]
        lines.append(f"| {op} | {kind} | " + " | ".join([*cells, *power]) + " |")
    return "\n".join(lines) + "\n"


def _total(record: Record) -> str:
    total = [found for kinds in record.operators.values() for found in kinds.values()]
    return (
        f"{sum(e.equal for e in total):,} problems equal, {sum(e.nbytes for e in total):,} bytes, "
        f"{sum(e.refused for e in total):,} refused, {sum(e.crashed for e in total):,} crashed it"
    )


def _short(profile: str) -> str:
    return profile.removeprefix("litert-")


def _power(found: dict[str, Evidence | None], a: str, b: str) -> str:
    total = sum(one.power.get(other, 0) for name, other in ((a, b), (b, a)) if (one := found[name]) is not None)
    return f"{total:,}" if total else "-"


def _described(value: object) -> str:
    """A slot's arithmetic: what its enumeration or the first line of its function says."""
    return str(value.value) if isinstance(value, Enum) else str(getattr(value, "__doc__", "")).split("\n")[0]


def arithmetic_text() -> str:
    """For each slot, which profiles have which arithmetic; XNNPACK's is for the nodes that its delegate takes."""
    lines = [
        ARITHMETIC[0],
        "",
        "The profile `litert-xnnpack` is XNNPACK for the nodes that LiteRT's delegate takes, and `litert-optimized`",
        "for all others. Each profile's file in `intengine/numerics/` states only what differs from another's.",
        "",
        "| what | profiles | arithmetic |",
        "|---|---|---|",
    ]
    records = {name: record.delegate.numerics if record.delegate else record for name, record in _profiles().items()}
    for what, slot in SLOTS.items():
        groups: dict[str, list[str]] = {}
        for name, record in records.items():
            groups.setdefault(_described(getattr(record, slot)), []).append(name)
        for i, (text, names) in enumerate(groups.items()):
            lines.append(f"| {what if i == 0 else ''} | {', '.join(names)} | {text} |")
    return "\n".join([*lines, "", ARITHMETIC[1]])


def _profiles() -> dict[str, numerics.Numerics]:
    return {("XNNPACK" if record.delegate else name): record for name, record in numerics.PROFILES.items()}


def numerics_page(text: str) -> str:
    """docs/numerics.md with its table of arithmetics made anew."""
    before, _, rest = text.partition(ARITHMETIC[0])
    return before + arithmetic_text() + rest.partition(ARITHMETIC[1])[2]


def quirks_text() -> str:
    """The list of quirks, between its marks."""
    kept = [quirk for quirk in ops.QUIRKS.values() if quirk.is_reproduced]
    mended = [quirk for quirk in ops.QUIRKS.values() if not quirk.is_reproduced]
    lines = [BEGIN, "", "Reproduced by `litert-reference`, because they are deterministic:", ""]
    lines += [f"- **{quirk.name}**: {quirk.text}" for quirk in kept]
    lines += ["", "Not reproduced; intengine computes what the operator means:", ""]
    lines += [f"- **{quirk.name}**: {quirk.text}" for quirk in mended]
    return "\n".join([*lines, "", END])


def quirks_page(text: str) -> str:
    """docs/quirks.md with its list of quirks made anew."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return before + quirks_text() + after


def main() -> None:
    PAGE.write_text(operators_page())
    EVIDENCE.write_text(evidence_page())
    NUMERICS.write_text(numerics_page(NUMERICS.read_text()))
    QUIRKS.write_text(quirks_page(QUIRKS.read_text()))


if __name__ == "__main__":
    main()

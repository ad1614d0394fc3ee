"""Write docs/ops.md, and the quirks in docs/numerics.md, from the registry and the evidence.

python tools/operator_pages.py
"""

import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from intengine import evidence, ops  # noqa: E402
from intengine.evidence import Evidence  # noqa: E402
from intengine.reader.options import operator_numbers  # noqa: E402

PAGE = ROOT / "docs" / "ops.md"
NUMERICS = ROOT / "docs" / "numerics.md"
BEGIN, END = "<!-- quirks: made by tools/operator_pages.py -->", "<!-- end of quirks -->"


def _row(name: str, found: Evidence) -> str:
    floats = "bit for bit" if not found.ulp else f"{found.ulp} ulp"
    against = "" if found.resolver == "reference" else found.resolver
    return (
        f"| {name} | {found.signature} | {found.equal} | {found.nbytes:,} | {floats} | {found.refused} | "
        f"{found.crashed} | {found.optimized_differs} | {against} |"
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
        "Made by `python tools/operator_pages.py` from the registry and from `intengine/data/evidence.json`, which",
        "`python tools/differential.py --evidence` measures: problems drawn by hypothesis (shapes, options, types,",
        "scales with ties, values at the ends of their range), run by intengine and by LiteRT's reference kernels, or",
        "by its optimized ones or its XNNPACK delegate where the last column says so. Differences beyond that stop it;",
        "the two zeros of floats count as equal, and any NaN as any other.",
        "",
        f"{len(running) - len(custom)} of the {len(builtin)} builtin operators of the schema run, and {len(custom)} "
        f"custom operators. LiteRT {record.litert}: {sum(e.equal for e in total):,} problems, "
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
        "| operator | types | problems | bytes | equal | refused | crashed | optimized differs | against |",
        "|---|---|---:|---:|---|---:|---:|---:|---|",
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


def quirks_text() -> str:
    """The list of quirks, between its marks."""
    kept = [quirk for quirk in ops.QUIRKS.values() if quirk.is_reproduced]
    mended = [quirk for quirk in ops.QUIRKS.values() if not quirk.is_reproduced]
    lines = [BEGIN, "", "Reproduced by `litert-reference`, because they are deterministic:", ""]
    lines += [f"- **{quirk.name}**: {quirk.text}" for quirk in kept]
    lines += ["", "Not reproduced; intengine computes what the operator means:", ""]
    lines += [f"- **{quirk.name}**: {quirk.text}" for quirk in mended]
    return "\n".join([*lines, "", END])


def numerics_page(text: str) -> str:
    """docs/numerics.md with its list of quirks made anew."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return before + quirks_text() + after


def main() -> None:
    PAGE.write_text(operators_page())
    NUMERICS.write_text(numerics_page(NUMERICS.read_text()))


if __name__ == "__main__":
    main()

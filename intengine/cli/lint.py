"""`intengine lint`: static rules on a model."""

from collections import Counter
from pathlib import Path
from typing import Any

import click

from intengine.cli.base import DIFFERS, Command
from intengine.cli.console import Printer, print_json, verdict
from intengine.linting import Finding, Severity, accumulator_bounds, rules
from intengine.linting import lint as run_lint
from intengine.linting._bounds import Bound, summary
from intengine.plain import plain
from intengine.reader import load

SCHEMA = "intengine.lint/1"


@click.command(cls=Command)
@click.argument("model", type=click.Path(path_type=Path))
@click.option("--only", multiple=True, metavar="ID", help="Only this rule, or rules that begin so, as Q1; repeatable.")
@click.option("--ignore", multiple=True, metavar="ID", help="Not this rule; repeatable.")
@click.option("--strict", is_flag=True, help="End with 1 for warnings too.")
@click.option("--bounds", "show_bounds", is_flag=True, help="List the range of every accumulator.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def lint(
    ctx: click.Context,
    model: Path,
    only: tuple[str, ...],
    ignore: tuple[str, ...],
    strict: bool,
    show_bounds: bool,
    as_json: bool,
) -> None:
    """Check MODEL against the rules of quantized models, without data.

    The format's quantization specification, degenerate scales, channels that say nothing, wasted ranges, rescaling that
    undoes itself, and whether accumulators can overflow. docs/lint.md has a section for each rule.

    \b
    Exit codes: 0 no errors, 1 errors (with --strict also warnings), 2 usage, 4 not a usable model.

    \b
    Examples:
      intengine lint model.tflite
      intengine lint model.tflite --strict --ignore Q3
      intengine lint model.tflite --only Q501 --bounds
    """
    given = load(model)
    found = run_lint(given, only=only, ignore=ignore)
    proofs = accumulator_bounds(given)
    counts = Counter(finding.severity for finding in found)
    bad = counts[Severity.ERROR] + (counts[Severity.WARNING] if strict else 0)
    if as_json:
        print_json(_document(model, found, proofs, counts))
    else:
        _print(found, proofs, counts, show_bounds=show_bounds)
    ctx.exit(DIFFERS if bad else 0)


def _document(model: Path, found: list[Finding], proofs: list[Bound], counts: Counter[Severity]) -> dict[str, Any]:
    return {
        "schema": SCHEMA,
        "model": str(model),
        "counts": {severity.value: counts[severity] for severity in Severity},
        "findings": plain(found),
        "rules": {rule.id: rule.title for rule in rules()},
        "accumulators": {**summary(proofs), "bounds": plain(proofs)},
    }


def _print(found: list[Finding], proofs: list[Bound], counts: Counter[Severity], *, show_bounds: bool) -> None:
    out = Printer()
    if found:
        rows = [(finding.rule, _word(finding.severity), _place(finding), finding.message) for finding in found]
        out.table(["rule", "severity", "where", "found"], rows, fold=["where", "found"])
        out.line()
    if show_bounds:
        columns = ["node", "operator", "least", "greatest", "bits needed", "bits", "fits"]
        bounds = [
            (_number(b.subgraph, b.node), b.op, b.lo, b.hi, b.used_bits, b.bits, "yes" if b.fits else "not proven")
            for b in proofs
        ]
        out.table(columns, bounds, right=["node", "least", "greatest", "bits needed", "bits"])
        out.line()
    errors, warnings, infos = (counts[severity] for severity in Severity)
    out.line(f"Errors: {errors}, warnings: {warnings}, info: {infos}.")
    numbers = summary(proofs)
    if numbers["nodes"]:
        out.line(
            f"int32 accumulators: {numbers['proven']} of {numbers['nodes']} nodes cannot overflow, "
            f"the greatest needs {numbers['most_bits']} bits."
        )


def _word(severity: Severity) -> Any:
    return verdict("error", good=False) if severity is Severity.ERROR else severity.value


def _number(subgraph: int, node: int) -> str:
    return f"{subgraph}:{node}" if subgraph else str(node)


def _place(finding: Finding) -> str:
    parts = [] if finding.node is None else [f"node {_number(finding.subgraph, finding.node)} {finding.op}"]
    if finding.tensor is not None:
        parts.append(f"tensor {finding.tensor} {finding.name!r}")
    return ", ".join(parts)

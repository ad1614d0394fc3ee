"""`intengine coverage`: what of a model runs here, and how exactly, before running it."""

from pathlib import Path

import click

from intengine.cli.base import PROFILE_HELP, UNSUPPORTED, Command
from intengine.cli.console import Printer, print_json, verdict
from intengine.coverage import NodeCoverage, Support
from intengine.coverage import coverage as cover
from intengine.plain import plain
from intengine.reader import load

_GOOD = {Support.EXACT: True, Support.WITHIN: True, Support.UNSUPPORTED: False, Support.INVALID: False}


@click.command(cls=Command)
@click.argument("model", type=click.Path(path_type=Path))
@click.option("--profile", default="litert-reference", show_default=True, metavar="NAME", help=PROFILE_HELP)
@click.option("--nodes", "by_node", is_flag=True, help="A line for each node instead of one for each kind of node.")
@click.option("--json", "as_json", is_flag=True, help="Print every node as JSON.")
@click.pass_context
def coverage(ctx: click.Context, model: Path, profile: str, by_node: bool, as_json: bool) -> None:
    """Show which operators of MODEL run here, and how exactly.

    "exact": drawn problems of these types gave the same bytes as the profile's runtime, so many of them. "within ulp":
    floats came that near. "runs": without a measurement of these types. "unsupported" and "invalid" say why.

    \b
    Exit codes: 0 everything runs, 2 usage, 3 something does not run, 4 not a usable model.

    \b
    Examples:
      intengine coverage model.tflite
      intengine coverage model.tflite --nodes
    """
    found = cover(load(model), profile)
    bad = [node for node in found if node.support in (Support.UNSUPPORTED, Support.INVALID)]
    if as_json:
        print_json({"runs": not bad, "nodes": plain(found)})
    else:
        _print(found, by_node=by_node)
    ctx.exit(UNSUPPORTED if bad else 0)


def _print(found: tuple[NodeCoverage, ...], *, by_node: bool) -> None:
    groups: dict[tuple[object, ...], list[NodeCoverage]] = {}
    for node in found:
        place = (node.subgraph, node.node) if by_node else ()
        groups.setdefault((*place, node.op, node.signature, node.support, node.why, node.quirks), []).append(node)
    several = len({node.subgraph for node in found}) > 1
    rows = []
    for group in groups.values():
        first = group[0]
        count = f"{first.subgraph}:{first.node}" if by_node and several else str(first.node if by_node else len(group))
        why = first.why + (f"; may depend on {', '.join(first.quirks)}" if first.quirks else "")
        support = verdict(first.support.value, good=_GOOD[first.support]) if first.support in _GOOD else "runs"
        rows.append((count, first.op, first.signature, support, why))
    out = Printer()
    out.table(["node" if by_node else "nodes", "operator", "types", "support", "why"], rows, fold=["types", "why"])
    out.line()
    counts = {kind: sum(node.support is kind for node in found) for kind in Support}
    out.line(f"{len(found)} nodes: " + ", ".join(f"{n} {kind.value}" for kind, n in counts.items() if n))

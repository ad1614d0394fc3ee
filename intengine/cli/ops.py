"""`intengine ops`: what can run."""

import click
from rich.text import Text

from intengine import ops as operators
from intengine.cli.base import Command
from intengine.cli.console import Printer, print_json


@click.command(cls=Command)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def ops(as_json: bool) -> None:
    """List the supported operators with the type combinations they take."""
    found = {name: operators.find(name) for name in operators.names()}
    signatures = {name: list(operator.signatures) if operator else [] for name, operator in found.items()}
    if as_json:
        print_json(signatures)
        return
    out = Printer()
    out.table(["operator", "types"], [(name, Text("\n".join(kinds))) for name, kinds in signatures.items()])
    out.line()
    out.line(f"{len(signatures)} operators")

"""The files that `intengine compare` writes, and the limits that it judges by."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import click

from intengine.accuracy.records import Comparison
from intengine.cli.arrays import check_new_file
from intengine.cli.console import Printer, as_json, verdict
from intengine.errors import InputError
from intengine.reader import load
from intengine.report.accuracy import (
    Check,
    Thresholds,
    check,
    check_html,
    comparison_html,
    comparison_junit,
    load_thresholds,
    node_data,
    thumbnails,
    write_layers,
)
from intengine.report.accuracy.model_explorer import FIGURES, explorer_graph

_FILE = click.Path(path_type=Path, dir_okay=False)
_OPTIONS = (
    click.option(
        "--json", "json_file", type=click.Path(path_type=Path, allow_dash=True), help="Write JSON; - prints it."
    ),
    click.option("--csv", "csv_file", type=_FILE, help="Write a row for each layer."),
    click.option("--html", "html_file", type=_FILE, help="Write a page with charts that needs no network."),
    click.option("--thresholds", type=_FILE, help="Limits, in TOML or JSON; exit with 1 if one does not hold."),
    click.option("--junit", "junit_file", type=_FILE, help="Write a JUnit XML file, a case for each limit."),
    click.option("--model-explorer", "explorer_file", type=_FILE, help="Write node data for Model Explorer."),
    click.option(
        "--explorer-figure", type=click.Choice(list(FIGURES)), default="local_sqnr_db", show_default=True,
        help="What the node data show.",
    ),
    click.option("--force", is_flag=True, help="Overwrite files."),
)  # fmt: skip


def file_options(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command these options; it gets them by the names of the fields of `Files`."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


@dataclass(frozen=True)
class Files:
    """Where results go; None for those that nobody asked for."""

    json_file: Path | None
    csv_file: Path | None
    html_file: Path | None
    thresholds: Path | None
    junit_file: Path | None
    explorer_file: Path | None
    explorer_figure: str
    force: bool

    @property
    def prints_json(self) -> bool:
        """Whether standard output is for JSON alone."""
        return str(self.json_file) == "-"

    def check(self) -> Thresholds | None:
        """The limits, and whether all files can be made: before the work, not after it.

        Raises:
            InputError: if one cannot. MissingDependencyError: if a page is wanted and cannot be made.
        """
        options = {
            "--json": None if self.prints_json else self.json_file, "--csv": self.csv_file, "--html": self.html_file,
            "--junit": self.junit_file, "--model-explorer": self.explorer_file,
        }  # fmt: skip
        wanted = {option: path for option, path in options.items() if path is not None}
        for option, path in wanted.items():
            check_new_file(path, option, force=self.force)
        if len({path.resolve() for path in wanted.values()}) < len(wanted):
            raise InputError(f"{', '.join(wanted)} must be different files.")
        if self.junit_file is not None and self.thresholds is None:
            raise InputError("--junit needs the limits to judge by: --thresholds FILE.")
        if self.html_file is not None:
            check_html()
        return load_thresholds(self.thresholds) if self.thresholds is not None else None

    def write(
        self,
        found: Comparison,
        limits: Thresholds | None,
        quantized: Path,
        data: str,
        mean: Sequence[float] | None,
        std: Sequence[float] | None,
    ) -> tuple[Check, ...]:
        """Write all files.

        Args:
            data, mean, std: as the comparison got them.

        Returns:
            The limits, judged.
        """
        checks = check(found, limits) if limits is not None else ()
        if self.csv_file is not None:
            with self.csv_file.open("w", newline="", encoding="utf-8") as file:
                write_layers(file, found)
        if self.json_file is not None and not self.prints_json:
            self.json_file.write_text(as_json(found.to_json()), encoding="utf-8")
        if self.explorer_file is not None:
            nodes = node_data(found, self.explorer_figure, graph=explorer_graph(load(quantized)))
            self.explorer_file.write_text(as_json(nodes), encoding="utf-8")
        if self.junit_file is not None:
            self.junit_file.write_bytes(comparison_junit(found, checks))
        if self.html_file is not None:
            pictures = thumbnails(found, load(quantized), data, mean=mean, std=std)
            self.html_file.write_text(comparison_html(found, images=pictures), encoding="utf-8")
        return checks


def print_checks(out: Printer, checks: Sequence[Check]) -> None:
    """The limits that do not hold, and how many do."""
    if not checks:
        return
    failed = [one for one in checks if one.passed is False]
    for one in failed:
        out.line(verdict("EXCEEDED", good=False), f" {one}")
    unknown = sum(one.passed is None for one in checks)
    rest = f", {unknown} have no figure" if unknown else ""
    out.line(f"{len(checks) - len(failed) - unknown} of {len(checks)} limits hold{rest}.")

"""Explains random elements of whole models and holds them to what the engine gave.

    python tools/explain_models.py ../shared/models --count 1000

Each model runs once on random inputs under each profile; elements are drawn over all nodes that have a form, node by
node in turn. Prints a line for each model and profile; ends with 1 if an element differs.
"""

import sys
import time
from collections import Counter
from pathlib import Path

import click
import numpy as np

from intengine import Interpreter, load, numerics, samples
from intengine.errors import IntEngineError, UnsupportedError
from intengine.inside import Form, contexts, form_of


def forms(engine: Interpreter, seed: int) -> tuple[list[tuple[str, Form, np.ndarray]], int]:
    """(operator, form, elements of the run) of every node that has one; and how many of them gave accumulators."""
    trace = engine.trace(next(samples.draw(engine, samples.Random(1, seed))), accumulators=True)
    found = []
    for ctx in contexts(engine.model, engine.numerics, trace.tensors, subgraph=engine.plan.subgraph.index):
        try:
            form = form_of(ctx)
        except (UnsupportedError, LookupError):
            continue
        made = trace[form.output.index]
        if made.size:
            found.append((ctx.node.op, form, made))
    return found, len(trace.inside)


def check(engine: Interpreter, count: int, seed: int) -> tuple[Counter[str], int, int]:
    """(elements checked by operator, elements that differ, tensors with accumulators)."""
    found, inside = forms(engine, seed)
    rng = np.random.default_rng(seed)
    checked: Counter[str] = Counter()
    differing = 0
    for i in range(count if found else 0):
        op, form, made = found[i % len(found)]
        at = tuple(int(rng.integers(size)) for size in made.shape)
        element = form.element(at)
        if element.is_bitwise:
            checked[op] += 1
            differing += element.value != made[at]
    return checked, differing, inside


@click.command()
@click.argument("models", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True))
@click.option("--count", default=1000, help="Elements of each model and profile.")
@click.option("--profile", "profiles", multiple=True, help="By default all.")
@click.option("--seed", default=0)
@click.option("--largest", default=100_000_000, help="Skip larger files.")
def main(models: tuple[Path, ...], count: int, profiles: tuple[str, ...], seed: int, largest: int) -> None:
    """Explain random elements of MODELS (files or folders)."""
    paths = [path for given in models for path in (sorted(given.rglob("*.tflite")) if given.is_dir() else [given])]
    total = bad = 0
    for path in paths:
        if path.stat().st_size > largest:
            continue
        for profile in profiles or numerics.PROFILES:
            start = time.perf_counter()
            try:
                checked, differing, inside = check(Interpreter(load(path), profile=profile), count, seed)
            except IntEngineError as error:
                click.echo(f"{path.stem} {profile}: {error}")
                continue
            total, bad = total + sum(checked.values()), bad + differing
            ops = ", ".join(f"{op} {n}" for op, n in sorted(checked.items()))
            seconds = time.perf_counter() - start
            click.echo(
                f"{path.stem} {profile}: {differing} differ of {ops or 0}; {inside} accumulators, {seconds:.1f} s"
            )
    click.echo(f"{total} elements, {bad} differ")
    sys.exit(bool(bad))


if __name__ == "__main__":
    main()

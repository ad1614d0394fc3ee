"""Every form gives what the kernels give, element by element and as a whole, under every profile."""

from collections import Counter, defaultdict
from collections.abc import Iterator

import numpy as np
import pytest

from intengine import Interpreter, Trace, load, numerics
from intengine.errors import UnsupportedError
from intengine.inside import contexts, form_of, operators
from intengine.model import Model
from tests import cases

MODULES = (
    "conv_2d", "depthwise_conv_2d", "transpose_conv", "conv_3d", "fully_connected", "fully_connected_forms",
    "batch_matmul", "binary", "pool_2d", "reduce",
)  # fmt: skip
#: One of so many problems is run; all of them agree, but take minutes.
STEP = 5
#: Float sums that overflow on the way depend on their order.
LEFT_OUT = ("float_overflow",)


def _problems() -> Iterator[tuple[cases.Problem, Model]]:
    for module in MODULES:
        found = sorted(cases.problems(module), key=lambda problem: problem.name)
        yield from (
            (problem, load(problem.model))
            for problem in found[::STEP]
            if not any(part in problem.name for part in LEFT_OUT)
        )


PROBLEMS = list(_problems())


def _trace(problem: cases.Problem, model: Model, profile: str) -> Trace:
    return Interpreter(model, profile=profile).trace(dict(zip(model.main.inputs, problem.inputs, strict=True)))


@pytest.mark.parametrize("profile", numerics.PROFILES)
def test_a_thousand_random_elements_are_the_kernels_integers(profile: str) -> None:
    rng = np.random.default_rng(7)
    checked: Counter[str] = Counter()
    count = -(-2000 // len(PROBLEMS))
    for problem, model in PROBLEMS:
        trace = _trace(problem, model, profile)
        for ctx in contexts(model, numerics.get(profile), trace.tensors):
            try:
                form = form_of(ctx)
            except UnsupportedError:
                continue
            made = trace[form.output.index]
            for _ in range(count if made.size else 0):
                at = tuple(int(rng.integers(size)) for size in made.shape)
                element = form.element(at)
                if element.is_bitwise:
                    assert element.value == made[at], (problem.name, at, element.stages)
                    checked[ctx.node.op] += 1
                else:
                    reach = sum(abs(tap.product) for tap in element.taps) + abs(element.accumulator)
                    assert abs(element.value - made[at]) <= reach * len(element.taps) * 2.0**-23, problem.name
    assert sum(checked.values()) >= 1000, checked
    assert set(checked) >= set(operators()) - {"CONV_3D"}, checked


@pytest.mark.parametrize("profile", numerics.PROFILES)
def test_accumulators_requantize_to_every_element_of_the_run(profile: str) -> None:
    found: dict[str, int] = defaultdict(int)
    for problem, model in PROBLEMS:
        trace = _trace(problem, model, profile)
        for ctx in contexts(model, numerics.get(profile), trace.tensors):
            try:
                account = form_of(ctx).whole()
            except UnsupportedError:
                continue
            if account is not None:
                assert np.array_equal(account.value, trace[ctx.output().index]), problem.name
                found[ctx.node.op] += account.value.size
    assert set(found) >= set(operators()) - {"CONV_3D"}


def test_a_wrong_multiplier_is_noticed() -> None:
    problem, model = next(pair for pair in PROBLEMS if pair[0].name == "conv_2d_3x3_same_per_tensor")
    trace = _trace(problem, model, "litert-reference")
    (ctx,) = contexts(model, numerics.get("litert-reference"), trace.tensors)
    form = form_of(ctx)
    form.requantizer.multiplier[:] //= 3
    assert not np.array_equal(form.whole().value, trace[form.output.index])

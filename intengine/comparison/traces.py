"""Comparing two traces of one model."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from intengine.comparison.metrics import Difference, difference, is_float
from intengine.comparison.records import Report, TensorReport, Verdict
from intengine.comparison.tolerances import FLOAT_MODEL, OPERATORS, Tolerance
from intengine.errors import InputError
from intengine.trace import Trace, TracedStep


def compare(trace_a: Trace, trace_b: Trace, *, tolerances: Mapping[str, Tolerance] | None = None) -> Report:
    """Compare two runs of one model, tensor by tensor in the order of the first trace.

    Tensors are matched by index. Which node computed a tensor is taken from the first trace, or from the second
    where the first does not say. Tolerances are relative to the second trace, the reference.

    Args:
        tolerances: operator -> tolerance instead of those of `intengine.comparison.tolerances`; an empty mapping
            asks for equality of every tensor that does not follow a tolerated one.

    Returns:
        The report; a difference is never an exception.

    Raises:
        InputError: if the traces have no tensor in common.
    """
    common = [index for index in trace_a if index in trace_b.tensors]
    if not common:
        raise InputError("Two traces to compare must be of one model; these have no tensor in common.")
    maker = _makers(trace_b) | _makers(trace_a)
    allowed = OPERATORS if tolerances is None else tolerances
    reports: dict[int, TensorReport] = {}
    for index in common:
        step = maker.get(index)
        tolerated = step is not None and any(i in reports and reports[i].verdict is Verdict.WITHIN for i in step.inputs)
        name = trace_a.names.get(index, trace_b.names.get(index, ""))
        reports[index] = _tensor(
            index, name, step, trace_a[index], trace_b[index], allowed.get(step.op) if step else None, tolerated
        )
    return Report(
        trace_a.profile,
        trace_b.profile,
        tuple(reports.values()),
        tuple(index for index in trace_a if index not in reports),
        tuple(index for index in trace_b if index not in reports),
    )


def _makers(trace: Trace) -> dict[int, TracedStep]:
    return {index: step for step in trace.steps for index in step.outputs}


def _tensor(
    index: int,
    name: str,
    step: TracedStep | None,
    a: NDArray[Any],
    b: NDArray[Any],
    tolerance: Tolerance | None,
    tolerated: bool,
) -> TensorReport:
    node, op = (step.node, step.op) if step else (-1, "")
    size = 0 if a.dtype.kind == "O" else a.nbytes
    base: dict[str, Any] = {
        "index": index, "name": name, "node": node, "op": op, "dtype": a.dtype, "shape": a.shape,
        "elements": a.size, "nbytes": size, "is_float": is_float(a.dtype),
    }  # fmt: skip
    if a.dtype != b.dtype or a.shape != b.shape:
        note = f"{a.dtype}{list(a.shape)} against {b.dtype}{list(b.shape)}"
        return TensorReport(**base, differing=max(a.size, 1), verdict=Verdict.DIFFERS, note=note)
    found = difference(a, b)
    base |= {"differing": found.differing, "max_abs": found.max_abs, "max_ulp": found.max_ulp}
    if found.first is None:
        return TensorReport(**base)
    values = (a[found.first], b[found.first])
    verdict, note = _judge(found, b, tolerance, tolerated)
    return TensorReport(**base, first=found.first, values=values, verdict=verdict, note=note)


def _judge(found: Difference, b: NDArray[Any], tolerance: Tolerance | None, tolerated: bool) -> tuple[Verdict, str]:
    if found.max_ulp is not None:
        if tolerance and found.max_ulp <= tolerance.ulp:
            return Verdict.WITHIN, f"{tolerance.ulp} ulp allowed: {tolerance.reason}"
        if tolerated and found.max_abs <= FLOAT_MODEL * magnitude(b):
            return Verdict.WITHIN, f"follows a tolerated tensor, {FLOAT_MODEL:g} of the greatest magnitude allowed"
    return Verdict.DIFFERS, "follows a tolerated tensor" if tolerated else ""


def magnitude(values: NDArray[Any]) -> float:
    """Greatest finite magnitude in a float array, 0 if there is none."""
    sizes = np.abs(values if values.dtype.kind == "c" else values.astype(np.float64))
    return float(np.max(sizes, initial=0.0, where=np.isfinite(sizes)))

"""What was inside a run: accumulators of every node that has some."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from intengine.errors import IntEngineError, UnsupportedError
from intengine.inside._arithmetic import INT32_MAX, INT32_MIN
from intengine.inside._contexts import contexts
from intengine.inside._registry import form_of, operators
from intengine.model import Model, TensorType
from intengine.numerics import Numerics
from intengine.ops import NeedsValue
from intengine.trace import Inside


def accumulators(
    model: Model, numerics: Numerics, values: Mapping[int, NDArray[Any]], *, subgraph: int = 0
) -> dict[int, Inside]:
    """Output tensor -> what was inside its node, for every node of integers that adds up.

    Args:
        values: tensor -> elements of a run under this profile.

    Raises:
        IntEngineError: if what is computed here is not what the run gave.
    """
    known = set(operators())
    found: dict[int, Inside] = {}
    nodes = {node.index for node in model.subgraphs[subgraph].nodes if node.op in known}
    for ctx in contexts(model, numerics, values, subgraph=subgraph, nodes=nodes):
        try:
            account = form_of(ctx).whole()
        except (UnsupportedError, NeedsValue):
            continue
        if account is None:
            continue
        index = ctx.output().index
        if not np.array_equal(account.value, values[index]):
            raise IntEngineError(
                f"Accumulators must give the run's elements; those of node {ctx.node.index} {ctx.node.op} do not."
            )
        width = np.int64 if TensorType.INT16 in (ctx.input(0).type, ctx.output().type) else np.int32
        acc, unclamped = account.accumulator.astype(width), np.clip(account.unclamped, INT32_MIN, INT32_MAX)
        found[index] = Inside(ctx.node.index, acc, unclamped.astype(np.int32), account.lo, account.hi)
    return found

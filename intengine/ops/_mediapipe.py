"""What MediaPipe's operators share: options that are C structs, operands of float32."""

import numpy as np

from intengine.model import TensorType
from intengine.ops._context import NodeContext

#: Padding in the C structs that are the options; 0 is unknown.
SAME, VALID = 1, 2


def struct(ctx: NodeContext, count: int) -> tuple[int, ...]:
    """The first int32 fields of the options; those that the file leaves out are 0."""
    raw = bytes(ctx.node.custom_options)[: 4 * count].ljust(4 * count, b"\0")
    fields = tuple(int(value) for value in np.frombuffer(raw, "<i4"))
    ctx.require(fields[0] in (SAME, VALID), "needs SAME or VALID padding", fields[0])
    ctx.require(all(0 < value < 2**15 for value in fields[1:]), "needs positive strides and windows", fields[1:])
    return fields


def check(ctx: NodeContext, rank4: int) -> None:
    """All operands are float32, and so many inputs of rank 4."""
    operands = [*(o for o in ctx.inputs if o is not None), *ctx.outputs]
    if any(operand.type is not TensorType.FLOAT32 for operand in operands):
        ctx.unsupported()
    for i in range(rank4):
        ctx.require(ctx.input(i).rank == 4, "needs 4-D inputs", list(ctx.input(i).shape))

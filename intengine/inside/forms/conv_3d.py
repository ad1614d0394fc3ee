"""CONV_3D, which is of real numbers only."""

from intengine.inside._form import Form
from intengine.inside._reals import Reals, is_real
from intengine.inside._registry import form
from intengine.inside._windows import Volume
from intengine.ops import NodeContext
from intengine.ops.conv_3d import windows


@form("CONV_3D")
def conv_3d(ctx: NodeContext) -> Form | None:
    source, weights = ctx.input(0), ctx.input(1)
    if not is_real(source, weights, ctx.output()):
        return None
    _, (strides, dilations, pads) = windows(ctx, source.shape, weights)
    steps, spread, before = (tuple(int(i) for i in values) for values in (strides, dilations, pads))
    geometry = Volume(steps, spread, before, source.shape, weights.shape)
    return Reals.of(ctx, geometry, (source, weights, ctx.optional(2)), weights.shape[4])

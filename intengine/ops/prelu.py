"""PRELU: x where x >= 0, alpha * x below, with alpha broadcast."""

from collections.abc import Sequence

from intengine_kernels.binary import prelu_double_rounding, prelu_float

from intengine.model import TensorType
from intengine.ops._context import NodeContext
from intengine.ops._registry import Operator, register
from intengine.ops._table import EIGHT_BIT, product_ratio, ratio
from intengine.ops._walk import Walk
from intengine.shapes import Shape, broadcast
from intengine.step import Call


def infer(ctx: NodeContext) -> Sequence[Shape]:
    source, alpha = ctx.input(0), ctx.input(1)
    shape = broadcast(source.shape, alpha.shape)
    ctx.require(shape == source.shape, "needs an alpha that broadcasts to the input", list(alpha.shape))
    return [shape]


def prepare(ctx: NodeContext) -> Sequence[Call]:
    """Source: tflite/kernels/activations.cc"""
    x, alpha, out = ctx.input(0), ctx.input(1), ctx.output()
    walk = Walk.of(out, x, alpha)
    if x.type is alpha.type is out.type is TensorType.FLOAT32:
        return walk.calls(prelu_float, *walk.args, walk.out)
    eight_bit = x.type in EIGHT_BIT and alpha.type is x.type
    if not (eight_bit or (x.type is TensorType.INT16 and alpha.type is TensorType.INT8)) or out.type is not x.type:
        ctx.unsupported()
    above = ctx.multiplier(ratio(ctx, x.scale, out.scale))
    below = ctx.multiplier(product_ratio(ctx, x.scale, alpha.scale, out.scale))
    parameters = (x.zero_point, alpha.zero_point, *above, *below, out.zero_point, *out.range)
    return walk.calls(prelu_double_rounding, *walk.args, *parameters, walk.out)


register(
    Operator(
        "PRELU",
        infer,
        prepare,
        inputs=(2, 2),
        signatures=(
            "int8 x int8 -> int8",
            "uint8 x uint8 -> uint8",
            "int16 x int8 -> int16",
            "float32 x float32 -> float32",
        ),
    )
)

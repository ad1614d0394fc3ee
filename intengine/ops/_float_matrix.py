"""float32 convolutions and products."""

from collections.abc import Sequence

from intengine.ops._context import NodeContext
from intengine.ops._window import Window
from intengine.step import Call


def conv(ctx: NodeContext, window: Window) -> Sequence[Call]:
    ctx.unsupported()


def depthwise_conv(ctx: NodeContext, window: Window) -> Sequence[Call]:
    ctx.unsupported()


def fully_connected(ctx: NodeContext) -> Sequence[Call]:
    ctx.unsupported()

"""LiteRT's default, OpResolverType.BUILTIN of ai-edge-litert 2.3.0 on x86-64: XNNPACK, and the optimized kernels."""

from dataclasses import replace

from intengine.numerics._matrix_arithmetic import PackedInt4
from intengine.numerics._record import Delegate, NodeView
from intengine.numerics.litert_optimized import LITERT_OPTIMIZED

XNNPACK = replace(
    LITERT_OPTIMIZED,
    name="xnnpack",
    runtime="XNNPACK as LiteRT builds it",
    packed_int4=PackedInt4.AS_INT8,
)


def takes(node: NodeView) -> bool:
    """Whether LiteRT's XNNPACK delegate takes a node.

    Source: tflite/delegates/xnnpack/xnnpack_delegate.cc
    """
    return False


LITERT_XNNPACK = replace(
    LITERT_OPTIMIZED,
    name="litert-xnnpack",
    runtime="LiteRT, OpResolverType.BUILTIN",
    delegate=Delegate(takes, XNNPACK),
)

"""LiteRT's default, OpResolverType.BUILTIN of ai-edge-litert 2.3.0 on x86-64: XNNPACK, and the optimized kernels."""

from dataclasses import replace

from intengine.numerics._record import Delegate
from intengine.numerics.litert_optimized import LITERT_OPTIMIZED
from intengine.numerics.xnnpack import XNNPACK
from intengine.numerics.xnnpack_delegate import takes

LITERT_XNNPACK = replace(
    LITERT_OPTIMIZED,
    name="litert-xnnpack",
    runtime="LiteRT, OpResolverType.BUILTIN",
    delegate=Delegate(takes, XNNPACK),
)

"""LiteRT's optimized kernels: OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES of ai-edge-litert 2.3.0 on x86-64."""

from dataclasses import replace

from intengine.numerics._matrix_arithmetic import DepthwiseFloat, PackedInt4
from intengine.numerics.litert_reference import LITERT_REFERENCE

LITERT_OPTIMIZED = replace(
    LITERT_REFERENCE,
    name="litert-optimized",
    runtime="LiteRT, OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES",
    evidence="compared with the live runtime: docs/exactness.md",
    packed_int4=PackedInt4.NIBBLES,
    depthwise_float=DepthwiseFloat.BIAS_FIRST,
    sum_reads_bytes=False,
)

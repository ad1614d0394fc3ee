"""LiteRT's optimized kernels: OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES of ai-edge-litert 2.3.0 on x86-64."""

from dataclasses import replace

from intengine.numerics.litert_reference import LITERT_REFERENCE

LITERT_OPTIMIZED = replace(
    LITERT_REFERENCE,
    name="litert-optimized",
    runtime="LiteRT, OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES",
    evidence="compared with the live runtime: docs/exactness.md",
    sum_reads_bytes=False,
)

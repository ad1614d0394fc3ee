"""Where LiteRT's results are not what its operators mean, by name; docs/quirks.md has them in full."""

from collections.abc import Callable

from intengine.model import TensorType
from intengine.ops._context import NodeContext
from intengine.ops._flexbuffer import integer, options
from intengine.ops._quirk_texts import (
    ARG_NAN,
    BIDIRECTIONAL_AUX,
    BIDIRECTIONAL_LINK,
    BIDIRECTIONAL_PASSES,
    DIV_SHIFT,
    FILL_STRINGS,
    HYBRID_HALVES,
    HYBRID_MINUS_128,
    HYBRID_ONE_SCALE,
    INT16_BIAS,
    MFCC_UPPER,
    QUANTIZE_WRAP,
    REDUCE_LIMITS,
    SKIP_GRAM_SPACE,
    SOFTMAX_SUM,
    SUM_OF_BYTES,
    Quirk,
)

_MATRIX = ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED", "TRANSPOSE_CONV", "BATCH_MATMUL")
_RECURRENT = (
    *("LSTM", "SVDF", "RNN", "UNIDIRECTIONAL_SEQUENCE_LSTM", "BIDIRECTIONAL_SEQUENCE_LSTM"),
    *("UNIDIRECTIONAL_SEQUENCE_RNN", "BIDIRECTIONAL_SEQUENCE_RNN"),
)
_QUANTIZED = (TensorType.INT8, TensorType.UINT8, TensorType.INT16)


def _is_hybrid(ctx: NodeContext) -> bool:
    weights = {operand.type for operand in ctx.inputs if operand and operand.type in _WEIGHTS}
    return ctx.node.op in (*_MATRIX, *_RECURRENT) and ctx.output().type is TensorType.FLOAT32 and bool(weights)


_WEIGHTS = (TensorType.INT8, TensorType.UINT8, TensorType.INT4, TensorType.INT2)


def _has_minus_128(ctx: NodeContext) -> bool:
    """Whether a hybrid node may multiply by -128 without ruy."""
    if not _is_hybrid(ctx) or ctx.node.op in ("DEPTHWISE_CONV_2D", "TRANSPOSE_CONV"):
        return False
    if ctx.node.op == "CONV_2D" and ctx.output().shape[-1] % 4 == 0:
        return False
    known = [operand.value for operand in ctx.inputs if operand and operand.type in (TensorType.INT8, TensorType.UINT8)]
    return any(value is None or bool((value.view("i1") == -128).any()) for value in known)


def _one_scale(ctx: NodeContext) -> bool:
    if not _is_hybrid(ctx) or ctx.node.op not in ("CONV_2D", "DEPTHWISE_CONV_2D"):
        return False
    x, weights, out = ctx.input(0), ctx.input(1), ctx.output()
    grouped = ctx.node.op == "DEPTHWISE_CONV_2D" or weights.shape[-1] != x.shape[-1]
    return grouped and weights.quantization.scale.size == 1 < out.shape[-1]


def _undeclared_bias(ctx: NodeContext) -> bool:
    bias = ctx.optional(3 if ctx.node.op == "TRANSPOSE_CONV" else 2)
    if ctx.node.op not in ("CONV_2D", "FULLY_CONNECTED", "TRANSPOSE_CONV") or bias is None:
        return False
    declared = ctx.options.get("quantized_bias_type", TensorType.FLOAT32) == TensorType.INT32
    return ctx.output().type is TensorType.INT16 and bias.type is TensorType.INT32 and not declared


def _is_time_major(ctx: NodeContext) -> bool:
    return ctx.node.op == "BIDIRECTIONAL_SEQUENCE_RNN" and bool(ctx.options["time_major"])


def _is_above(ctx: NodeContext) -> bool:
    """Whether the upper frequency of a Mfcc may be more than half the sample rate."""
    rate = ctx.input(1).value
    return rate is None or 2 * integer(options(ctx.node.custom_options), "upper_frequency_limit") > int(rate.item())


def _first(ctx: NodeContext) -> TensorType:
    return ctx.input(0).type


_RULES: tuple[tuple[Quirk, Callable[[NodeContext], bool]], ...] = (
    (HYBRID_HALVES, _is_hybrid),
    (HYBRID_MINUS_128, _has_minus_128),
    (HYBRID_ONE_SCALE, _one_scale),
    (INT16_BIAS, _undeclared_bias),
    (SUM_OF_BYTES, lambda ctx: ctx.node.op == "SUM" and _first(ctx) in (TensorType.INT8, TensorType.INT16)),
    (DIV_SHIFT, lambda ctx: ctx.node.op == "DIV" and _first(ctx) in _QUANTIZED),
    (
        QUANTIZE_WRAP,
        lambda ctx: (
            ctx.node.op == "QUANTIZE"
            and _first(ctx) is TensorType.FLOAT32
            and bool((ctx.output().quantization.zero_point < 0).any())
        ),
    ),
    (
        ARG_NAN,
        lambda ctx: ctx.node.op in ("ARG_MAX", "ARG_MIN") and _first(ctx) is TensorType.FLOAT32,
    ),
    (
        REDUCE_LIMITS,
        lambda ctx: ctx.node.op in ("REDUCE_MAX", "REDUCE_MIN") and _first(ctx) is TensorType.FLOAT32,
    ),
    (
        BIDIRECTIONAL_LINK,
        lambda ctx: (
            ctx.node.op == "BIDIRECTIONAL_SEQUENCE_RNN"
            and not _is_time_major(ctx)
            and ctx.optional(9) is not None
            and ctx.optional(10) is None
        ),
    ),
    (BIDIRECTIONAL_PASSES, lambda ctx: _is_time_major(ctx) and _is_hybrid(ctx)),
    (
        BIDIRECTIONAL_AUX,
        lambda ctx: (
            ctx.node.op == "BIDIRECTIONAL_SEQUENCE_RNN"
            and (_is_time_major(ctx) or _is_hybrid(ctx))
            and ctx.optional(9) is not None
            and ctx.optional(10) is not None
            and ctx.input(9).shape[-1] != ctx.input(0).shape[-1]
        ),
    ),
    (SKIP_GRAM_SPACE, lambda ctx: ctx.node.op == "SKIP_GRAM"),
    (
        SOFTMAX_SUM,
        lambda ctx: ctx.node.op == "SOFTMAX" and ctx.input(0).type in _QUANTIZED[:2] and ctx.input(0).shape[-1] >= 512,
    ),
    (MFCC_UPPER, lambda ctx: ctx.node.op == "Mfcc" and _is_above(ctx)),
    (FILL_STRINGS, lambda ctx: ctx.node.op == "FILL" and ctx.output().type is TensorType.STRING),
)

QUIRKS: dict[str, Quirk] = {quirk.name: quirk for quirk, _ in _RULES}


def quirks(ctx: NodeContext) -> tuple[str, ...]:
    """Names of those that a prepared node's results may depend on."""
    return tuple(quirk.name for quirk, applies in _RULES if ctx.outputs and applies(ctx))

"""Where LiteRT's results are not what its operators mean, by name; docs/quirks.md has them in full."""

from collections.abc import Callable
from dataclasses import dataclass

from intengine.model import TensorType
from intengine.ops._context import NodeContext
from intengine.ops._flexbuffer import integer, options


@dataclass(frozen=True)
class Quirk:
    """One such place.

    Attributes:
        name: as `verify` and `coverage` print it.
        text: what happens.
        is_reproduced: whether `litert-reference` does the same, because it is deterministic; otherwise LiteRT aborts
            or reads outside its buffers there, and intengine computes what the operator means.
    """

    name: str
    text: str
    is_reproduced: bool = True


HYBRID_HALVES = Quirk(
    "hybrid-halves",
    "Dynamic-range operators quantize their float32 activations while running. On x86, whole groups of eight elements "
    "are rounded by adding 0.5 with the sign of the value and cutting off, which takes 0.49999997 to 1; the elements "
    "behind the last whole group round half away from zero.",
)
HYBRID_MINUS_128 = Quirk(
    "hybrid-minus-128",
    "Where a dynamic-range operator multiplies without ruy on x86, whole blocks of 16 products take a weight of -128 "
    "times a negative activation as -128 |q| instead of 128 |q|, because -128 has no negative in int8.",
)
SUM_OF_BYTES = Quirk(
    "sum-of-bytes",
    "The reference kernel of SUM reads int8 and int16 tensors as unsigned bytes and stores unsigned bytes.",
)
DIV_SHIFT = Quirk(
    "div-shift",
    "Quantized DIV rounds with shifts of 32 bits and more when quotients are small; C leaves that undefined, and x86 "
    "takes the count modulo 32.",
)
QUANTIZE_WRAP = Quirk(
    "quantize-wrap",
    "QUANTIZE of a real number whose quotient int32 cannot hold takes -2**31, and adding a negative zero point wraps "
    "around to the greatest output.",
)
ARG_NAN = Quirk(
    "arg-nan",
    "ARG_MAX and ARG_MIN along the last axis of float32 compare four lanes at a time, so that NaN changes which of the "
    "other elements wins.",
)
REDUCE_LIMITS = Quirk(
    "reduce-limits",
    "REDUCE_MAX and REDUCE_MIN of float32 start at the least and greatest finite number, which is the answer where all "
    "elements are infinite on that side.",
)
SKIP_GRAM_SPACE = Quirk(
    "skip-gram-space", "SKIP_GRAM drops the first word of a text that begins with a single white space."
)
BIDIRECTIONAL_PASSES = Quirk(
    "bidirectional-passes",
    "BIDIRECTIONAL_SEQUENCE_RNN with quantized weights and time-major sequences runs the whole sequence as many times "
    "as it has steps; the state goes on from pass to pass, and the last pass is the output.",
)
BIDIRECTIONAL_LINK = Quirk(
    "bidirectional-link",
    "BIDIRECTIONAL_SEQUENCE_RNN feeds the backward direction with an auxiliary input that has no weights only in "
    "time-major order; in batch-major order it ignores that input.",
)
BIDIRECTIONAL_AUX = Quirk(
    "bidirectional-aux",
    "BIDIRECTIONAL_SEQUENCE_RNN with time-major sequences or quantized weights steps through the auxiliary input by "
    "the depth of the input, so that another depth reads the wrong elements, or beyond the end.",
    is_reproduced=False,
)
SOFTMAX_SUM = Quirk(
    "softmax-sum",
    "8-bit SOFTMAX aborts the process when the exponentials sum to 512 or more, as 512 equal logits do.",
    is_reproduced=False,
)
HYBRID_ONE_SCALE = Quirk(
    "hybrid-one-scale",
    "Dynamic-range DEPTHWISE_CONV_2D, and CONV_2D with groups, read one filter scale for each channel even where the "
    "file has a single one, and so beyond the end of the scales.",
    is_reproduced=False,
)
INT16_BIAS = Quirk(
    "int16-bias",
    "CONV_2D, FULLY_CONNECTED and TRANSPOSE_CONV of int16 activations read an int32 bias as int64 when the options do "
    "not declare its type, and so beyond its end.",
    is_reproduced=False,
)
MFCC_UPPER = Quirk(
    "mfcc-upper", "Mfcc gives zeros where the upper frequency lies behind the last bin, half the sample rate."
)
FILL_STRINGS = Quirk(
    "fill-strings",
    "FILL of strings copies a pointer in place of the text.",
    is_reproduced=False,
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

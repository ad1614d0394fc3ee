"""What LiteRT does that no one would expect: each with where and how it shows."""

from dataclasses import dataclass


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


MFCC_UPPER = Quirk(
    "mfcc-upper", "Mfcc gives zeros where the upper frequency lies behind the last bin, half the sample rate."
)


FILL_STRINGS = Quirk(
    "fill-strings",
    "FILL of strings copies a pointer in place of the text.",
    is_reproduced=False,
)
HYBRID_MINUS_128 = Quirk(
    "hybrid-minus-128",
    "Where a dynamic-range operator multiplies without ruy on x86, whole blocks of 16 products take a weight of -128 "
    "times a negative activation as -128 |q| instead of 128 |q|, because -128 has no negative in int8.",
)
INT16_BIAS = Quirk(
    "int16-bias",
    "CONV_2D, FULLY_CONNECTED and TRANSPOSE_CONV of int16 activations read an int32 bias as int64 when the options do "
    "not declare its type, and so beyond its end.",
    is_reproduced=False,
)

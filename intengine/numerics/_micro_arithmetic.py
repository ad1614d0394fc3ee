"""Arithmetics in which tflite-micro's kernels and LiteRT's reference kernels differ; a value is a short description."""

from enum import StrEnum


class Ratio(StrEnum):
    """Multipliers of ABS, DIV, LEAKY_RELU, MUL, PRELU, RELU, RSQRT and SOFTMAX of int16: ratios of scales."""

    FLOAT32 = "products and quotients of scales rounded to float32"
    FLOAT64 = "products and quotients of scales in double precision"


class Sigmoid8(StrEnum):
    """LOGISTIC and TANH of int8."""

    FLOAT32_TABLE = "a float32 function, requantized by a float32 division"
    FIXED_POINT = "gemmlowp's 32-bit fixed-point function of 4 integer bits; saturated beyond 15"


class Relu6(StrEnum):
    """RELU6 of 8- and 16-bit integers."""

    RESCALED = "rescaled to the output's scale, then clamped"
    AS_STORED = "stored integers clamped at the input's scale, whatever the output's"


class Rsqrt16(StrEnum):
    """RSQRT of int16."""

    INTERPOLATED = "a table of 513 float32 values, interpolated"
    NEWTON = "Newton's method in integers"


class Softmax16(StrEnum):
    """Tables of exp and of the reciprocal in SOFTMAX of int16."""

    FLOAT64_TABLES = "tables made in double precision"
    FLOAT32_TABLES = "tables made in float32"


class CastToInteger(StrEnum):
    """CAST of floats to integers."""

    SATURATES = "beyond the range to its ends, NaN to the greatest integer"
    NAN_IS_ZERO = "beyond the range to its ends, NaN to 0"


class SvdfSum(StrEnum):
    """Sums of float32 SVDF."""

    LANES = "four partial sums, the bias last"
    SEQUENTIAL = "one after the other, the second from the bias"


class SvdfState(StrEnum):
    """What SVDF remembers in an int8 state."""

    CLAMPED = "the requantized sum plus the zero point, clamped"
    WRAPS = "the requantized sum, clamped, plus the zero point, which wraps"
    NO_ZERO_POINT = "the requantized sum, clamped; its zero point counts as 0"


class SequenceLstm(StrEnum):
    """UNIDIRECTIONAL_SEQUENCE_LSTM without peephole, projection, normalization, and with an input gate."""

    GEMMLOWP = "gates by gemmlowp's 16-bit functions, products rescaled by powers of two; float32 sums in lanes"
    SIGMOID_TABLE = "gates by the interpolated table of int16 LOGISTIC, products by multipliers; float32 sums in order"
    LATE_SATURATION = "the same, but what is added to a gate or a cell saturates only with the sum"

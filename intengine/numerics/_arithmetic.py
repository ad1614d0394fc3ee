"""Names of the arithmetic of operators without matrix products, one enumeration for each slot of a profile.

A member's value says in a line what is computed; the operators' own files have the formulas.
"""

from enum import StrEnum


class Rounding(StrEnum):
    """Fixed-point multipliers of operators without matrix products."""

    TWICE = "the high half of the product is rounded up, its right shift with ties away from zero"
    ONCE = "the whole product is rounded, with ties up"


class Quantizing(StrEnum):
    """QUANTIZE of real numbers."""

    DIVIDED = "x / scale in float32, halves away from zero"
    RECIPROCAL_BLOCKS = (
        "blocks of 8: x * (1 / scale) in float32, halves to even; the rest x / scale in float64, halves away"
    )
    RECIPROCAL = "x * (1 / scale) in float32, halves to even, saturating"


class Requantizing(StrEnum):
    """QUANTIZE from one 8-bit scale to another."""

    DOUBLE_ROUNDING = "31-bit multiplier, two roundings, the last with ties away from zero"
    UPWARD_BLOCKS = "blocks of 16: 31-bit multiplier, two roundings with ties up; the rest ties away from zero"
    MULTIPLIER_8 = "multiplier with 8 fraction bits, one rounding with ties up"


class Dequantizing(StrEnum):
    """DEQUANTIZE of integers with one scale."""

    SUBTRACTED = "scale * (q - zero_point), rounded once"
    SHIFTED_BLOCKS = (
        "blocks of 8: scale * q + (-zero_point * scale), three roundings; the rest scale * (q - zero_point)"
    )


class Summing(StrEnum):
    """SUM of quantized tensors."""

    FIXED_POINT = "31-bit multiplier, two roundings"
    FLOAT = "sum * scale + bias in float32, halves away from zero"
    FLOAT_EVEN = "sum * scale + zero_point in float32, halves to even"


class Averaging(StrEnum):
    """MEAN of quantized tensors."""

    FIXED_POINT = "31-bit multiplier over the number of elements, two roundings"
    IMAGE_BLOCKS = (
        "over height and width: float32 multiplier, channels in blocks of 16 with ties up; else as FIXED_POINT"
    )
    FLOAT_EVEN = "sum * (scale * (1 / n)) + zero_point in float32, halves to even"


class FloatElements(StrEnum):
    """Elementwise operators and average pooling of float32."""

    AS_WRITTEN = "each operation rounded, denormals kept; HARD_SWISH x * clamp(x + 3) / 6; means divided"
    SIXTH = "as AS_WRITTEN, but HARD_SWISH in blocks of 4 (x * (1 / 6)) * clamp(x + 3), the rest times 1 / 6 at last"
    FLUSHED = (
        "denormals are zeros, except here those of SQUARED_DIFFERENCE, MAXIMUM, MINIMUM, PRELU, MAX_POOL_2D and "
        "RESIZE_BILINEAR; HARD_SWISH by a fused multiply-add; average pools in groups of nine taps"
    )


class FloatAveraging(StrEnum):
    """MEAN of real numbers; UNITS also SUM."""

    IN_ORDER = "one sum in the order of the elements, divided"
    UNITS = "the innermost reduced axis by itself (the last in two times 16 lanes), those times 1 / n in order"
    LANES_OF_LAST_AXIS = "over the last axis: eight sums in SSE lanes, added in pairs, divided; else as IN_ORDER"


class Sigmoid16(StrEnum):
    """LOGISTIC and TANH of int16 whose scale is the power of two that gives 3 integer bits."""

    INTERPOLATED = "a table of 256 values, interpolated"
    FIXED_POINT = "exponential and reciprocal in 16-bit fixed point"


class Exponentials(StrEnum):
    """SOFTMAX and LOG_SOFTMAX of 8-bit logits."""

    FIXED_POINT = "exponentials, their sum and its reciprocal (logarithm) in fixed point"
    FLOAT_TABLE = "a table of float32 exponentials, their sum in order, float32 products"


class Addition(StrEnum):
    """ADD and SUB of quantized tensors."""

    DOUBLE_ROUNDING = "inputs shifted left by 20 (int16: 15) bits, three 31-bit multipliers, each two roundings"
    BLOCKS = "ADD in blocks of 16 (8): inputs rounded once by their multipliers; the rest as DOUBLE_ROUNDING"
    MULTIPLIER_21 = "two 21-bit multipliers, one shift with ties up"


class Multiplication(StrEnum):
    """MUL of 8-bit tensors."""

    DOUBLE_ROUNDING = "31-bit multiplier, two roundings"
    FLOAT_EVEN = "the product times a float32 scale, halves to even; of one tensor twice a table of float32 squares"


class LeakyRelu(StrEnum):
    """LEAKY_RELU of quantized tensors."""

    DOUBLE_ROUNDING = "two 31-bit multipliers, two roundings; a negative slope as its magnitude, negated after"
    NEGATIVE_MULTIPLIER = "as DOUBLE_ROUNDING, but int16 times a negative multiplier for a negative slope"
    MULTIPLIER_8 = "two multipliers with 8 fraction bits, one rounding with ties up"


class TableRounding(StrEnum):
    """LOGISTIC, TANH and ELU of 8-bit tensors: a table of float32 values."""

    HALF_AWAY = "y * (1 / scale) rounded halves away from zero, zero point added"
    HALF_EVEN = "y * (1 / scale) + zero_point in float32, halves to even"


class Resizing(StrEnum):
    """RESIZE_BILINEAR."""

    REFERENCE = "int8: weights of 10 bits, halves away from zero; uint8, float: float32, one weight after the other"
    WEIGHTS_FIRST = (
        "int8 as REFERENCE; uint8, float: products of weights first; enlarging by 8 (uint8) or 2 (float) exact"
    )
    WEIGHTS_11_BITS = "int8, uint8: weights of 11 bits, halves up; float: differences times weights"


class ProductOfNone(StrEnum):
    """REDUCE_PROD of quantized tensors over no axes, or axes of one element."""

    REQUANTIZED = "each element is requantized"
    COPIED = "elements are copied"

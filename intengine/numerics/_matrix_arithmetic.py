"""Arithmetic of matrix products that is no requantization: what profiles choose from, each with a description."""

from enum import Enum


class PackedInt4(Enum):
    """FULLY_CONNECTED of float32 with constant int4 weights, where rows fill at least one block."""

    AS_INT8 = "weights unpacked to int8, then as with int8 weights"
    NIBBLES = "weights + 7 as packed nibbles, rows quantized symmetrically; 7 times the row's sum taken off in float32"


class DepthwiseFloat(Enum):
    """DEPTHWISE_CONV_2D of float32: where a sum begins, and its order. Each product is rounded unless it is fused."""

    BIAS_LAST = "sum from 0 over taps by row, column; then the bias"
    BIAS_FIRST = "sum from the bias over taps by row, column"
    FUSED = "fused multiply-adds from the bias over taps by column, row; over more than 25 taps by row, column"

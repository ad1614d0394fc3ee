"""tflite-micro's reference kernels, which microcontrollers run."""

from dataclasses import replace

import numpy as np
from intengine_kernels.requantize import DOUBLE_ROUNDING, INT64_15BIT

from intengine.numerics._micro_arithmetic import (
    CastToInteger,
    Ratio,
    Relu6,
    Rsqrt16,
    SequenceLstm,
    Sigmoid8,
    SvdfSum,
)
from intengine.numerics._record import ConvScales, Requantizer, fixed_point
from intengine.numerics.litert_reference import LITERT_REFERENCE


def fully_connected(scales: ConvScales) -> Requantizer:
    """As a convolution; per tensor, the product of the input scales is a float32.

    Source: tensorflow/lite/micro/kernels/fully_connected_common.cc
    """
    if scales.filter.size == 1:
        products = (scales.input * scales.filter).astype(np.float32).astype(np.float64)
    else:
        products = np.float64(scales.input) * scales.filter.astype(np.float64)
    real = np.broadcast_to(products / np.float64(scales.output), scales.channels)
    return fixed_point(INT64_15BIT if scales.wide else DOUBLE_ROUNDING, real)


TFLM = replace(
    LITERT_REFERENCE,
    name="tflm",
    runtime="tflite-micro, reference kernels",
    version="tflite-micro 0.dev20261023",
    cpu="x86-64",
    evidence="compared with the live runtime",
    fully_connected=fully_connected,
    sum_reads_bytes=False,
    ratio=Ratio.FLOAT64,
    sigmoid8=Sigmoid8.FIXED_POINT,
    relu6=Relu6.AS_STORED,
    rsqrt16=Rsqrt16.NEWTON,
    cast_to_integer=CastToInteger.X86,
    svdf_sum=SvdfSum.SEQUENTIAL,
    sequence_lstm=SequenceLstm.SIGMOID_TABLE,
    adds_powers_of_two=False,
    add_clamps_int32=False,
    space_to_batch_pads=False,
    embedding_row_scales=False,
)

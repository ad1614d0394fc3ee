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
    Softmax16,
    SvdfState,
    SvdfSum,
)
from intengine.numerics._record import ConvScales, Requantizer, fixed_point
from intengine.numerics.litert_reference import LITERT_REFERENCE


def product(scales: ConvScales) -> Requantizer:
    """As a convolution, in fixed point; the scales of all operands in double precision.

    Source: tensorflow/lite/micro/kernels/fully_connected_common.cc, batch_matmul.cc
    """
    real = np.float64(scales.input) * scales.filter.astype(np.float64) / np.float64(scales.output)
    return fixed_point(INT64_15BIT if scales.wide else DOUBLE_ROUNDING, np.broadcast_to(real, scales.channels))


TFLM = replace(
    LITERT_REFERENCE,
    name="tflm",
    runtime="tflite-micro, reference kernels",
    version="tflite-micro 0.dev20261023",
    cpu="x86-64",
    evidence="compared with the live runtime",
    fully_connected=product,
    batch_matmul=product,
    sum_reads_bytes=False,
    ratio=Ratio.FLOAT64,
    sigmoid8=Sigmoid8.FIXED_POINT,
    relu6=Relu6.AS_STORED,
    rsqrt16=Rsqrt16.NEWTON,
    cast_to_integer=CastToInteger.NAN_IS_ZERO,
    softmax16=Softmax16.FLOAT32_TABLES,
    svdf_state=SvdfState.WRAPS,
    svdf_sum=SvdfSum.SEQUENTIAL,
    sequence_lstm=SequenceLstm.SIGMOID_TABLE,
    adds_powers_of_two=False,
    add_clamps_int32=False,
    space_to_batch_pads=False,
    embedding_row_scales=False,
    arg_max_passes_nan=False,
)

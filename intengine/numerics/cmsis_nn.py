"""tflite-micro with Arm's CMSIS-NN, as Cortex-M microcontrollers run it; the default build, which rounds twice.

Its requantization of 32-bit sums (arm_nn_requantize) is the doubling high multiply with a rounding shift, and that of
64-bit sums (arm_nn_requantize_s64) the 15-bit multiplier with one rounding: both are tflite-micro's, so convolutions,
layers, products, sums, pools and softmax are the same. What differs is stated here; operators that CMSIS-NN does not
have run tflite-micro's reference kernels.

Source: CMSIS-NN Include/arm_nnsupportfunctions.h
"""

from dataclasses import replace

from intengine.numerics._micro_arithmetic import SequenceLstm, SvdfState
from intengine.numerics.tflm import TFLM

#: Source: CMSIS-NN Source/NNSupportFunctions/arm_nn_lstm_step_s8.c, arm_elementwise_mul_acc_s16.c, arm_svdf_s8.c
CMSIS_NN = replace(
    TFLM,
    name="cmsis-nn",
    runtime="tflite-micro, CMSIS-NN kernels",
    version="CMSIS-NN, sources of July 2025",
    cpu="Cortex-M",
    evidence="source reading, unverified",
    sequence_lstm=SequenceLstm.LATE_SATURATION,
    svdf_state=SvdfState.NO_ZERO_POINT,
)

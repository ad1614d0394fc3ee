"""tflite-micro's reference kernels, which microcontrollers run."""

from dataclasses import replace

from intengine.numerics.litert_reference import LITERT_REFERENCE

TFLM = replace(
    LITERT_REFERENCE,
    name="tflm",
    runtime="tflite-micro, reference kernels",
    version="tflite-micro 0.dev20261023",
    cpu="any",
    evidence="compared with the live runtime",
    sum_reads_bytes=False,
)

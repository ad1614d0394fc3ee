"""Drawn keys that profile tflm does not give bit for bit, and why: there tflite-micro's answers hang on its memory.

A listed key that no longer differs in 200 draws leaves the list.
"""

_PADDED = "padded places of three-dimensional inputs change with what tflite-micro's memory holds; not examined"
_SPARSE = "tflite-micro reads the stored elements of sparse weights as if they were all, beyond their end"
_WIDE_RESULT = "tflite-micro writes products of int16 as int16 into an output of 8 bits, beyond its end"

#: (profile, key) -> reason.
INEXACT: dict[tuple[str, str], str] = {
    **{("tflm", f"SPACE_TO_BATCH_ND {kind}"): _PADDED for kind in ("float32", "int8")},
    **{("tflm", f"FULLY_CONNECTED sparse {kind}"): _SPARSE for kind in ("float32", "int8")},
    **{("tflm", f"MUL int16 to {kind}"): _WIDE_RESULT for kind in ("int8", "uint8")},
    ("tflm", "MUL int16 unscaled"): "tflite-micro divides by the scale 0 of tensors that have none",
    ("tflm", "GREATER int16"): "tflite-micro compares by parameters that it leaves as memory had them",
    ("tflm", "TRANSPOSE_CONV int16 x int8, int32 bias"): "tflite-micro reads int32 biases as int64, beyond their end",
    ("tflm", "TFLite_Detection_PostProcess float32 fast"): (
        "with several classes of a box tflite-micro leaves rows unwritten and writes beyond the end"
    ),
}

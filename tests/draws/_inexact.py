"""Drawn keys that a profile other than the reference's does not give bit for bit, and why.

The reference's arithmetic stands in for it there. A listed key that no longer differs in 200 draws leaves the list.
"""

#: Words of the keys of matrix products, which are not compared under these profiles here.
MATRIX = ("CONV", "FULLY_CONNECTED", "BATCH_MATMUL", "LSTM", "RNN", "SVDF", "LceB")

_EIGEN = "Eigen's polynomials of packets, its orders of sums and its reciprocals are not reproduced"
_POLYNOMIAL = "XNNPACK's approximation in AVX-512 is not reproduced"
_HALF = "XNNPACK's own arithmetic of float16 is not reproduced"

_OPTIMIZED = (
    "L2_POOL_2D",
    "LOCAL_RESPONSE_NORMALIZATION",
    "LOGISTIC bfloat16",
    "LOGISTIC float16",
    "LOGISTIC float32",
    "LOG_SOFTMAX float32",
    "SOFTMAX float32",
    "TANH float32",
)
_FLOAT = ("COS", "ELU", "EXP", "GELU", "LOG", "LOGISTIC", "RSQRT", "SIN", "SOFTMAX", "SQRT", "TANH")
_HALVES = ("COS", "GELU", "LOGISTIC", "MUL", "SIN", "SOFTMAX", "TANH")

#: (profile, key) -> reason.
INEXACT: dict[tuple[str, str], str] = {
    **{(profile, key): _EIGEN for profile in ("litert-optimized", "litert-xnnpack") for key in _OPTIMIZED},
    **{("litert-xnnpack", f"{op} float32"): _POLYNOMIAL for op in _FLOAT},
    **{("litert-xnnpack", f"{op} float16"): _HALF for op in _HALVES},
}

"""Drawn keys that a profile does not give bit for bit, and why.

The reference's arithmetic stands in for another's there. A key that no longer differs in 200 draws leaves the list.
"""

from tests.draws._inexact_micro import INEXACT as MICRO

_EIGEN = "Eigen's polynomials of packets, its orders of sums and its reciprocals are not reproduced"
_POLYNOMIAL = "XNNPACK's approximation in AVX-512 is not reproduced"
_BLOCKS = "Eigen splits sums by the shapes and the host's caches"
_SPARSE = "the delegate reads the stored elements of sparse weights as if they were all, beyond their end"
_COMPUTED = "the delegate packs weights that are not there yet"
_SHUFFLED = "LiteRT's kernel for four rows adds up in int16, which wraps; nobody writes such models any more"
_BLOCKWISE = "XNNPACK's order of blockwise sums is not reproduced"
_STATE = "LiteRT reads a state of int8 as int16, beyond its end"
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

_EIGEN_PRODUCTS = ("CONV_3D float32", "CONV_3D_TRANSPOSE float32", "TRANSPOSE_CONV float32")
_EIGEN_ALONE = ("CONV_2D", "FULLY_CONNECTED", "FULLY_CONNECTED sparse")

#: (profile, key) -> reason.
INEXACT: dict[tuple[str, str], str] = {
    **{(profile, key): _BLOCKS for profile in ("litert-optimized", "litert-xnnpack") for key in _EIGEN_PRODUCTS},
    **{
        ("litert-optimized", f"{op} float32"): _BLOCKS
        for op in ("CONV_2D", "FULLY_CONNECTED", "FULLY_CONNECTED sparse")
    },
    **{("litert-xnnpack", f"FULLY_CONNECTED sparse {kind}"): _SPARSE for kind in ("float32", "hybrid", "int8")},
    **{(profile, "FULLY_CONNECTED shuffled"): _SHUFFLED for profile in ("litert-optimized", "litert-xnnpack")},
    **{(f"litert-{name}", "SVDF int8 state"): _STATE for name in ("reference", "optimized", "xnnpack")},
    **MICRO,
    ("litert-xnnpack", "FULLY_CONNECTED blockwise int4"): _BLOCKWISE,
    ("litert-xnnpack", "BATCH_MATMUL float32 x int8 to float32"): _COMPUTED,
    **{(profile, key): _EIGEN for profile in ("litert-optimized", "litert-xnnpack") for key in _OPTIMIZED},
    **{("litert-xnnpack", f"{op} float32"): _POLYNOMIAL for op in _FLOAT},
    **{("litert-xnnpack", f"{op} float16"): _HALF for op in _HALVES},
}

"""Results -> JSON data."""

from typing import Any

from intengine.plain import plain
from intengine.verification import VerifyResult

__all__ = ["plain", "verify_result"]


def verify_result(result: VerifyResult) -> dict[str, Any]:
    """A verification with its sums."""
    sums = (
        "ok", "identical", "integer_bytes", "integer_elements", "integer_differing", "float_elements",
        "float_differing", "max_ulp",
    )  # fmt: skip
    data: dict[str, Any] = plain(result)
    tensors = data.pop("tensors")
    return data | {name: getattr(result, name) for name in sums} | {"tensors": tensors}

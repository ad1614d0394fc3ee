"""Builtin operators of the schema that cannot run, and why."""

_NEVER = "LiteRT has no kernel for it either"
_NO_KERNEL = "LiteRT has no kernel for it; converters lower it to other operators"

#: Name -> reason.
ABSENT: dict[str, str] = {
    "CALL": _NEVER,
    "CONCAT_EMBEDDINGS": _NEVER,
    "DELEGATE": "a runtime's own node; it is not written to files",
    "PLACEHOLDER_FOR_GREATER_OP_CODES": "a mark of the file format, not an operator",
    "STABLEHLO_CONVOLUTION": _NO_KERNEL,
    "STABLEHLO_CUSTOM_CALL": _NO_KERNEL,
    "STABLEHLO_DOT_GENERAL": _NO_KERNEL,
    "STABLEHLO_REDUCE": _NO_KERNEL,
    "STABLEHLO_SORT": _NO_KERNEL,
}


def reason(name: str) -> str:
    """Why an operator that is not registered cannot run."""
    if name.startswith("Flex"):
        return "a TensorFlow operator, which needs TensorFlow"
    return ABSENT.get(name, "no operator of that name is registered")

"""Where a quantized model loses accuracy, and what to do about it."""

from intengine.accuracy.comparing import compare
from intengine.accuracy.records import Comparison, Layer

__all__ = ["Comparison", "Layer", "compare"]

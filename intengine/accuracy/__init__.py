"""Which layer of a quantized model loses accuracy, and why."""

from intengine.accuracy.records import Comparison, Layer

__all__ = ["Comparison", "Layer"]

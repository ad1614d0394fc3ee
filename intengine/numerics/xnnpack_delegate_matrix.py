"""Which matrix products LiteRT's XNNPACK delegate takes."""

from intengine.numerics._record import Rule

MATRIX_RULES: dict[str, Rule] = {}

"""The arithmetic of one output element, written out: taps, accumulator, rounding, clamp, under every profile."""

from intengine.explanation._explain import Explainer, explain
from intengine.explanation._records import Explanation, ProfileValue, Read

__all__ = ["Explainer", "Explanation", "ProfileValue", "Read", "explain"]

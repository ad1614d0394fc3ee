"""Who can run a model: this engine, a live LiteRT or tflite-micro in a process of its own."""

from intengine.runners.litert import LiteRTRunner, RunnerError
from intengine.runners.tflm import TFLMRunner

__all__ = ["LiteRTRunner", "RunnerError", "TFLMRunner"]

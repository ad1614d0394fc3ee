"""Who can run a model: this engine, a live LiteRT in a process of its own, later golden files and commands."""

from intengine.runners.litert import LiteRTRunner, RunnerError

__all__ = ["LiteRTRunner", "RunnerError"]

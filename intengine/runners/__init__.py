"""Who can run a model: this engine, a live LiteRT in a process of its own, any command."""

from intengine.runners.command import CommandRunner, write_npz
from intengine.runners.litert import LiteRTRunner, RunnerError

__all__ = ["CommandRunner", "LiteRTRunner", "RunnerError", "write_npz"]

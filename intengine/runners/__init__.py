"""Who can run a model: this engine, a live LiteRT or tflite-micro in a process of its own, any command."""

from intengine.runners.command import CommandRunner, write_npz
from intengine.runners.litert import LiteRTRunner, RunnerError
from intengine.runners.tflm import TFLMRunner

Runner = LiteRTRunner | TFLMRunner
#: Profiles that a live runtime answers for.
RUNTIMES = ("litert-reference", "litert-optimized", "litert-xnnpack", "tflm")


def open_runner(profile: str) -> Runner:
    """The runtime that a profile of `RUNTIMES` is the arithmetic of.

    Raises:
        MissingDependencyError: if it is not installed.
    """
    if profile == "litert-reference":
        return LiteRTRunner("reference")
    if profile == "litert-optimized":
        return LiteRTRunner("optimized")
    return LiteRTRunner("xnnpack") if profile == "litert-xnnpack" else TFLMRunner()


__all__ = [
    "RUNTIMES",
    "CommandRunner",
    "LiteRTRunner",
    "Runner",
    "RunnerError",
    "TFLMRunner",
    "open_runner",
    "write_npz",
]

"""The group of all commands, one module each; only the one that runs is imported."""

import importlib

import click

import intengine

_COMMANDS = (
    "bench", "bisect", "compare", "coverage", "demo", "explain", "inspect", "lint", "ops", "probe", "run", "verify",
    "warmup", "what-if",
)  # fmt: skip


class _Group(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(_COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in _COMMANDS:
            return None
        module = name.replace("-", "_")
        command: click.Command = getattr(importlib.import_module(f"intengine.cli.{module}"), module)
        return command


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(intengine.__version__, prog_name="intengine")
def main() -> None:
    """Exact integer inference for .tflite models: bit for bit what LiteRT's reference kernels compute.

    \b
    Examples:
      intengine demo                                        the embedded models against recorded LiteRT outputs
      intengine inspect model.tflite                        what is inside
      intengine coverage model.tflite                       what of it runs here, and how exactly
      intengine run model.tflite --input photo.png --labels labels.txt
      intengine verify model.tflite                         every tensor against a live LiteRT
      intengine compare float.tflite model.tflite --data d.npz   which layer loses accuracy, and why
      intengine what-if model.tflite --data d.npz --enable-one   what each operator in float32 would gain
      intengine bisect model.tflite --data d.npz --check "sqnr>=30"   the fewest operators to keep in float32
      intengine explain model.tflite --op 5 --at 0,3,4,7 --random 0   one element, tap by tap
      intengine lint model.tflite                           what rules find in it, without data
      intengine probe                                       whose arithmetic an installed LiteRT uses
      intengine bench model.tflite                          how fast, beside LiteRT
      intengine warmup model.tflite                         compile its kernels beforehand

    \b
    Exit codes: 0 done or equal, 1 differs, 2 usage or input, 3 unsupported, 4 not a usable model.
    """

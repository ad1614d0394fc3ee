"""The group of all commands."""

import click

import intengine
from intengine.cli.bisect import bisect
from intengine.cli.compare import compare
from intengine.cli.coverage import coverage
from intengine.cli.demo import demo
from intengine.cli.inspect import inspect
from intengine.cli.ops import ops
from intengine.cli.probe import probe
from intengine.cli.run import run
from intengine.cli.verify import verify
from intengine.cli.whatif import what_if


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
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
      intengine probe                                       whose arithmetic an installed LiteRT uses

    \b
    Exit codes: 0 done or equal, 1 differs, 2 usage or input, 3 unsupported, 4 not a usable model.
    """


for command in (demo, inspect, coverage, run, verify, compare, what_if, bisect, probe, ops):
    main.add_command(command)

"""A runner for `intengine verify --against "cmd:python run.py ./dense"`: hands one int8 layer to a C program.

Called as run.py PROGRAM MODEL INPUTS.npz OUTPUTS.npz. It reads the model with intengine, writes what the program needs
as plain text, and puts the program's numbers into the npz under the tensor's index.
"""

import subprocess
import sys

import numpy as np

import intengine
from intengine.quantization import quantize_multiplier


def main(program: str, model_path: str, inputs_path: str, outputs_path: str) -> None:
    graph = intengine.load(model_path).main
    (node,) = graph.nodes
    assert node.op == "FULLY_CONNECTED", "this example runs one FULLY_CONNECTED layer"
    x, weights, bias, y = (graph.tensors[i] for i in (*node.inputs, *node.outputs))
    scales = [float(tensor.quantization.scale[0]) for tensor in (x, weights, y)]
    multiplier, shift = quantize_multiplier(scales[0] * scales[1] / scales[2])
    channels, depth = weights.shape
    with np.load(inputs_path) as data:
        (values,) = (data[name] for name in data.files)
    numbers = [
        channels, depth, int(x.quantization.zero_point[0]), int(y.quantization.zero_point[0]), multiplier, shift,
        *weights.raw.view(np.int8).tolist(), *bias.raw.view(np.int32).tolist(), *values.reshape(-1).tolist(),
    ]  # fmt: skip
    done = subprocess.run([program], input=" ".join(map(str, numbers)), capture_output=True, text=True, check=True)
    result = np.array(done.stdout.split(), np.int8).reshape(y.shape)
    np.savez(outputs_path, **{str(y.index): result})


if __name__ == "__main__":
    main(*sys.argv[1:])

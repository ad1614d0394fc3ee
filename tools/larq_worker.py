"""Runs models in larq-compute-engine, for tools/record_larq.py: arrays in and out as .npz on the standard streams.

Needs an environment of its own: pip install --no-deps larq-compute-engine "numpy<2".
"""

import importlib.util
import io
import os
import struct
import sys
from importlib.metadata import distribution

import numpy as np


def main() -> None:
    # The package itself wants TensorFlow; its interpreter does not.
    folder = distribution("larq-compute-engine").locate_file("larq_compute_engine/tflite/python")
    path = os.path.join(str(folder), "interpreter_wrapper_lite.so")
    spec = importlib.util.spec_from_file_location("interpreter_wrapper_lite", path)
    wrapper = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(wrapper)
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    while len(head := sys.stdin.buffer.read(8)) == 8:
        given = np.load(io.BytesIO(sys.stdin.buffer.read(struct.unpack("<Q", head)[0])))
        model = given["model"].tobytes()
        # Arrays of this process's own types: those that were read do not pass the wrapper's checks.
        inputs = [
            np.frombuffer(given[key].tobytes(), given[key].dtype.name).reshape(given[key].shape).copy()
            for key in sorted(given.files)
            if key != "model"
        ]
        found = wrapper.LiteInterpreter(model, 1, True, False, False).predict(inputs)
        out = io.BytesIO()
        np.savez(out, **{f"o{i}": np.asarray(array) for i, array in enumerate(found)})
        data = out.getvalue()
        answers.write(struct.pack("<Q", len(data)) + data)
        answers.flush()


if __name__ == "__main__":
    main()

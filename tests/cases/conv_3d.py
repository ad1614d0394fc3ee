"""CONV_3D and CONV_3D_TRANSPOSE: paddings, strides, dilations, activations, with and without bias."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from intengine.shapes import window_output
from tests.cases import Problem
from tests.cases._build import constant, given, one_op, result, uniform

#: name -> (sizes, window, strides, dilations, SAME)
GEOMETRIES: dict[str, tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...], tuple[int, ...], bool]] = {
    "plain": ((3, 4, 5), (2, 2, 2), (1, 1, 1), (1, 1, 1), False),
    "same": ((3, 4, 5), (3, 2, 3), (1, 1, 1), (1, 1, 1), True),
    "strided": ((5, 6, 7), (2, 3, 1), (2, 1, 3), (1, 1, 1), True),
    "strided_valid": ((5, 6, 7), (2, 3, 1), (2, 1, 3), (1, 1, 1), False),
    "dilated": ((6, 5, 7), (2, 3, 2), (1, 1, 1), (2, 1, 3), False),
    "dilated_same": ((4, 5, 6), (2, 3, 2), (1, 1, 1), (2, 2, 3), True),
    "one": ((1, 1, 1), (1, 1, 1), (1, 1, 1), (1, 1, 1), False),
}


def _problem(where: str, *, transpose: bool, bias: bool = True, activation: int = 0) -> Problem:
    whole, window, strides, dilations, same = GEOMETRIES[where]
    name = f"conv_3d_{'transpose_' * transpose}{where}_{activation}" + "_no_bias" * (not bias)
    rng = np.random.default_rng(list(name.encode()))
    sizes = [window_output(*size, same) for size in zip(whole, window, strides, dilations, strict=True)]
    near, far = (2, *whole, 3), (2, *sizes, 5)
    options: dict[str, Any] = {
        "padding": 0 if same else 1,
        "fused_activation_function": activation,
        **{f"stride_{axis}": stride for axis, stride in zip("dhw", strides, strict=True)},
        **{f"dilation_{axis}_factor": dilation for axis, dilation in zip("dhw", dilations, strict=True)},
    }
    w = constant("FLOAT32", uniform(rng, "FLOAT32", (*window, 3, 5)))
    more = [constant("FLOAT32", uniform(rng, "FLOAT32", (3 if transpose else 5,)))] * bias
    x = given("FLOAT32", uniform(rng, "FLOAT32", far if transpose else near))
    if not transpose:
        return one_op(name, "CONV_3D", [x, w, *more], [result("FLOAT32", far)], **options)
    inputs = [constant("INT32", np.array(near)), w, x, *more]
    return one_op(name, "CONV_3D_TRANSPOSE", inputs, [result("FLOAT32", near)], **options)


def problems() -> Iterator[Problem]:
    for transpose in (False, True):
        for where in GEOMETRIES:
            yield _problem(where, transpose=transpose)
        yield _problem("same", transpose=transpose, bias=False)
        for activation in (1, 2, 3):
            yield _problem("same", transpose=transpose, activation=activation)

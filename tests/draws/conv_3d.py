"""CONV_3D and CONV_3D_TRANSPOSE."""

from typing import Any

import numpy as np
from hypothesis import strategies as st

from intengine.shapes import window_output
from tests.cases import Problem
from tests.cases._build import constant, one_op, result
from tests.draws._build import Draw, tensors


@st.composite
def _conv_3d(draw: Draw, *, transpose: bool) -> Problem:
    """Both ways from [batches, *whole, channels] to what its windows give; the transpose goes back."""
    axes = range(3)
    whole = [draw(st.integers(1, 6)) for _ in axes]
    window = [draw(st.integers(1, 3)) for _ in axes]
    strides = [draw(st.integers(1, 3)) for _ in axes]
    dilations = [draw(st.sampled_from([1, 1, 2])) for _ in axes]
    same = draw(st.booleans())
    sizes = [window_output(*size, same) for size in zip(whole, window, strides, dilations, strict=True)]
    # LiteRT refuses outputs without elements.
    if 0 in sizes:
        same, sizes = True, [-(-n // s) for n, s in zip(whole, strides, strict=True)]
    batches, many, few = draw(st.integers(1, 2)), draw(st.integers(1, 9)), draw(st.integers(1, 20))
    options: dict[str, Any] = {
        "padding": 0 if same else 1,
        "fused_activation_function": draw(st.integers(0, 3)),
        **{f"stride_{axis}": stride for axis, stride in zip("dhw", strides, strict=True)},
        **{f"dilation_{axis}_factor": dilation for axis, dilation in zip("dhw", dilations, strict=True)},
    }
    near, far = (batches, *whole, many), (batches, *sizes, few)
    w = draw(tensors("FLOAT32", (*window, many, few), constant=None))
    bias = draw(tensors("FLOAT32", (many if transpose else few,), constant=True)) if draw(st.booleans()) else None
    x = draw(tensors("FLOAT32", far if transpose else near))
    if not transpose:
        return one_op("conv_3d", "CONV_3D", [x, w] + [bias] * (bias is not None), [result("FLOAT32", far)], **options)
    inputs = [constant("INT32", np.array(near)), w, x] + [bias] * (bias is not None)
    return one_op("conv_3d_transpose", "CONV_3D_TRANSPOSE", inputs, [result("FLOAT32", near)], **options)


DRAWS = {
    "CONV_3D float32": _conv_3d(transpose=False),
    "CONV_3D_TRANSPOSE float32": _conv_3d(transpose=True),
}

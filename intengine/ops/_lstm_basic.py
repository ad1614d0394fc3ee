"""The basic LSTM cell of 5 inputs: input, last output, weights of all gates, bias, last state.

Its outputs are output, state, input and last output side by side, and the gates before their activation. Output and
state become the last ones of the next run where these are variable tensors.

Source: tflite/kernels/lstm.cc
"""

from collections.abc import Sequence

import numpy as np
from intengine_kernels.lstm_basic import lstm_basic_float, lstm_basic_integer

from intengine.model import TensorType
from intengine.ops._context import NodeContext
from intengine.ops._gemmlowp16 import logistic_table, tanh_table
from intengine.ops._lstm import power_of_two
from intengine.ops._lstm_float_weights import product_order
from intengine.quantization import quantize_multiplier
from intengine.shapes import Shape
from intengine.step import Call, Scratch

_FLOAT = (TensorType.FLOAT32,) * 9
_INTEGER = (
    TensorType.UINT8, TensorType.UINT8, TensorType.UINT8, TensorType.INT32, TensorType.INT16,
    TensorType.UINT8, TensorType.INT16, TensorType.UINT8, TensorType.INT16,
)  # fmt: skip


def infer(ctx: NodeContext) -> Sequence[Shape]:
    source, old_output, weights, bias, old_state = (ctx.input(i) for i in range(5))
    ctx.require(source.rank == 2 and old_output.rank == 2, "needs 2-D inputs", [source.shape, old_output.shape])
    batch, inputs = source.shape
    units = old_output.shape[1]
    for operand, shape in (
        (old_output, (batch, units)), (old_state, (batch, units)),
        (weights, (4 * units, inputs + units)), (bias, (4 * units,)),
    ):  # fmt: skip
        if operand.shape != shape:
            operand.refuse(f"needs shape {list(shape)}", str(list(operand.shape)))
    return [(batch, units), (batch, units), (batch, inputs + units), (batch, 4 * units)]


def prepare(ctx: NodeContext) -> Sequence[Call]:
    inputs = [ctx.input(i) for i in range(5)]
    outputs = [ctx.output(i) for i in range(4)]
    types = tuple(operand.type for operand in (*inputs, *outputs))
    source, old_output, weights, bias, old_state = inputs
    batch, units = old_output.shape
    matrix, offsets = np.array(weights.known()), np.array(bias.known())
    ends = tuple(out.ref() for out in outputs)
    steps = (source.ref(), old_output.ref(), old_state.ref(), matrix, offsets)
    if types == _FLOAT:
        order = product_order(batch, *weights.shape)
        work = Scratch(np.dtype(np.float32), (3, units))
        calls = [Call(lstm_basic_float, (*steps, order, work, *ends))]
    elif types == _INTEGER:
        power = power_of_two(outputs[1])
        ctx.require(power == -11, "needs a state scale of 2**-11", float(outputs[1].scale))
        multiplier, shift = quantize_multiplier(4096.0 * float(bias.scale))
        call = Call(
            lstm_basic_integer,
            (*steps, weights.zero_point, multiplier, shift, logistic_table(3), tanh_table(3), *ends),
        )
        calls = [call]
    else:
        ctx.unsupported()
    calls += [
        Call(np.copyto, (old.ref(), new))
        for old, new in ((old_output, ends[0]), (old_state, ends[1]))
        if old.spec.is_variable
    ]
    return calls

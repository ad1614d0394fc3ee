"""A PAD that only convolutions read is left to them, where the run keeps no tensor but the outputs.

What a quantized convolution reads outside of its image is the zero point of its input, and so is what PAD puts around
it; a float depthwise one skips what is outside, where PAD puts zeros. The convolution then reads the image before
padding, with larger paddings of its own: the same taps.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

from intengine_kernels.jit import parameters
from numpy.typing import NDArray

from intengine.shapes import Shape
from intengine.step import Call, Ref, Step, leaves


def absorb(
    steps: Sequence[Step], shapes: Mapping[int, Shape], known: Mapping[int, NDArray[Any]], kept: Collection[int]
) -> tuple[Step, ...]:
    """The steps, in place of some PADs ones that do nothing, and convolutions that pad by themselves.

    Args:
        shapes: tensor -> shape. known: tensor -> elements known before running.
        kept: tensors that must have their bytes, or may change at any time: the graph's outputs and variables.
    """
    found = list(steps)
    readers = defaultdict(list)
    for at, step in enumerate(steps):
        for tensor in set(step.inputs):
            readers[tensor].append(at)
    written = Counter(tensor for step in steps for tensor in step.outputs)
    for at, step in enumerate(steps):
        if step.op != "PAD":
            continue
        (image, amounts), (padded,) = step.inputs, step.outputs
        border = _border(known.get(amounts))
        if border is None or {image, padded} & {*kept, *known} or written[padded] > 1 or written[image] > 1:
            continue
        takers = {i: _padding_itself(found[i], padded, image, shapes[image], border) for i in readers[padded]}
        if takers and None not in takers.values():
            found[at] = replace(step, inputs=(), outputs=(), calls=())
            for i, taker in takers.items():
                found[i] = taker or found[i]
    return tuple(found)


def _border(amounts: NDArray[Any] | None) -> tuple[int, int] | None:
    """(rows above, columns to the left), if only height and width of [B, H, W, C] are padded."""
    if amounts is None or amounts.size != 8:
        return None
    (batch, rows, columns, channels) = amounts.reshape(4, 2).tolist()
    return None if any(batch) or any(channels) else (rows[0], columns[0])


def _padding_itself(step: Step, padded: int, image: int, shape: Shape, border: tuple[int, int]) -> Step | None:
    """The step reading the image in place of the padded one; None if one of its calls cannot."""
    calls = []
    for call in step.calls:
        if any(isinstance(arg, Ref) and arg.tensor == padded for arg in leaves(call.args)):
            if not call.pads:
                return None
            call = _moved(call, image, shape, border)
        calls.append(call)
    inputs = tuple(image if tensor == padded else tensor for tensor in step.inputs)
    return replace(step, inputs=inputs, calls=tuple(calls))


def _moved(call: Call, image: int, shape: Shape, border: tuple[int, int]) -> Call:
    args = dict(zip(parameters(call.kernel), call.args, strict=True))
    args["x"] = Ref(image, args["x"].dtype, shape)
    args["pad_h"] += border[0]
    args["pad_w"] += border[1]
    reach = call.reach and replace(
        call.reach, height=shape[1], row=shape[2] * shape[3], before=call.reach.before + border[0]
    )
    return replace(call, args=tuple(args.values()), reach=reach)

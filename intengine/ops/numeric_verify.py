"""NumericVerify: a quantized tensor against the real one that it stands for."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from intengine.errors import InputError
from intengine.model import TensorType
from intengine.numerics import Dequantizing
from intengine.ops._context import NodeContext
from intengine.ops._flexbuffer import integer, options, real
from intengine.ops._registry import Operator, register
from intengine.ops._table import same_shape
from intengine.step import Call

_TYPES = (TensorType.UINT8, TensorType.INT8, TensorType.INT16, TensorType.FLOAT16)


def _verify(
    x: NDArray[Any], reference: NDArray[np.float32], scale: float, zero_point: int, block: int, limit: float,
    out: NDArray[Any],
) -> None:  # fmt: skip
    real = x.astype(np.float32)
    if scale:
        shifted = real.reshape(-1)[: x.size - x.size % block] * np.float32(scale) + np.float32(-zero_point * scale)
        real = (np.float64(scale) * (x.astype(np.int64) - zero_point)).astype(np.float32)
        if block > 1:
            real.reshape(-1)[: shifted.size] = shifted
    np.subtract(real, reference, out=out)
    far = np.abs(out) > np.float32(limit)
    if far.any():
        worst = int(np.abs(out).argmax())
        raise InputError(
            f"NumericVerify needs differences of at most {limit:g}; {int(far.sum())} of {out.size} are greater, the "
            f"greatest {float(out.reshape(-1)[worst]):g} at element {worst}."
        )


def prepare(ctx: NodeContext) -> Sequence[Call]:
    """The dequantized numbers less the real ones; where `log_if_failed` is set, a difference of more than `tolerance`
    steps of the scale is an error.

    Source: tflite/kernels/numeric_verify.cc
    """
    source, reference, out = ctx.input(0), ctx.input(1), ctx.output()
    if source.type not in _TYPES or not reference.type is out.type is TensorType.FLOAT32:
        ctx.unsupported()
    ctx.require(source.shape == reference.shape, "needs two tensors of one shape", (source.shape, reference.shape))
    given = options(ctx.node.custom_options)
    is_half = source.type is TensorType.FLOAT16
    scale, zero_point = (0.0, 0) if is_half else (float(source.scale), source.zero_point)
    limit = real(given, "tolerance") * scale if integer(given, "log_if_failed") else np.inf
    block = 8 if ctx.numerics.dequantizing is Dequantizing.SHIFTED_BLOCKS else 1
    return [Call(_verify, (source.ref(), reference.ref(), scale, zero_point, block, limit, out.ref()))]


register(
    Operator(
        "NumericVerify",
        same_shape,
        prepare,
        (2, 2),
        tuple(f"{t.name.lower()} x float32 -> float32" for t in _TYPES),
    )
)

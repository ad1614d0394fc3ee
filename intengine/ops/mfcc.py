"""Mfcc: a spectrogram float32 [channels, frames, bins] -> mel-frequency coefficients [.., .., coefficients]."""

import math
from collections.abc import Sequence

import numpy as np
from intengine_kernels.double import cos_double, log_double
from numpy.typing import NDArray

from intengine.model import TensorType
from intengine.ops._context import NodeContext
from intengine.ops._mel import Bank, Settings
from intengine.ops._registry import Operator, register
from intengine.shapes import Shape
from intengine.step import Call

#: What a band has at least, for the logarithm.
_FLOOR = 1e-12


def infer(ctx: NodeContext) -> Sequence[Shape]:
    settings, source = Settings.of(ctx), ctx.input(0)
    ctx.require(source.rank == 3, "needs an input [channels, frames, bins]", list(source.shape))
    ctx.require(ctx.input(1).size == 1, "needs one sample rate", ctx.input(1).size)
    return [(*source.shape[:2], settings.coefficients)]


def _cosines(settings: Settings) -> NDArray[np.float64]:
    """[bands, coefficients] of the cosine transform."""
    norm, turn = math.sqrt(2.0 / settings.bands), math.pi / settings.bands
    angles = np.arange(settings.coefficients) * turn * (np.arange(settings.bands)[:, np.newaxis] + 0.5)
    table = np.empty(angles.size)
    cos_double(angles.reshape(-1), table)
    return norm * table.reshape(angles.shape)


def _mfcc(
    x: NDArray[np.float32], rate: NDArray[np.int32], settings: Settings, cosines: NDArray[np.float64],
    out: NDArray[np.float32],
) -> None:  # fmt: skip
    bank = Bank.of(settings, x.shape[1], int(rate[0]))
    if not bank.is_within:
        out[...] = 0
        return
    with np.errstate(all="ignore"):
        sums = bank.spread(np.sqrt(x.astype(np.float64)), settings.bands)
        floored = np.where(sums < _FLOOR, _FLOOR, sums)
        logs = np.empty(sums.shape)
        log_double(floored.reshape(-1), logs.reshape(-1))
        total = np.zeros(out.shape)
        for j, row in enumerate(cosines):
            total += row * logs[:, j : j + 1]
        out[...] = total


def prepare(ctx: NodeContext) -> Sequence[Call]:
    """Magnitudes in triangles evenly spaced in mel, their logarithms, a cosine transform; all in float64.

    Zeros where the upper frequency lies behind the last bin, as in LiteRT.

    Source: tflite/kernels/mfcc.cc, tflite/kernels/internal/mfcc.cc, mfcc_mel_filterbank.cc, mfcc_dct.cc
    """
    source, rate, out = ctx.input(0), ctx.input(1), ctx.output()
    if not source.type is out.type is TensorType.FLOAT32 or rate.type is not TensorType.INT32:
        ctx.unsupported()
    ctx.require(source.shape[2] >= 2, "needs two bins or more", source.shape[2])
    if out.size == 0:
        return []
    settings = Settings.of(ctx)
    ctx.require(settings.bands * settings.coefficients <= 2**22, "needs fewer bands", settings.bands)
    rows = source.shape[0] * source.shape[1]
    x, y = source.ref((rows, source.shape[2])), out.ref((rows, settings.coefficients))
    return [Call(_mfcc, (x, rate.ref((1,)), settings, _cosines(settings), y))]


register(Operator("Mfcc", infer, prepare, (2, 2), ("float32 x int32 -> float32",)))

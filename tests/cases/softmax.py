"""SOFTMAX and LOG_SOFTMAX: every type, flat and peaked rows, large and tiny scales, beta."""

from collections.abc import Iterator

import numpy as np

from tests.cases import Problem
from tests.cases._build import given, one_op, result, uniform

EXP_LIBM = "the exponential of the host's libm, at most one unit from LiteRT's, in every term of the sum"


def problems() -> Iterator[Problem]:
    rng = np.random.default_rng(1)
    outputs = {"INT8": (1 / 256, -128), "UINT8": (1 / 256, 0), "INT16": (1 / 32768, 0)}
    for kind, target in (("INT8", "INT8"), ("UINT8", "UINT8"), ("INT8", "INT16"), ("INT16", "INT16")):
        for i, scale in enumerate((0.1, 0.5, 0.0039, 2.0)):
            scale = scale / 100 if kind == "INT16" else scale
            for shape in ((3, 10), (1, 1, 2, 7), (4, 1), (2, 130)):
                x = uniform(rng, kind, shape)
                x[..., 0, :] = x[..., 0, :1]
                if shape == (2, 130):
                    x = (x >> 5).astype(x.dtype)
                for beta in (1.0, 0.5) if i == 0 else (1.0,):
                    name = f"softmax_{kind}_{target}_{scale}_{'x'.join(map(str, shape))}_{beta}"
                    zero = 0 if kind == "INT16" else 3
                    out = result(target, shape, *outputs[target])
                    version = 3 if "INT16" in (kind, target) else 2
                    yield one_op(name, "SOFTMAX", [given(kind, x, scale, zero)], [out], version=version, beta=beta)
    for kind, zero in (("INT8", 127), ("UINT8", 255)):
        for scale in (0.1, 0.5, 0.0039, 2.0):
            for shape in ((3, 10), (4, 1), (2, 130)):
                x = uniform(rng, kind, shape)
                x[0] = x[0, 0]
                name = f"log_softmax_{kind}_{scale}_{shape[1]}"
                yield one_op(
                    name, "LOG_SOFTMAX", [given(kind, x, scale, 3)], [result(kind, shape, 1 / 16, zero)], version=2
                )
    x = uniform(rng, "FLOAT32", (5, 37))
    for beta in (1.0, 0.3):
        yield one_op(
            f"softmax_FLOAT32_{beta}",
            "SOFTMAX",
            [given("FLOAT32", x)],
            [result("FLOAT32", x.shape)],
            beta=beta,
            ulp=2,
            reason=EXP_LIBM,
        )
    yield one_op(
        "log_softmax_FLOAT32",
        "LOG_SOFTMAX",
        [given("FLOAT32", x)],
        [result("FLOAT32", x.shape)],
        ulp=2,
        reason=EXP_LIBM,
    )

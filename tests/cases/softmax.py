"""SOFTMAX and LOG_SOFTMAX: every type, flat and peaked rows, large and tiny scales, beta, special floats."""

from collections.abc import Iterator

import numpy as np

from tests.cases import Problem
from tests.cases._build import FULL_RANGE, given, one_op, result, uniform

OUTPUTS = {"INT8": (1 / 256, -128), "UINT8": (1 / 256, 0), "INT16": (1 / 32768, 0)}
SCALES = (0.1, 0.5, 0.0039, 2.0, 1e-5, 40.0)
NAN, INF = np.nan, np.inf
SPECIAL = [
    [INF, 0, 1, 2, 3], [-INF] * 5, [NAN, 0, 0, 0, 0], [0, NAN, 1, 2, 0], [-INF, 1, 2, 3, 4], [3.4e38] * 5,
    [-3.4028235e38] * 5, [-0.0] * 5, [INF, INF, 0, 0, 0], [9, 88, -104, -87.5, -150], [0, -88, -95, -103.5, -104],
]  # fmt: skip


def problems() -> Iterator[Problem]:
    rng = np.random.default_rng(1)
    for kind, target in (("INT8", "INT8"), ("UINT8", "UINT8"), ("INT8", "INT16"), ("UINT8", "INT16"), ("INT16",) * 2):
        for i, scale in enumerate(SCALES):
            scale = scale / 100 if kind == "INT16" else scale
            for shape in ((3, 10), (1, 1, 2, 7), (4, 1), (2, 130)):
                x = uniform(rng, kind, shape)
                x[..., 0, :] = x[..., 0, :1]
                if shape == (2, 130):
                    x = (x >> 5).astype(x.dtype)
                for beta in (1.0, 0.5, 3.7) if i == 0 else (1.0,):
                    name = f"softmax_{kind}_{target}_{scale}_{'x'.join(map(str, shape))}_{beta}"
                    zero = 0 if kind == "INT16" else FULL_RANGE[kind][i % 2]
                    out = result(target, shape, *OUTPUTS[target])
                    version = 3 if "INT16" in (kind, target) else 2
                    yield one_op(name, "SOFTMAX", [given(kind, x, scale, zero)], [out], version=version, beta=beta)
    x = uniform(rng, "INT16", (3, 8))
    for beta in (0.0, -1.0):
        out = result("INT16", x.shape, *OUTPUTS["INT16"])
        yield one_op(f"softmax_INT16_{beta}", "SOFTMAX", [given("INT16", x, 1e-4, 0)], [out], version=3, beta=beta)
    for kind, zero in (("INT8", 127), ("UINT8", 255)):
        for i, scale in enumerate(SCALES):
            for shape in ((3, 10), (4, 1), (2, 130)):
                x = uniform(rng, kind, shape)
                x[0] = x[0, 0]
                yield one_op(
                    f"log_softmax_{kind}_{scale}_{shape[1]}",
                    "LOG_SOFTMAX",
                    [given(kind, x, scale, FULL_RANGE[kind][i % 2])],
                    [result(kind, shape, 1 / 16, zero)],
                    version=2,
                )
    for name, x in (("FLOAT32", uniform(rng, "FLOAT32", (5, 37))), ("special", np.array(SPECIAL, np.float32))):
        out = result("FLOAT32", x.shape)
        for beta in (1.0, 0.3, 0.0, -2.0):
            yield one_op(f"softmax_{name}_{beta}", "SOFTMAX", [given("FLOAT32", x)], [out], beta=beta)
        yield one_op(f"log_softmax_{name}", "LOG_SOFTMAX", [given("FLOAT32", x)], [out])

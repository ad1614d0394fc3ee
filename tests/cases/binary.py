"""Operators of two broadcast inputs: all types, every kind of broadcasting, fused activations, ties."""

from collections.abc import Iterator

import numpy as np

from tests.cases import Problem
from tests.cases._build import constant, given, one_op, result, uniform

SHAPES = [
    ((2, 3, 4, 5), (2, 3, 4, 5)),
    ((2, 3, 4, 5), (5,)),
    ((2, 3, 4, 5), (1, 3, 1, 5)),
    ((1, 1, 4, 1), (2, 3, 1, 5)),
    ((7,), (1,)),
    ((), (3, 2)),
    ((33,), (33,)),
]
#: Of which the second is repeated in memory, since rows would be short.
REPEATED = [((8, 16, 3), ()), ((7, 15, 3), (3,)), ((4, 6, 1), (1, 17)), ((9, 32), (9, 1))]
ALL_PAIRS = (np.repeat(np.arange(-128, 128, 5), 52), np.tile(np.arange(-128, 128, 5), 52))


def _quantized(
    op: str, kind: str, scales: tuple[float, float, float], zeros: tuple[int, int, int]
) -> Iterator[Problem]:
    rng = np.random.default_rng(len(op) + len(kind))
    shift = 128 if kind == "UINT8" else 0
    za, zb, zo = (0, 0, 0) if kind == "INT16" else tuple(z + shift for z in zeros)
    pot = {"pot_scale_int16": False} if op in ("ADD", "SUB") else {}
    version = {"ADD": 2, "SUB": 2, "MUL": 2}[op]
    tag = f"{op.lower()}_{kind}_{scales[2]}"
    for i, (a, b) in enumerate(SHAPES):
        x, y = given(kind, uniform(rng, kind, a), scales[0], za), given(kind, uniform(rng, kind, b), scales[1], zb)
        out = result(kind, np.broadcast_shapes(a, b), scales[2], zo)
        yield one_op(f"{tag}_shape{i}", op, [x, y], [out], version=version, **pot)
    for i, (a, b) in enumerate(REPEATED):
        for make in (given, constant):
            x, y = given(kind, uniform(rng, kind, a), scales[0], za), make(kind, uniform(rng, kind, b), scales[1], zb)
            out = result(kind, np.broadcast_shapes(a, b), scales[2], zo)
            yield one_op(f"{tag}_repeated{i}_{make.__name__}", op, [x, y], [out], version=version, **pot)
    for activation in (1, 2, 3):
        x = given(kind, uniform(rng, kind, (50,)), scales[0], za)
        y = constant(kind, uniform(rng, kind, (50,)), scales[1], zb)
        out = result(kind, (50,), scales[2], zo)
        yield one_op(
            f"{tag}_act{activation}", op, [x, y], [out], version=version, fused_activation_function=activation, **pot
        )
    if kind != "INT16":
        left, right = (pairs + shift for pairs in ALL_PAIRS)
        out = result(kind, left.shape, scales[2], zo)
        yield one_op(
            f"{tag}_pairs",
            op,
            [given(kind, left, scales[0], za), given(kind, right, scales[1], zb)],
            [out],
            version=version,
            **pot,
        )


def problems() -> Iterator[Problem]:
    for kind in ("INT8", "UINT8", "INT16"):
        for op in ("ADD", "SUB"):
            yield from _quantized(op, kind, (0.1, 0.037, 0.12), (3, -5, 7))
            yield from _quantized(op, kind, (0.5, 0.25, 1.0), (-128, 127, 0))
        yield from _quantized("MUL", kind, (0.1, 0.037, 0.5 if kind != "INT16" else 120.0), (3, -5, 7))
        yield from _quantized("MUL", kind, (0.5, 0.25, 16.0 if kind != "INT16" else 4096.0), (-128, 127, 0))
    yield from _power_of_two()
    yield from _plain()
    yield from _prelu()


def _power_of_two() -> Iterator[Problem]:
    rng = np.random.default_rng(5)
    for op in ("ADD", "SUB"):
        for i, (a, b, out) in enumerate([(-12, -12, -12), (-12, -15, -12), (-15, -12, -12)]):
            x = given("INT16", uniform(rng, "INT16", (400,)), 2.0**a, 0)
            y = given("INT16", uniform(rng, "INT16", (400,)), 2.0**b, 0)
            for activation in (0, 1):
                yield one_op(
                    f"{op.lower()}_pot{i}_act{activation}",
                    op,
                    [x, y],
                    [result("INT16", (400,), 2.0**out, 0)],
                    version=3,
                    pot_scale_int16=True,
                    fused_activation_function=activation,
                )


def _plain() -> Iterator[Problem]:
    rng = np.random.default_rng(6)
    for kind in ("FLOAT32", "INT32", "INT64"):
        version = {"FLOAT32": 1, "INT32": 1, "INT64": 4}[kind]
        for op in ("ADD", "SUB", "MUL", "DIV", "FLOOR_DIV"):
            if (op == "DIV" and kind == "INT64") or (op == "FLOOR_DIV" and kind == "INT64"):
                continue
            for i, (a, b) in enumerate(SHAPES):
                x, y = uniform(rng, kind, a), uniform(rng, kind, b)
                if kind != "FLOAT32" and op in ("DIV", "FLOOR_DIV"):
                    x, y = x >> 20, (y >> 25) | 1
                out = result(kind, np.broadcast_shapes(a, b))
                number = {"ADD": version, "SUB": 3 if kind == "INT64" else 1, "MUL": 4 if kind == "INT64" else 1}.get(
                    op, 1
                )
                yield one_op(
                    f"{op.lower()}_{kind}_shape{i}", op, [given(kind, x), given(kind, y)], [out], version=number
                )
    special = np.array([np.inf, -np.inf, np.nan, 3e38, -3e38, 0.0, -0.0, 1e-45], np.float32)
    x, y = given("FLOAT32", special.repeat(8)), given("FLOAT32", np.tile(special, 8))
    for op in ("ADD", "SUB", "MUL", "DIV", "MAXIMUM", "MINIMUM"):
        yield one_op(f"{op.lower()}_FLOAT32_special", op, [x, y], [result("FLOAT32", (64,))])
    for op in ("ADD", "SUB", "MUL", "DIV"):
        for activation in (1, 2, 3):
            a, b = given("FLOAT32", uniform(rng, "FLOAT32", (60,))), given("FLOAT32", uniform(rng, "FLOAT32", (60,)))
            yield one_op(
                f"{op.lower()}_FLOAT32_act{activation}",
                op,
                [a, b],
                [result("FLOAT32", (60,))],
                fused_activation_function=activation,
            )
    for op in ("MAXIMUM", "MINIMUM"):
        for kind in ("FLOAT32", "INT8", "UINT8", "INT16", "INT32", "INT64"):
            q = (0.5, 0) if kind in ("INT8", "UINT8", "INT16") else (None, None)
            for i, (a, b) in enumerate(SHAPES[:5]):
                x, y = given(kind, uniform(rng, kind, a), *q), given(kind, uniform(rng, kind, b), *q)
                out = result(kind, np.broadcast_shapes(a, b), *q)
                yield one_op(f"{op.lower()}_{kind}_shape{i}", op, [x, y], [out], version=4 if kind == "INT16" else 2)


def _prelu() -> Iterator[Problem]:
    rng = np.random.default_rng(7)
    for i, alpha in enumerate([(5,), (1, 1, 5), (3, 1, 5), (1,)]):
        for kind, zx, za, zo in (("INT8", 3, -20, 5), ("UINT8", 120, 100, 99)):
            x = given(kind, uniform(rng, kind, (2, 3, 4, 5)), 0.1, zx)
            slope = constant(kind, uniform(rng, kind, alpha), 0.02, za)
            yield one_op(f"prelu_{kind}_{i}", "PRELU", [x, slope], [result(kind, (2, 3, 4, 5), 0.25, zo)])
        x = given("FLOAT32", uniform(rng, "FLOAT32", (2, 3, 4, 5)))
        slope = constant("FLOAT32", uniform(rng, "FLOAT32", alpha))
        yield one_op(f"prelu_FLOAT32_{i}", "PRELU", [x, slope], [result("FLOAT32", (2, 3, 4, 5))])

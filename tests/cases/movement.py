"""Operators that move elements: every mask, axis and type width."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from tests.cases import Problem
from tests.cases._build import constant, given, one_op, result, uniform

RNG = np.random.default_rng(1)
Q = {"INT8": (0.5, 3), "UINT8": (0.5, 7), "INT16": (0.5, 0)}


def q(kind: str) -> tuple[Any, Any]:
    return Q.get(kind, (None, None))


def problems() -> Iterator[Problem]:
    yield from _pads()
    yield from _concatenations()
    yield from _slices()
    yield from _splits()
    yield from _rearranged()
    yield from _gathers()


def _pads() -> Iterator[Problem]:
    for kind in ("INT8", "UINT8", "INT16", "INT32", "INT64", "FLOAT32", "BOOL"):
        for i, pairs in enumerate([((0, 0), (1, 2), (3, 0), (0, 1)), ((1, 0), (0, 0), (0, 0), (2, 2)), ((0, 0),) * 4]):
            x = uniform(RNG, kind, (2, 3, 4, 2))
            shape = tuple(n + a + b for n, (a, b) in zip(x.shape, pairs, strict=True))
            wide = "INT64" if i == 1 else "INT32"
            out = result(kind, shape, *q(kind))
            version = {"INT16": 3, "BOOL": 4}.get(kind, 2)
            yield one_op(
                f"pad_{kind}_{i}", "PAD", [given(kind, x, *q(kind)), constant(wide, pairs)], [out], version=version
            )
            fill = constant(kind, uniform(RNG, kind, (1,))[0], *q(kind))
            version = {"INT16": 3, "BOOL": 4}.get(kind, 2)
            yield one_op(
                f"padv2_{kind}_{i}",
                "PADV2",
                [given(kind, x, *q(kind)), constant(wide, pairs), fill],
                [out],
                version=version,
            )
    for mode in (0, 1):
        x = uniform(RNG, "INT8", (2, 3, 4))
        yield one_op(
            f"mirror_pad_{mode}",
            "MIRROR_PAD",
            [given("INT8", x, 0.5, 3), constant("INT32", [[1, 0], [2, 2], [0, 3]])],
            [result("INT8", (3, 7, 7), 0.5, 3)],
            version=2,
            mode=mode,
        )


def _concatenations() -> Iterator[Problem]:
    for kind in ("INT8", "UINT8", "INT16", "INT32", "INT64", "FLOAT32", "BOOL"):
        for axis in (0, 1, 3, -1):
            shapes = [[2, 3, 4, 2] for _ in range(3)]
            for i, shape in enumerate(shapes):
                shape[axis] = i + 1
            total = [2, 3, 4, 2]
            total[axis] = 6
            parts = [given(kind, uniform(RNG, kind, shape), *q(kind)) for shape in shapes]
            version = {"INT16": 3, "INT32": 3, "INT64": 1, "BOOL": 4, "INT8": 2}.get(kind, 1)
            yield one_op(
                f"concatenation_{kind}_{axis}",
                "CONCATENATION",
                parts,
                [result(kind, total, *q(kind))],
                version=version,
                axis=axis,
            )
    for i, (s, z, so, zo) in enumerate([(0.1, 3, 0.2, 10), (0.25, 128, 0.1, 0), (0.5, 255, 0.125, 7)]):
        a = given("UINT8", np.arange(256).reshape(2, 128), s, z)
        b = given("UINT8", np.arange(256).reshape(2, 128), so, zo)
        yield one_op(
            f"concatenation_rescaled_{i}", "CONCATENATION", [a, b], [result("UINT8", (2, 256), so, zo)], axis=1
        )


def _slices() -> Iterator[Problem]:
    x = uniform(RNG, "INT8", (3, 4, 5, 2))
    cases: list[tuple[Any, Any, Any, dict[str, int]]] = [
        ([0, 1, 0, 0], [3, 3, 5, 2], [1, 1, 1, 1], {}),
        ([0, 3, 4, 1], [3, -5, -6, -3], [1, -1, -2, -1], {}),
        ([1, -3, 0, 0], [2, -1, 9, 2], [1, 1, 3, 1], {}),
        ([5, 1, 2, 0], [0, 2, 0, 0], [1, 1, 1, 1], {"begin_mask": 1, "end_mask": 0b1101}),
        ([0, 2], [1, 3], [1, 1], {"ellipsis_mask": 1}),
        ([1, 0, 0], [2, 0, 1], [1, 1, 1], {"ellipsis_mask": 2}),
        ([1, 0, 1], [2, 0, 3], [1, 1, 1], {"shrink_axis_mask": 1, "new_axis_mask": 2}),
        ([-1, 1, 0, 1], [0, 2, 5, 2], [1, 1, 2, 1], {"shrink_axis_mask": 0b1011}),
        ([0, 0, 3, 0], [3, 4, 0, 2], [1, 1, -1, 1], {"begin_mask": 4, "end_mask": 4}),
        ([1], [3], [1], {}),
        ([0, 2], [3, 2], [1, 1], {}),
    ]
    for i, (begin, end, stride, masks) in enumerate(cases):
        shape = _numpy_strided(x, begin, end, stride, masks).shape
        for kind in ("INT8", "FLOAT32") if i < 3 else ("INT8",):
            data = x if kind == "INT8" else uniform(RNG, kind, x.shape)
            yield one_op(
                f"strided_slice_{kind}_{i}",
                "STRIDED_SLICE",
                [given(kind, data, *q(kind)), *(constant("INT32", v) for v in (begin, end, stride))],
                [result(kind, shape, *q(kind))],
                version=2,
                **masks,
            )
    for kind in ("INT8", "UINT8", "INT16", "INT32", "INT64", "FLOAT32", "BOOL"):
        data = uniform(RNG, kind, (3, 4, 5, 2))
        for i, (begin, size) in enumerate([([1, 0, 2, 0], [1, -1, 2, 2]), ([0, 0, 0, 1], [3, 4, 5, -1])]):
            shape = [n - b if s == -1 else s for n, b, s in zip(data.shape, begin, size, strict=True)]
            version = {"INT16": 4, "UINT8": 2, "INT8": 2}.get(kind, 3)
            yield one_op(
                f"slice_{kind}_{i}",
                "SLICE",
                [given(kind, data, *q(kind)), constant("INT32", begin), constant("INT32", size)],
                [result(kind, shape, *q(kind))],
                version=version,
            )


def _numpy_strided(x: np.ndarray, begin: Any, end: Any, stride: Any, masks: dict[str, int]) -> np.ndarray:
    index: list[Any] = []
    for i in range(len(begin)):
        if masks.get("ellipsis_mask", 0) >> i & 1:
            index.append(...)
        elif masks.get("new_axis_mask", 0) >> i & 1:
            index.append(None)
        elif masks.get("shrink_axis_mask", 0) >> i & 1:
            index.append(begin[i])
        else:
            first = None if masks.get("begin_mask", 0) >> i & 1 else begin[i]
            last = None if masks.get("end_mask", 0) >> i & 1 else end[i]
            index.append(slice(first, last, stride[i]))
    return x[tuple(index)]


def _splits() -> Iterator[Problem]:
    for kind in ("INT8", "UINT8", "INT16", "INT32", "FLOAT32"):
        x = uniform(RNG, kind, (4, 6, 2))
        version = {"INT8": 2, "INT16": 4, "INT32": 3, "UINT8": 1, "FLOAT32": 1}[kind]
        outs = [result(kind, (4, 2, 2), *q(kind)) for _ in range(3)]
        yield one_op(
            f"split_{kind}",
            "SPLIT",
            [constant("INT32", 1), given(kind, x, *q(kind))],
            outs,
            version=version,
            num_splits=3,
        )
        sizes = [1, 3, 2]
        outs = [result(kind, (4, n, 2), *q(kind)) for n in sizes]
        inputs = [given(kind, x, *q(kind)), constant("INT32", [1, -1, 2]), constant("INT32", -2)]
        yield one_op(f"split_v_{kind}", "SPLIT_V", inputs, outs, version=2 if kind != "FLOAT32" else 1, num_splits=3)
        version = {"INT8": 2, "INT16": 4, "BOOL": 3}.get(kind, 2)
        for axis in (0, 1, -1):
            rest = [n for i, n in enumerate(x.shape) if i != axis % 3]
            outs = [result(kind, rest, *q(kind)) for _ in range(x.shape[axis])]
            inputs = [given(kind, x, *q(kind))]
            yield one_op(f"unpack_{kind}_{axis}", "UNPACK", inputs, outs, version=version, num=x.shape[axis], axis=axis)
            parts = [given(kind, uniform(RNG, kind, rest), *q(kind)) for _ in range(3)]
            shape = list(rest)
            shape.insert(axis % 3, 3)
            yield one_op(
                f"pack_{kind}_{axis}",
                "PACK",
                parts,
                [result(kind, shape, *q(kind))],
                version={"INT16": 3}.get(kind, 2),
                values_count=3,
                axis=axis,
            )


def _rearranged() -> Iterator[Problem]:
    for kind in ("INT8", "UINT8", "INT16", "INT32", "INT64", "FLOAT32", "BOOL"):
        for order in [(0, 2, 3, 1), (3, 2, 1, 0), (0, 1, 2, 3), (1, 0, 3, 2)]:
            x = uniform(RNG, kind, (2, 3, 4, 5))
            shape = [x.shape[i] for i in order]
            version = {"INT16": 4}.get(kind, 2)
            yield one_op(
                f"transpose_{kind}_{''.join(map(str, order))}",
                "TRANSPOSE",
                [given(kind, x, *q(kind)), constant("INT32", order)],
                [result(kind, shape, *q(kind))],
                version=version,
            )
    for kind in ("INT8", "UINT8", "INT32", "FLOAT32"):
        x = uniform(RNG, kind, (2, 3, 4, 12))
        yield one_op(
            f"depth_to_space_{kind}",
            "DEPTH_TO_SPACE",
            [given(kind, x, *q(kind))],
            [result(kind, (2, 6, 8, 3), *q(kind))],
            block_size=2,
        )
        x = uniform(RNG, kind, (2, 4, 6, 3))
        yield one_op(
            f"space_to_depth_{kind}",
            "SPACE_TO_DEPTH",
            [given(kind, x, *q(kind))],
            [result(kind, (2, 2, 3, 12), *q(kind))],
            block_size=2,
        )
    x = uniform(RNG, "INT8", (2, 3, 4))
    for i, (given_shape, out) in enumerate([([4, 6], (4, 6)), ([-1], (24,)), ([2, -1, 2], (2, 6, 2))]):
        yield one_op(
            f"reshape_{i}",
            "RESHAPE",
            [given("INT8", x, 0.5, 3), constant("INT32", given_shape)],
            [result("INT8", out, 0.5, 3)],
            new_shape=given_shape,
        )
    yield one_op(
        "reshape_option", "RESHAPE", [given("INT8", x, 0.5, 3)], [result("INT8", (8, 3), 0.5, 3)], new_shape=[8, 3]
    )
    ones = uniform(RNG, "INT8", (1, 3, 1, 2))
    yield one_op("squeeze_all", "SQUEEZE", [given("INT8", ones, 0.5, 3)], [result("INT8", (3, 2), 0.5, 3)])
    yield one_op(
        "squeeze_one", "SQUEEZE", [given("INT8", ones, 0.5, 3)], [result("INT8", (1, 3, 2), 0.5, 3)], squeeze_dims=[-2]
    )
    for axis, shape in ((0, (1, 2, 3, 4)), (-1, (2, 3, 4, 1)), (2, (2, 3, 1, 4))):
        yield one_op(
            f"expand_dims_{axis}",
            "EXPAND_DIMS",
            [given("INT8", x, 0.5, 3), constant("INT32", axis)],
            [result("INT8", shape, 0.5, 3)],
        )
    for out in ("INT32", "INT64"):
        yield one_op(
            f"shape_{out}",
            "SHAPE",
            [given("INT8", x, 0.5, 3)],
            [result(out, (3,))],
            out_type=2 if out == "INT32" else 4,
        )
    yield one_op("fill", "FILL", [constant("INT32", [2, 3]), given("FLOAT32", 1.5)], [result("FLOAT32", (2, 3))])
    yield one_op("rank", "RANK", [given("FLOAT32", np.zeros((2, 1)))], [result("INT32", ())])


def _gathers() -> Iterator[Problem]:
    for kind in ("INT8", "UINT8", "INT16", "INT32", "INT64", "FLOAT32", "BOOL"):
        x = uniform(RNG, kind, (2, 5, 3))
        version = {"INT16": 4, "INT8": 2}.get(kind, 3)
        for i, (axis, batch, indices) in enumerate(
            [(0, 0, [1, 0, 1]), (1, 0, [[4, 0], [2, 2]]), (-1, 0, [2]), (1, 1, [[4, 0, 0], [2, 2, 3]])]
        ):
            places = np.array(indices)
            if batch:
                shape = (2, 3, 3)
            else:
                shape = np.take(np.zeros(x.shape), places, axis=axis).shape
            yield one_op(
                f"gather_{kind}_{i}",
                "GATHER",
                [given(kind, x, *q(kind)), given("INT32", places)],
                [result(kind, shape, *q(kind))],
                version=5 if batch else version,
                axis=axis,
                batch_dims=batch,
            )
        for i, indices in enumerate([[[0, 1], [1, 4]], [[1], [0]], [[[0, 1, 2]], [[1, 0, 0]]]]):
            places = np.array(indices)
            shape = (*places.shape[:-1], *x.shape[places.shape[-1] :])
            yield one_op(
                f"gather_nd_{kind}_{i}",
                "GATHER_ND",
                [given(kind, x, *q(kind)), given("INT32", places)],
                [result(kind, shape, *q(kind))],
                version={"INT16": 3, "BOOL": 4}.get(kind, 2),
            )

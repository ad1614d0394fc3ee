"""All four matrix operators, every case and every instruction set, against the formulas."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from intengine_kernels import isa

import intengine
from intengine.constants import unpack
from intengine.model import TensorSpec, TensorType
from tests.cases import Problem, problems
from tests.compare import assert_same
from tests.spec import fixedpoint, hybrid, matrix

MODULES = ("conv_2d", "depthwise_conv_2d", "fully_connected", "transpose_conv")
RANGES = {TensorType.INT8: (-128, 127), TensorType.UINT8: (0, 255), TensorType.INT16: (-32768, 32767)}
FLOAT_BOUNDS = {0: (-3.4028234663852886e38, 3.4028234663852886e38), 1: (0.0, 3.4028234663852886e38), 2: (-1.0, 1.0)}
FLOAT_BOUNDS[3] = (0.0, 6.0)


class Formula:
    """One problem, taken apart."""

    def __init__(self, problem: Problem) -> None:
        graph = intengine.load(problem.model).main
        self.node = graph.nodes[0]
        self.options = self.node.options
        tensors = [graph.tensors[i] for i in self.node.inputs if i >= 0]
        if self.node.op == "TRANSPOSE_CONV":
            _, self.weights, self.source, *rest = tensors
        else:
            self.source, self.weights, *rest = tensors
        self.out = graph.tensors[self.node.outputs[0]]
        self.x = problem.inputs[0]
        self.w = unpack(self.weights)
        self.bias = unpack(rest[0]).reshape(-1) if rest else np.zeros(self.channels, np.int64)

    @property
    def channels(self) -> int:
        return int(self.w.shape[3 if self.node.op == "DEPTHWISE_CONV_2D" else 0])

    def sums(self, x: np.ndarray, w: np.ndarray) -> np.ndarray:
        if self.node.op == "FULLY_CONNECTED":
            return matrix.fully_connected(x.reshape(-1, w.shape[1]), w)
        where: dict[str, Any] = {
            "same": self.options["padding"] == 0,
            "stride": (self.options["stride_h"], self.options["stride_w"]),
        }
        if self.node.op == "TRANSPOSE_CONV":
            return matrix.transpose_conv(x, w, self.out.shape, **where)
        where["dilation"] = (self.options["dilation_h_factor"], self.options["dilation_w_factor"])
        return (matrix.conv if self.node.op == "CONV_2D" else matrix.depthwise_conv)(x, w, **where)

    def expected(self) -> np.ndarray:
        if self.source.type is not TensorType.FLOAT32:
            return self.quantized().reshape(self.out.shape)
        with np.errstate(over="ignore", invalid="ignore"):
            real = self.real() if self.weights.type is TensorType.FLOAT32 else self.hybrid()
        return real.reshape(self.out.shape)

    def real(self) -> np.ndarray:
        return self.clamp(self.sums(self.x, self.w) + self.bias.astype(np.float32))

    def clamp(self, total: np.ndarray) -> np.ndarray:
        lo, hi = FLOAT_BOUNDS[self.options["fused_activation_function"]]
        return np.minimum(np.maximum(total, np.float32(lo)), np.float32(hi))

    def scales(self) -> list[float]:
        return np.broadcast_to(self.weights.quantization.scale.astype(np.float64), self.channels).tolist()

    def quantized(self) -> np.ndarray:
        x = self.x.astype(np.int64) - zero_point(self.source)
        w = self.w.astype(np.int64) - zero_point(self.weights)
        acc = self.sums(x, w) + self.bias.astype(np.int64)
        wide = self.source.type is TensorType.INT16 and self.options.get("quantized_bias_type", 0) != 2
        scale, out_scale = self.source.quantization.scale[0], float(self.out.quantization.scale[0])
        rescale = [self.rescaler(scale, s, out_scale, wide=wide) for s in self.scales()]
        z = zero_point(self.out)
        lo, hi = fixedpoint.activation_bounds(
            self.options["fused_activation_function"], out_scale, z, *RANGES[self.out.type]
        )
        flat = acc.reshape(-1, self.channels).tolist()
        found = [
            [fixedpoint.clamp(fixedpoint.wrap32(f(value) + z), lo, hi) for f, value in zip(rescale, row, strict=True)]
            for row in flat
        ]
        return np.array(found).astype(self.out.type.dtype)

    def rescaler(self, scale: np.float32, filter_scale: float, out_scale: float, *, wide: bool) -> Callable[[int], int]:
        real = float(scale) * filter_scale / out_scale
        if self.node.op == "FULLY_CONNECTED":
            return lambda acc: fixedpoint.real_product(acc if wide else fixedpoint.wrap32(acc), real)
        if self.source.type is TensorType.UINT8:
            real = float(np.float32(scale * np.float32(filter_scale))) / out_scale
        multiplier, shift = fixedpoint.encode_multiplier(real)
        if wide:
            return lambda acc: fixedpoint.mbqm64(acc, multiplier, shift)
        return lambda acc: fixedpoint.mbqm(fixedpoint.wrap32(acc), multiplier, shift)

    def hybrid(self) -> np.ndarray:
        w = self.w.view(np.int8).astype(np.int64)
        scales = np.array(self.scales(), np.float32)
        groups = self.x.shape[-1] // w.shape[-1] if self.node.op == "CONV_2D" else 1
        per_channel = groups > 1 or bool((scales != scales[0]).any())
        fully_connected = self.node.op == "FULLY_CONNECTED"
        asymmetric = bool(self.options["asymmetric_quantize_inputs"]) if fully_connected else True
        if self.node.op == "CONV_2D":
            asymmetric = per_channel
        out = []
        for row in self.x.reshape(-1, 1, w.shape[1]) if fully_connected else self.x[:, None]:
            q, scale, z = hybrid.quantize(row, asymmetric=asymmetric)
            if self.node.op == "TRANSPOSE_CONV":
                out.append(self.scaled_taps(q - z, w, scales, scale))
                continue
            if fully_connected:
                # The zero point is taken off with the true sums of the weights.
                totals = np.array([[hybrid.sse_product(q.reshape(-1), weights) - z * weights.sum() for weights in w]])
            elif not per_channel and self.node.op == "CONV_2D" and self.channels % 4:
                totals = self.sse_sums(q, w)
            else:
                totals = self.sums(q - z, w)
            out.append(
                np.array(
                    [
                        hybrid.scale_sum(
                            int(total), scale, scales[i % self.channels],
                            filter_first=per_channel and self.node.op == "CONV_2D",
                        )
                        for i, total in enumerate(totals.reshape(-1))
                    ]
                ).reshape(totals.shape)
            )  # fmt: skip
        total = np.concatenate(out).astype(np.float32) + self.bias.astype(np.float32)
        return total if fully_connected and not self.options["fused_activation_function"] else self.clamp(total)

    def sse_sums(self, q: np.ndarray, w: np.ndarray) -> np.ndarray:
        n, kh, kw, depth = w.shape
        rows, columns, out_h, out_w = matrix.geometry(
            q.shape, kh, kw, same=self.options["padding"] == 0,
            stride=(self.options["stride_h"], self.options["stride_w"]),
            dilation=(self.options["dilation_h_factor"], self.options["dilation_w_factor"]),
        )  # fmt: skip
        patches = np.zeros((out_h, out_w, kh, kw, depth), np.int64)
        for oy, ky, y in rows:
            for ox, kx, column in columns:
                patches[oy, ox, ky, kx] = q[0, y, column]
        flat = patches.reshape(out_h * out_w, -1)
        totals = [[hybrid.sse_product(patch, weights.reshape(-1)) for weights in w] for patch in flat]
        return np.array(totals).reshape(1, out_h, out_w, n)

    def scaled_taps(self, q: np.ndarray, w: np.ndarray, scales: np.ndarray, scale: np.float32) -> np.ndarray:
        """Every product becomes float32 and is scaled before it is added."""
        out = np.zeros((1, *self.out.shape[1:]), np.float32)
        stride = (self.options["stride_h"], self.options["stride_w"])
        for y, column, ky, kx, oy, ox in matrix.transpose_conv_taps(
            q.shape, w.shape, out.shape, stride, self.options["padding"] == 0
        ):
            for c in range(q.shape[3]):
                product = (q[0, y, column, c] * w[:, ky, kx, c]).astype(np.float32)
                out[0, oy, ox] += (product * scales) * scale
        return out


def zero_point(spec: TensorSpec) -> int:
    points = spec.quantization.zero_point
    return int(points[0]) if points.size else 0


def run(problem: Problem) -> np.ndarray:
    engine = intengine.Interpreter(problem.model)
    with np.errstate(all="ignore"):
        (found,) = engine.run({engine.model.main.inputs[-1]: problem.inputs[0]}).values()
    return found


@pytest.mark.parametrize("instruction_set", isa.available(), ids=isa.NAMES.get)
@pytest.mark.parametrize("module", MODULES)
def test_every_case_equals_the_formula(module: str, instruction_set: int) -> None:
    with isa.use(instruction_set):
        for problem in problems(module):
            assert_same(run(problem), Formula(problem).expected(), problem)

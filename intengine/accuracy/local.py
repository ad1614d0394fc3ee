"""One node of the quantized model alone, on the float side's values: as it is, and in steps from the float one."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from intengine_kernels.quantize import quantize_float
from numpy.typing import NDArray

from intengine.accuracy._kinds import MATRIX
from intengine.accuracy.floatize import floatize
from intengine.accuracy.graphs import Graph
from intengine.accuracy.metrics import real_range
from intengine.accuracy.records import Source
from intengine.accuracy.weights import FloatWeights, weight_slot
from intengine.cut import alone
from intengine.errors import IntEngineError
from intengine.interpreter import Interpreter
from intengine.model import Model, Node, TensorType
from intengine.quantization import INTEGER_RANGE, dequantize

#: Operators whose output has the scale of their input, by TensorFlow Lite's quantization specification.
SAME_SCALE = frozenset({
    "AVERAGE_POOL_2D", "BATCH_TO_SPACE_ND", "CONCATENATION", "DEPTH_TO_SPACE", "GATHER", "MAX_POOL_2D", "PAD", "PADV2",
    "RESHAPE", "RESIZE_BILINEAR", "RESIZE_NEAREST_NEIGHBOR", "SLICE", "SPACE_TO_BATCH_ND", "SPACE_TO_DEPTH", "SPLIT",
    "SPLIT_V", "SQUEEZE", "STRIDED_SLICE", "TRANSPOSE", "UNPACK",
})  # fmt: skip
#: Those that hand on the very integers of one input, whatever scale the output states.
COPIERS = SAME_SCALE - {"AVERAGE_POOL_2D", "CONCATENATION", "MAX_POOL_2D", "PAD", "PADV2", "RESIZE_BILINEAR"}
#: Float values by tensor of the quantized model.
Values = Mapping[int, NDArray[Any]]


class Rounded:
    """The float side's values of one sample, quantized as tensors of the quantized model are; each once."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._buffers: dict[int, NDArray[Any]] = {}
        self._done: set[int] = set()

    def start(self) -> None:
        """Forget the sample before."""
        self._done.clear()

    def value(self, tensor: int, real: NDArray[Any]) -> NDArray[Any]:
        """The tensor's elements for these real numbers; holds until the next sample."""
        spec, shape = self._graph.tensors[tensor], self._graph.shape(tensor)
        if not is_quantized(self._graph, tensor):
            return np.ascontiguousarray(real, spec.type.dtype).reshape(shape)
        if tensor not in self._done:
            out = self._buffers.setdefault(tensor, np.empty(shape, spec.type.dtype))
            scheme = spec.quantization
            lo, hi = INTEGER_RANGE[spec.type]
            zero_point = np.broadcast_to(scheme.zero_point if scheme.zero_point.size else np.int64(0), (1,))
            x = np.ascontiguousarray(real, np.float32).reshape(-1)
            # Far beyond every range, but where int32 can count the steps.
            far = np.float32(2.0**30) * scheme.scale[0]
            if not (x.size == 0 or (x.min() > -far and x.max() < far)):
                x = np.clip(np.nan_to_num(x), -far, far)
            quantize_float(x, scheme.scale, zero_point.astype(np.int32), max(x.size, 1), lo, hi, out.reshape(-1))
            self._done.add(tensor)
        return self._buffers[tensor]


def is_quantized(graph: Graph, tensor: int) -> bool:
    """Whether a tensor has one scale and stands for real numbers."""
    spec = graph.tensors[tensor]
    return spec.quantization.scale.size == 1 and spec.type in INTEGER_RANGE and spec.quantization.details is None


class LocalNode:
    """A node that runs alone.

    Attributes:
        node: in the quantized model. output: its first output. inputs: tensors it needs at each run.
        fed: those of them that get float values; the others hold what no quantization touches (indices, shapes).
    """

    def __init__(self, model: Model, graph: Graph, node: Node, fed: frozenset[int], profile: str) -> None:
        plan = graph.plan
        piece = alone(model, node, plan.shapes, plan.constants)
        if piece is None:
            raise NotAloneError("it cannot run without the nodes around it")
        if piece.has_state:
            raise NotAloneError("it keeps a state from run to run")
        self.node, self.output, self.inputs = node, node.outputs[0], piece.inputs
        lost = [i for i in self.inputs if i not in fed and _holds_real(graph, i)]
        if lost:
            raise NotAloneError(f"its input {graph.name(lost[0])!r} has no float twin")
        self.fed = tuple(i for i in self.inputs if i in fed)
        self._graph, self._profile = graph, profile
        self._alone = piece.model
        try:
            self._engine = Interpreter(self._alone, profile=profile)
        except IntEngineError as error:
            raise NotAloneError(f"it does not run alone: {error}") from error
        self._float: dict[str, tuple[Interpreter, Mapping[int, int]]] = {}

    def run(self, elements: Values) -> NDArray[Any]:
        """The node's output for these elements of its inputs; holds until the next run."""
        return self._engine.execute({i: elements[i] for i in self.inputs}).value(self.output)

    def run_float(self, which: str, weights: NDArray[Any] | None, bias: NDArray[Any] | None, real: Values) -> Any:
        """The node in float32 on real numbers, in float64; holds for ever.

        Args:
            which: a name for the pair of weights and bias; the model is made once for each.
            weights, bias: in place of the dequantized ones; None keeps those.

        Raises:
            NotAloneError: if the operator has no float form.
        """
        if which not in self._float:
            constants: dict[int, NDArray[Any]] = {}
            slot = weight_slot(self._graph, self.node)
            if weights is not None and slot is not None:
                constants[self.node.inputs[slot]] = weights
            if bias is not None:
                constants[self.node.inputs[MATRIX[self.node.op][2]]] = bias
            made = floatize(self._alone, constants=constants)
            if made.refused:
                raise NotAloneError(f"not attributed: {next(iter(made.refused.values()))}")
            self._float[which] = Interpreter(made.model, profile=self._profile), made.float_of
        engine, twins = self._float[which]
        wanted = engine.plan.subgraph.inputs
        given = {}
        for i in self.inputs:
            twin = twins.get(i, i)
            twin = twin if twin in wanted else i
            spec = engine.plan.subgraph.tensors[twin]
            given[twin] = np.ascontiguousarray(real[i], spec.type.dtype).reshape(engine.plan.shapes[twin])
        made_of = engine.execute(given)
        out = twins.get(self.output, self.output)
        if out not in made_of.plan.shapes:
            out = self.output
        return made_of.value(out).astype(np.float64).reshape(-1)


class NotAloneError(Exception):
    """Why a node has no local error, or no attribution."""


def _holds_real(graph: Graph, tensor: int) -> bool:
    return is_quantized(graph, tensor) or graph.tensors[tensor].type.dtype.kind == "f"


def stages(
    local: LocalNode, graph: Graph, twin: FloatWeights | None, real: Values, elements: Values, out: NDArray[Any]
) -> tuple[list[Source], list[NDArray[np.float64]]]:
    """What the node's output becomes as one source of error after another is switched on, float to quantized.

    Every value after the first is cut to the range that the output tensor can hold, so that a range that stands for an
    activation counts as one.

    Args:
        real: float values of the inputs, and of the output. elements: the inputs as the node takes them.
        out: the node's own output for them.

    Returns:
        The sources switched on, and float64[n] stages, one more than sources: from the float side's output to the
        node's own.
    """
    spec = graph.tensors[local.output]
    lo, hi = real_range(spec.quantization, spec.type)
    start = np.asarray(real[local.output], np.float64).reshape(-1)
    sources: list[Source] = []
    values = [start]

    def add(source: Source, value: NDArray[np.float64]) -> None:
        sources.append(source)
        values.append(value)

    def clipped(value: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.clip(value, lo, hi) if lo > -np.inf else value

    if lo > -np.inf:
        add(Source.CLIPPING, clipped(start))
    known = dict(real)
    wrong, stated = _stated_bias(graph, local.node)
    weights = twin.weights if twin is not None else None
    if weights is not None and twin is not None:
        bias = _float_bias(graph, local.node, twin)
        add(Source.OPERATOR, clipped(local.run_float("float", weights, bias, known)))
        if bias is not None:
            add(Source.WEIGHTS, clipped(local.run_float("bias", None, bias, known)))
            add(Source.BIAS, clipped(local.run_float("stated", None, stated, known)))
        else:
            add(Source.WEIGHTS, clipped(local.run_float("stated", None, stated, known)))
    else:
        add(Source.OPERATOR, clipped(local.run_float("stated", None, stated, known)))
    if stated is not None:
        add(wrong, clipped(local.run_float("own", None, None, known)))
    quantized = [i for i in local.fed if is_quantized(graph, i)]
    cuts = {i: _cut_off(graph, i, real[i]) for i in quantized}
    if any(value is not None for value in cuts.values()):
        known |= {i: value for i, value in cuts.items() if value is not None}
        add(Source.INPUT_RANGE, clipped(local.run_float("own", None, None, known)))
    if quantized:
        known |= {i: dequantize(elements[i], graph.tensors[i].quantization) for i in quantized}
        add(Source.INPUT_ROUNDING, clipped(local.run_float("own", None, None, known)))
    if _keeps_scale_of_damaged_input(graph, local, real):
        add(Source.OUTPUT_ROUNDING, as_real(graph, local.inputs[0], out))
        add(Source.INPUT_RANGE, as_real(graph, local.output, out))
    else:
        add(Source.OUTPUT_ROUNDING, as_real(graph, local.output, out))
    return sources, values


def _float_bias(graph: Graph, node: Node, twin: FloatWeights) -> NDArray[Any] | None:
    """The float bias of an operator that has one; zeros where only the quantized one does."""
    if not has_bias_input(node):
        return None
    return twin.bias if twin.bias is not None else np.zeros(graph.tensors[node.inputs[MATRIX[node.op][2]]].shape)


def _stated_bias(graph: Graph, node: Node) -> tuple[Source, NDArray[np.float64] | None]:
    """The bias by the scale that its tensor states, where that is not the one it counts with, and who is to blame."""
    if node.op not in MATRIX or not has_bias_input(node):
        return Source.BIAS, None
    place = node.inputs[MATRIX[node.op][2]]
    stated, values = graph.tensors[place].quantization.scale, graph.plan.constants.get(place)
    real = graph.bias(node)
    if real is None or values is None or not stated.size or values.dtype.kind == "f":
        return Source.BIAS, None
    real = real.reshape(-1)
    own = values.reshape(-1).astype(np.float64) * stated.astype(np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = (real / own)[own != 0.0]
    if not ratio.size or np.abs(ratio - 1.0).max() < 1e-3:
        return Source.BIAS, None
    return (Source.INPUT_RANGE if ratio.size > 1 and np.ptp(ratio) < 1e-3 * ratio.max() else Source.WEIGHTS), own


def _keeps_scale_of_damaged_input(graph: Graph, local: LocalNode, real: Values) -> bool:
    """Whether an operator that copies integers has other scales behind and before, and the one before fits worse."""
    if local.node.op not in SAME_SCALE or len(local.fed) != 1 or local.fed[0] != local.inputs[0]:
        return False
    before, after = (graph.tensors[i].quantization for i in (local.fed[0], local.output))
    if not all(is_quantized(graph, i) for i in (local.fed[0], local.output)):
        return False
    if before.scale[0] == after.scale[0] and np.array_equal(before.zero_point, after.zero_point):
        return False
    return _beyond(graph, local.fed[0], real) > _beyond(graph, local.output, real)


def _beyond(graph: Graph, tensor: int, real: Values) -> float:
    """How far the float values reach beyond the tensor's range, in widths of it."""
    spec = graph.tensors[tensor]
    lo, hi = real_range(spec.quantization, spec.type)
    values = real[tensor]
    return max(float(values.max()) - hi, lo - float(values.min()), 0.0) / (hi - lo) if values.size else 0.0


def as_real(graph: Graph, tensor: int, elements: NDArray[Any]) -> NDArray[np.float64]:
    """float64[n], the real numbers that a tensor's elements stand for."""
    spec = graph.tensors[tensor]
    flat = elements.reshape(-1).astype(np.float64)
    if not is_quantized(graph, tensor):
        return flat
    zero_point = int(spec.quantization.zero_point[0]) if spec.quantization.zero_point.size else 0
    return (flat - zero_point) * float(spec.quantization.scale[0])


def has_bias_input(node: Node) -> bool:
    """Whether an operator that sums products has a bias."""
    place = MATRIX[node.op][2] if node.op in MATRIX else len(node.inputs)
    return len(node.inputs) > place and node.inputs[place] >= 0


def _cut_off(graph: Graph, tensor: int, real: NDArray[Any]) -> NDArray[Any] | None:
    """The values within the tensor's range; None if all are."""
    spec = graph.tensors[tensor]
    lo, hi = real_range(spec.quantization, TensorType(spec.type))
    if real.size == 0 or (real.min() >= lo and real.max() <= hi):
        return None
    return np.clip(real, lo, hi)

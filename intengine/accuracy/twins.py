"""What a float model has in the place of a quantized model's nodes: operators, weights and biases."""

from intengine import numerics
from intengine.accuracy._kinds import FLOATABLE, MATRIX
from intengine.accuracy.alignment import align
from intengine.accuracy.floatize import Twin
from intengine.accuracy.graphs import Graph, is_activation
from intengine.accuracy.records import Alignment
from intengine.accuracy.weights import find
from intengine.engine import Engine
from intengine.model import Model, Node, Options
from intengine.quantization import NONE, RELU, RELU6, RELU_N1_TO_1
from intengine.state import State

_FUSED = {"RELU": RELU, "RELU6": RELU6, "RELU_N1_TO_1": RELU_N1_TO_1}


def float_twins(real: Model, quantized: Model, subgraph: int = 0) -> tuple[dict[int, Twin], Alignment]:
    """Node of the quantized model -> what the float model computes there, for the nodes that could be aligned.

    Operators that sum products keep their geometry and take weights, bias and activation; others take operator and
    options whole, so that one which a converter (or a fault) has changed becomes what it was.

    Args:
        subgraph: of the quantized model; of the float one it is that of the first signature.
    """
    here, there = _graph(quantized, subgraph), _graph(real, real.signatures[0].subgraph if real.signatures else 0)
    alignment = align(there, here)
    found: dict[int, Twin] = {}
    for match in alignment.matches:
        node = here.producer.get(match.quantized_tensor)
        if node is not None and node.op in FLOATABLE:
            twin = _twin(there, node, match.float_tensor, here)
            if twin is not None:
                found[node.index] = twin
    return found, alignment


def _graph(model: Model, subgraph: int) -> Graph:
    return Graph(Engine(model, numerics.get("litert-reference"), subgraph, State()).plan)


def _twin(there: Graph, node: Node, tensor: int, here: Graph) -> Twin | None:
    maker = there.producer.get(there.root(tensor))
    if node.op in MATRIX:
        return _matrix(there, node, tensor, maker, here)
    same_place = maker is not None and maker.op in FLOATABLE and len(maker.inputs) == len(node.inputs)
    if maker is None or not same_place or maker.op in MATRIX:
        return None
    if maker.op == node.op or len(node.inputs) == 1 or {maker.op, node.op} <= _PAIRS:
        return Twin(maker.op, maker.options)
    return None


#: Two real inputs, one real output, one kind of options: any could have been put in another's place.
_PAIRS = frozenset({"ADD", "SUB", "MUL", "DIV", "MAXIMUM", "MINIMUM", "SQUARED_DIFFERENCE"})


def _matrix(there: Graph, node: Node, tensor: int, maker: Node | None, here: Graph) -> Twin | None:
    weights = find(there, node, tensor, here)
    if weights is None or maker is None:
        return None
    activation = (
        _FUSED.get(maker.op, NONE) if is_activation(maker) else maker.options.get("fused_activation_function", 0)
    )
    options = Options(node.options.table, {**node.options, "fused_activation_function": activation})
    places = MATRIX[node.op]
    constants = {places[1]: weights.weights}
    if weights.bias is not None and len(node.inputs) > places[2] and node.inputs[places[2]] >= 0:
        constants[places[2]] = weights.bias.astype("float32")
    return Twin(node.op, options, constants)

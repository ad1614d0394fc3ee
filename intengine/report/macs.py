"""Multiply-accumulates of a node, from the shapes that the file declares or those of a run."""

from collections.abc import Mapping
from math import prod

from intengine.model import Node, Subgraph
from intengine.shapes import Shape

#: kernel_type of an LSTM whose four gates share one matrix.
_BASIC = 1
#: Weights of a bidirectional LSTM: of either direction, and of the auxiliary input.
_BOTH_WAYS = (*range(1, 9), 16, *range(18, 26), 33, *range(40, 48))


def macs(node: Node, graph: Subgraph, shapes: Mapping[int, Shape] | None = None) -> int:
    """Multiplications with weights or between two matrices; 0 for operators that do nothing of the kind.

    Taps that lie in the padding count too, and weights of sparse tensors that are zero. Binary operators count none.

    Args:
        shapes: tensor -> shape, where it is not the declared one.
    """

    def shape(index: int) -> Shape:
        declared = graph.tensors[index].shape if index >= 0 else ()
        return shapes.get(index, declared) if shapes else declared

    out = shape(node.outputs[0]) if node.outputs else ()
    try:
        return _macs(node, [shape(i) for i in node.inputs], out)
    except IndexError:  # too few inputs or dimensions; such a model cannot run, but it can be looked at
        return 0


def _macs(node: Node, shapes: list[Shape], out: Shape) -> int:
    def matrices(*at: int) -> int:
        """Elements of the weights at these inputs; times the rows that are multiplied with them."""
        rows = prod(shapes[0][:-1])
        return rows * sum(prod(shapes[i]) for i in at if i < len(shapes) and len(shapes[i]) == 2)

    match node.op:
        case "CONV_2D":
            return prod(out) * prod(shapes[1][1:])
        case "DEPTHWISE_CONV_2D":
            return prod(out) * prod(shapes[1][1:3])
        case "FULLY_CONNECTED":
            return prod(out) * shapes[1][-1]
        case "TRANSPOSE_CONV":
            return prod(shapes[2]) * prod(shapes[1][:3])
        case "Convolution2DTransposeBias":
            return prod(shapes[0]) * prod(shapes[1][:3])
        case "CONV_3D":
            return prod(out) * prod(shapes[1][:4])
        case "CONV_3D_TRANSPOSE":
            return prod(shapes[2]) * prod(shapes[1][:4])
        case "BATCH_MATMUL":
            return prod(out) * shapes[0][-2 if node.options.get("adj_x") else -1]
        case "LSTM" if node.options.get("kernel_type") == _BASIC:
            return matrices(2)
        case "UNIDIRECTIONAL_SEQUENCE_LSTM" | "LSTM":
            return matrices(*range(1, 9), 16)
        case "BIDIRECTIONAL_SEQUENCE_LSTM":
            return matrices(*_BOTH_WAYS)
        case "UNIDIRECTIONAL_SEQUENCE_RNN" | "RNN" | "SVDF":
            return matrices(1, 2)
        case "BIDIRECTIONAL_SEQUENCE_RNN":
            return matrices(1, 2, 5, 6, 10, 11)
    return 0

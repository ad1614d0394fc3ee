"""Multiply-accumulates of a node, from the shapes that the file declares."""

from math import prod

from intengine.model import Node, Subgraph


def macs(node: Node, graph: Subgraph) -> int:
    """Multiplications with weights or between two matrices; 0 for operators that do nothing of the kind."""
    shapes = [graph.tensors[i].shape if i >= 0 else () for i in node.inputs]
    out = graph.tensors[node.outputs[0]].shape if node.outputs and node.outputs[0] >= 0 else ()
    try:
        return _macs(node, shapes, out)
    except IndexError:  # too few inputs or dimensions; such a model cannot run, but it can be looked at
        return 0


def _macs(node: Node, shapes: list[tuple[int, ...]], out: tuple[int, ...]) -> int:
    match node.op:
        case "CONV_2D":
            return prod(out) * prod(shapes[1][1:])
        case "DEPTHWISE_CONV_2D":
            return prod(out) * prod(shapes[1][1:3])
        case "FULLY_CONNECTED":
            return prod(out) * shapes[1][-1]
        case "TRANSPOSE_CONV":
            return prod(shapes[2]) * prod(shapes[1][:3])
        case "CONV_3D":
            return prod(out) * prod(shapes[1][:4])
        case "CONV_3D_TRANSPOSE":
            return prod(shapes[2]) * prod(shapes[1][:4])
        case "BATCH_MATMUL":
            return prod(out) * shapes[0][-2 if node.options.get("adj_x") else -1]
        case "UNIDIRECTIONAL_SEQUENCE_LSTM" | "LSTM":
            steps = prod(shapes[0][:-1])
            return steps * sum(prod(shape) for shape in (*shapes[1:9], *shapes[16:17]) if len(shape) == 2)
        case "UNIDIRECTIONAL_SEQUENCE_RNN" | "RNN":
            return prod(shapes[0][:-1]) * (prod(shapes[1]) + prod(shapes[2]))
        case "SVDF":
            return prod(shapes[0][:-1]) * (prod(shapes[1]) + prod(shapes[2]))
    return 0

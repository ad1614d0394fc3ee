"""What a model file contains, as plain data; works for models that cannot run."""

import zipfile
from collections import Counter
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from intengine import ops
from intengine.model import Model, Node, Options, Quantization, Signature, Subgraph, TensorSpec, TensorType
from intengine.plain import plain
from intengine.reader.options import default_options
from intengine.report.macs import macs

_ACTIVATIONS = ("NONE", "RELU", "RELU_N1_TO_1", "RELU6", "TANH", "SIGN_BIT")
_PADDINGS = ("SAME", "VALID")


def summarize(model: Model) -> dict[str, Any]:
    """The whole model: sizes, signatures, subgraphs with nodes and tensors, metadata."""
    counts = Counter(node.op for graph in model.subgraphs for node in graph.nodes)
    return {
        "source": model.source,
        "bytes": model.nbytes,
        "schema_version": model.version,
        "description": model.description,
        "scheme": scheme(model),
        "constant_bytes": _constant_bytes(model),
        "macs": sum(macs(node, graph) for graph in model.subgraphs for node in graph.nodes),
        "operators": dict(sorted(counts.items())),
        "unsupported_operators": sorted(op for op in counts if ops.find(op) is None),
        "signatures": [_signature(model, signature) for signature in model.signatures],
        "subgraphs": [_subgraph(graph) for graph in model.subgraphs],
        "metadata": {name: _metadata(data) for name, data in model.metadata.items()},
        "associated_files": _associated_files(model),
    }


def scheme(model: Model) -> str:
    """How the model is quantized, in a word or two, judged by its operators with weights and its activations."""
    found: set[str] = set()
    for graph in model.subgraphs:
        for node in graph.nodes:
            if macs(node, graph) and len(node.inputs) > 1 and min(node.inputs[:2]) >= 0:
                at = 2 if node.op == "TRANSPOSE_CONV" and len(node.inputs) > 2 else 0
                x, w = graph.tensors[node.inputs[at]], graph.tensors[node.inputs[1]]
                found.add(_pair(x, w))
    halves = any(t.type is TensorType.FLOAT16 and t.is_constant for g in model.subgraphs for t in g.tensors)
    if not found:
        return "no matrix operators"
    text = ", ".join(sorted(found))
    return text.replace("float32", "float32 with float16 weights") if halves and "float32" in found else text


def _pair(x: TensorSpec, w: TensorSpec) -> str:
    a, b = x.type.name.lower(), w.type.name.lower()
    if a == b:
        kind = a
    elif a == "float32":
        kind = f"dynamic range ({b} weights)"
    else:
        kind = f"{a.removeprefix('int')}x{b.removeprefix('int')}" if a.startswith("int") else f"{a} x {b}"
        kind = f"int{kind}" if a.startswith("int") else kind
    return f"{kind} per channel" if w.quantization.per_channel else kind


def _constant_bytes(model: Model) -> int:
    used = {t.buffer: t.raw.size for g in model.subgraphs for t in g.tensors if t.raw is not None}
    return sum(used.values())


def _signature(model: Model, signature: Signature) -> dict[str, Any]:
    tensors = model.subgraphs[signature.subgraph].tensors
    return {
        "key": signature.key,
        "subgraph": signature.subgraph,
        "inputs": {name: _short(tensors[i]) for name, i in signature.inputs.items()},
        "outputs": {name: _short(tensors[i]) for name, i in signature.outputs.items()},
    }


def _short(spec: TensorSpec) -> dict[str, Any]:
    return {"tensor": spec.index, "type": spec.type.name.lower(), "shape": list(spec.shape), "text": describe(spec)}


def _subgraph(graph: Subgraph) -> dict[str, Any]:
    return {
        "index": graph.index,
        "name": graph.name,
        "inputs": list(graph.inputs),
        "outputs": list(graph.outputs),
        "macs": sum(macs(node, graph) for node in graph.nodes),
        "nodes": [_node(node, graph) for node in graph.nodes],
        "tensors": [_tensor(spec) for spec in graph.tensors],
    }


def _node(node: Node, graph: Subgraph) -> dict[str, Any]:
    def names(indices: tuple[int, ...]) -> list[str]:
        return [describe(graph.tensors[i]) if i >= 0 else "-" for i in indices]

    return {
        "index": node.index,
        "op": node.op,
        "version": node.version,
        "custom": node.is_custom,
        "known": ops.find(node.op) is not None,
        "inputs": list(node.inputs),
        "outputs": list(node.outputs),
        "input_types": names(node.inputs),
        "output_types": names(node.outputs),
        "options": {name: option_text(name, value) for name, value in node.options.items()},
        "key_options": key_options(node),
        "custom_options_bytes": len(node.custom_options),
        "macs": macs(node, graph),
    }


def key_options(node: Node) -> dict[str, Any]:
    """The options that differ from the schema's defaults, and padding, by name."""
    usual: Mapping[str, Any] = Options("", {}) if node.is_custom else default_options(node.op)
    return {
        name: option_text(name, value)
        for name, value in node.options.items()
        if name == "padding" or name not in usual or value != usual[name]
    }


def option_text(name: str, value: Any) -> Any:
    """An option's value, enumerations by their names."""
    if isinstance(value, int) and not isinstance(value, bool):
        if name == "padding" and 0 <= value < len(_PADDINGS):
            return _PADDINGS[value]
        if name == "fused_activation_function" and 0 <= value < len(_ACTIVATIONS):
            return _ACTIVATIONS[value]
        if name.endswith("_type") and name != "kernel_type" and value in set(TensorType):
            return TensorType(value).name
    return plain(value)


def _tensor(spec: TensorSpec) -> dict[str, Any]:
    return {
        "index": spec.index,
        "name": spec.name,
        "type": spec.type.name.lower(),
        "shape": list(spec.shape),
        "shape_signature": list(spec.shape_signature),
        "constant": spec.is_constant,
        "variable": spec.is_variable,
        "sparse": spec.sparsity is not None,
        "bytes": spec.raw.size if spec.raw is not None else _size(spec),
        "text": describe(spec),
        "quantization": _quantization(spec.quantization),
    }


def _size(spec: TensorSpec) -> int:
    return -(-int(np.prod([max(size, 0) for size in spec.shape], dtype=object)) * spec.type.bits // 8)


def _quantization(quantization: Quantization) -> dict[str, Any] | None:
    if not quantization and quantization.details is None:
        return None
    return {
        "scale": plain(quantization.scale),
        "zero_point": plain(quantization.zero_point),
        "axis": quantization.axis if quantization.per_channel else None,
        "details": type(quantization.details).__name__ if quantization.details is not None else None,
    }


def describe(spec: TensorSpec) -> str:
    """A tensor in a few characters: "int8[1x96x96x3]*0.0078125-1", "*per-channel" for many scales."""
    sizes = spec.shape_signature if len(spec.shape_signature) == len(spec.shape) else spec.shape
    text = f"{spec.type.name.lower()}[{'x'.join('?' if size < 0 else str(size) for size in sizes)}]"
    quantization = spec.quantization
    if quantization.per_channel:
        return f"{text}*per-channel"
    if quantization:
        zero_point = int(quantization.zero_point[0]) if quantization.zero_point.size else 0
        return f"{text}*{float(quantization.scale[0]):.6g}{zero_point:+d}"
    return f"{text}*{type(quantization.details).__name__}" if quantization.details is not None else text


def _metadata(data: NDArray[np.uint8]) -> dict[str, Any]:
    raw = data.tobytes().rstrip(b"\0")
    printable = len(raw) <= 200 and all(32 <= byte < 127 for byte in raw)
    return {"bytes": data.size, "text": raw.decode("ascii") if printable else None}


def _associated_files(model: Model) -> list[str]:
    """Files that a packer appended to the model as a zip archive (labels and the like)."""
    try:
        with zipfile.ZipFile(model.source) as archive:
            return archive.namelist()
    except (OSError, ValueError, zipfile.BadZipFile, NotImplementedError):
        return []

"""Building small models in a few lines, for tests and tools."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from math import prod
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from intengine.errors import InputError
from intengine.model import (
    NO_OPTIONS,
    Model,
    Node,
    Options,
    Quantization,
    QuantizationDetails,
    Signature,
    Sparsity,
    Subgraph,
    TensorSpec,
    TensorType,
)
from intengine.reader import load
from intengine.reader.options import default_options, operator_numbers
from intengine.reader.schema import SCHEMA_VERSION
from intengine.writer.encode import dump
from intengine.writer.packing import pack


class SubgraphBuilder:
    """One subgraph in the making.

    Attributes:
        index: its place in the model.
        inputs, outputs: tensor indices, to be set before the model is built.
    """

    def __init__(self, buffers: list[NDArray[np.uint8]], index: int, name: str) -> None:
        self.index = index
        self.inputs: Sequence[int] = ()
        self.outputs: Sequence[int] = ()
        self._name = name
        self._buffers = buffers
        self._tensors: list[TensorSpec] = []
        self._nodes: list[Node] = []

    def tensor(
        self,
        name: str,
        type: TensorType | str,
        shape: Sequence[int],
        data: ArrayLike | None = None,
        *,
        scale: ArrayLike | None = None,
        zero_point: ArrayLike | None = None,
        axis: int = 0,
        details: QuantizationDetails | None = None,
        is_variable: bool = False,
        sparsity: Sparsity | None = None,
        shape_signature: Sequence[int] | None = None,
        **more: Any,
    ) -> int:
        """Add a tensor.

        Args:
            name: its name.
            type: its element type or that type's name, as in "INT8".
            shape: its dimensions.
            data: a constant's values, as many as `shape` has elements (unpacked for INT4 and the like), or
                the stored bytes, which are taken as they are.
            scale: float32 scale, or one for each index of `axis`.
            zero_point: as many as scales; zeros by default.
            axis: the quantized dimension.
            details: another form of quantization.
            is_variable: whether it keeps its value between runs.
            sparsity: how `data`, then given as bytes, stores the nonzero elements.
            shape_signature: the shape with -1 where the size may vary.
            **more: further fields of TensorSpec.

        Returns:
            Its index in the subgraph.

        Raises:
            InputError: if the data do not fit shape or type.
        """
        kind = TensorType[type] if isinstance(type, str) else type
        buffer, raw = 0, None
        if data is not None:
            buffer, raw = len(self._buffers), _stored(name, data, kind, shape)
            self._buffers.append(raw)
        self._tensors.append(
            TensorSpec(
                index=len(self._tensors),
                name=name,
                type=kind,
                shape=tuple(shape),
                shape_signature=tuple(shape_signature or ()),
                quantization=_quantization(scale, zero_point, axis, details),
                is_variable=is_variable,
                sparsity=sparsity,
                buffer=buffer,
                raw=raw,
                **more,
            )
        )
        return len(self._tensors) - 1

    def op(
        self,
        name: str,
        inputs: Sequence[int],
        outputs: Sequence[int],
        *,
        version: int = 1,
        custom_options: bytes = b"",
        intermediates: Sequence[int] = (),
        mutating_variable_inputs: Sequence[bool] = (),
        options: Mapping[str, Any] | None = None,
        **more_options: Any,
    ) -> None:
        """Add an operator.

        Args:
            name: the builtin's name, as in "CONV_2D"; any other name is a custom operator.
            inputs: tensor indices, -1 for an optional tensor that is left out.
            outputs: tensor indices.
            version: the operator's version.
            custom_options: the custom operator's bytes.
            intermediates: tensor indices.
            mutating_variable_inputs: for each input, whether the operator writes it.
            options: builtin options by snake_case name; those left out have the schema's default.
            **more_options: the same, for options whose names are not arguments of this method.

        Raises:
            InputError: if the operator has no such option.
        """
        is_custom = name not in operator_numbers()
        given = {**(options or {}), **more_options}
        natural = NO_OPTIONS if is_custom else default_options(name)
        unknown = sorted(set(given) - set(natural))
        if unknown:
            raise InputError(f"{name} has the options {sorted(natural)}. Given: {unknown}.")
        self._nodes.append(
            Node(
                index=len(self._nodes),
                op=name,
                version=version,
                inputs=tuple(inputs),
                outputs=tuple(outputs),
                options=Options(natural.table, {**natural, **given}),
                intermediates=tuple(intermediates),
                is_custom=is_custom,
                custom_options=custom_options,
                mutating_variable_inputs=tuple(mutating_variable_inputs),
            )
        )

    def _built(self) -> Subgraph:
        return Subgraph(
            index=self.index,
            name=self._name,
            tensors=tuple(self._tensors),
            inputs=tuple(self.inputs),
            outputs=tuple(self.outputs),
            nodes=tuple(self._nodes),
        )


class ModelBuilder(SubgraphBuilder):
    """A model in the making; itself the builder of its primary subgraph.

    Example:
        >>> builder = ModelBuilder()
        >>> x = builder.tensor("x", "INT8", [1, 4], scale=0.5, zero_point=-1)
        >>> y = builder.tensor("y", "INT8", [1, 4], scale=0.5, zero_point=-1)
        >>> builder.op("RELU", [x], [y])
        >>> builder.build([x], [y]).main.nodes[0].op
        'RELU'
    """

    def __init__(self, *, name: str = "main", description: str = "intengine") -> None:
        super().__init__([np.zeros(0, np.uint8)], 0, name)
        self._description = description
        self._subgraphs: list[SubgraphBuilder] = [self]
        self._signatures: list[Signature] = []
        self._metadata: dict[str, NDArray[np.uint8]] = {}

    def subgraph(self, name: str) -> SubgraphBuilder:
        """Add a subgraph (a branch, a loop's body, another entry point)."""
        self._subgraphs.append(SubgraphBuilder(self._buffers, len(self._subgraphs), name))
        return self._subgraphs[-1]

    def signature(self, key: str, inputs: Mapping[str, int], outputs: Mapping[str, int], *, subgraph: int = 0) -> None:
        """Add a named entry point: names of its inputs and outputs with their tensor indices."""
        self._signatures.append(Signature(key, subgraph, dict(inputs), dict(outputs)))

    def metadata(self, name: str, data: bytes) -> None:
        """Add metadata."""
        self._metadata[name] = np.frombuffer(data, np.uint8)

    def to_bytes(self, inputs: Sequence[int], outputs: Sequence[int]) -> bytes:
        """The file, with the primary subgraph's inputs and outputs.

        Raises:
            InputError: if a value does not fit the format.
        """
        self.inputs, self.outputs = inputs, outputs
        return dump(
            Model(
                version=SCHEMA_VERSION,
                description=self._description,
                subgraphs=tuple(subgraph._built() for subgraph in self._subgraphs),
                signatures=tuple(self._signatures),
                metadata=self._metadata,
                buffers=tuple(self._buffers),
            )
        )

    def build(self, inputs: Sequence[int], outputs: Sequence[int]) -> Model:
        """The model, read back from its bytes.

        Raises:
            InputError: if a value does not fit the format.
            ModelError: if what was built is not a sound model.
        """
        return load(self.to_bytes(inputs, outputs))


def _stored(name: str, data: ArrayLike, type: TensorType, shape: Sequence[int]) -> NDArray[np.uint8]:
    if isinstance(data, bytes):
        return np.frombuffer(data, np.uint8)
    # Left to itself, NumPy would cut the zeros off the end of byte strings.
    values = np.asarray(data, object if type is TensorType.STRING else None)
    if values.size != prod(shape):
        raise InputError(f"{name!r} has the shape {list(shape)}. Given: {values.size} values.")
    return pack(values, type)


def _quantization(
    scale: ArrayLike | None, zero_point: ArrayLike | None, axis: int, details: QuantizationDetails | None
) -> Quantization:
    if scale is None:
        return replace(Quantization(), axis=axis, details=details)
    scales = np.atleast_1d(np.asarray(scale, np.float32))
    zero_points = np.zeros(scales.size, np.int64) if zero_point is None else np.atleast_1d(zero_point)
    return Quantization(scales, zero_points.astype(np.int64), axis, details=details)

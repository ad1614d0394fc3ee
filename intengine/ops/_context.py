"""What an operator sees of its node while it is inferred and prepared."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NoReturn, Protocol

from intengine_kernels.fixedpoint import ONCE

from intengine.errors import InvalidModelError, UnsupportedOpError
from intengine.model import Node, Options, Subgraph
from intengine.numerics import Numerics, Rounding
from intengine.ops._operand import Operand
from intengine.quantization import activation_range, quantize_multiplier
from intengine.shapes import Shape


class Surroundings(Protocol):
    """The model around a node."""

    @property
    def subgraphs(self) -> Sequence[Subgraph]: ...

    def handle(self, *key: object) -> int:
        """A number for a resource; the same for equal keys."""

    def output_shapes(self, subgraph: int, inputs: Sequence[Shape]) -> Sequence[Shape] | None:
        """Shapes that a subgraph gives for inputs of these shapes; None if only running it tells.

        Raises:
            InvalidModelError: if there is no such subgraph, its inputs are others, or it calls itself.
        """


@dataclass(frozen=True, eq=False)
class NodeContext:
    """One node with its operands; absent optional ones are None.

    Attributes:
        node: as the file declares it. numerics: the profile in force. model: what is around the node.
        inputs, outputs, intermediates: operands in order; outputs have their inferred shapes once prepare runs.
        find: any tensor of the subgraph by its index; None for -1.
    """

    node: Node
    numerics: Numerics
    model: Surroundings
    inputs: tuple[Operand | None, ...]
    outputs: tuple[Operand, ...]
    intermediates: tuple[Operand | None, ...] = ()
    find: Callable[[int], Operand | None] = lambda index: None

    @property
    def options(self) -> Options:
        return self.node.options

    def input(self, i: int) -> Operand:
        """Input i, which must be there.

        Raises:
            InvalidModelError: if it is absent.
        """
        operand = self.inputs[i] if i < len(self.inputs) else None
        if operand is None:
            raise InvalidModelError(f"{self.node.op} needs input {i}; the node leaves it out.")
        return operand

    def optional(self, i: int) -> Operand | None:
        """Input i, or None if the node leaves it out."""
        return self.inputs[i] if i < len(self.inputs) else None

    def output(self, i: int = 0) -> Operand:
        if i >= len(self.outputs):
            raise InvalidModelError(f"{self.node.op} needs output {i}; the node has {len(self.outputs)}.")
        return self.outputs[i]

    def multiplier(self, real: float) -> tuple[int, int]:
        """(multiplier, shift) of a real number for `mbqm`, which rounds as the profile does.

        Raises:
            InvalidModelError: if it cannot be expressed.
        """
        multiplier, shift = quantize_multiplier(real)
        return multiplier, shift + (ONCE if self.numerics.rounding is Rounding.ONCE else 0)

    def activation_range(self, out: Operand, *, zero_point: int | None = None) -> tuple[int, int]:
        """(lo, hi) that the fused activation clamps an output to, rounded as the profile does it."""
        activation = self.options["fused_activation_function"]
        offset = out.zero_point if zero_point is None else zero_point
        return activation_range(activation, out.type, out.scale, offset, self.numerics.activation_bound)

    def tensor(self, index: int) -> Operand:
        """A constant that is no operand of the node, as another tensor's quantization names one.

        Raises:
            InvalidModelError: if there is none.
        """
        operand = self.find(index)
        if operand is None or operand.value is None:
            raise InvalidModelError(
                f"{self.node.op} needs a constant that its quantization names; tensor {index} is none."
            )
        return operand

    @property
    def signature(self) -> str:
        """The types of this node, as in "int8 x int8 x int32 -> int8"."""
        sources = " x ".join("-" if o is None else o.type.name.lower() for o in self.inputs)
        return f"{sources} -> {', '.join(o.type.name.lower() for o in self.outputs)}"

    def require(self, condition: bool, rule: str, found: object) -> None:
        """Raise InvalidModelError "<op> <rule>; got <found>." unless `condition`."""
        if not condition:
            raise InvalidModelError(f"{self.node.op} {rule}; got {found}.")

    def unsupported(self, what: str = "") -> NoReturn:
        """Raise UnsupportedOpError for this node's types, or for `what`."""
        raise UnsupportedOpError(f"{self.node.op} does not support {what or self.signature}.")

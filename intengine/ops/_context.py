"""What an operator sees of its node while it is inferred and prepared."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn, Protocol

import numpy as np
from intengine_kernels.fixedpoint import ONCE
from numpy.typing import NDArray

from intengine.errors import InvalidModelError, UnsupportedOpError
from intengine.model import Node, Options, Quantization, Subgraph, TensorSpec, TensorType
from intengine.numerics import Numerics, Rounding
from intengine.quantization import INTEGER_RANGE, activation_range, quantize_multiplier
from intengine.shapes import Shape, elements
from intengine.step import Late, Ref


class NeedsValue(Exception):  # noqa: N818 (a request to the planner, never seen by users)
    """A shape or parameter depends on a tensor that is only known when the model runs."""

    def __init__(self, tensor: int) -> None:
        super().__init__(tensor)
        self.tensor = tensor


@dataclass(frozen=True, eq=False)
class Operand:
    """A tensor as one node sees it, with its shape in this plan (which resizing may have changed).

    Attributes:
        spec: as the file declares it.
        shape: in this plan. is_late: whether the shape is known only when the operand is computed; outputs only.
        value: unpacked elements if they are known before running, else None.
        is_static: whether the file holds it, or a form of it that only needs to be unpacked.
    """

    spec: TensorSpec
    shape: Shape
    value: NDArray[Any] | None = None
    is_late: bool = False
    is_static: bool = False

    @property
    def index(self) -> int:
        return self.spec.index

    @property
    def name(self) -> str:
        return self.spec.name

    @property
    def type(self) -> TensorType:
        return self.spec.type

    @property
    def dtype(self) -> np.dtype[Any]:
        return self.spec.type.dtype

    @property
    def rank(self) -> int:
        return len(self.shape)

    @property
    def size(self) -> int:
        return elements(self.shape)

    @property
    def quantization(self) -> Quantization:
        return self.spec.quantization

    @property
    def is_sparse(self) -> bool:
        return self.spec.sparsity is not None

    @property
    def range(self) -> tuple[int, int]:
        """Least and greatest integer of the type."""
        return INTEGER_RANGE[self.type]

    @property
    def scale(self) -> np.float32:
        """The per-tensor scale.

        Raises:
            InvalidModelError: if it is absent, per-channel, not finite or not positive.
        """
        scales = self.quantization.scale
        if scales.size != 1:
            found = "none" if scales.size == 0 else f"{scales.size} scales"
            self.refuse("needs one scale for the whole tensor", found)
        self._check_scales()
        return np.float32(scales[0])

    @property
    def zero_point(self) -> int:
        """The per-tensor zero point, 0 if the file has none.

        Raises:
            InvalidModelError: if it lies outside the type.
        """
        zero_points = self.quantization.zero_point
        zero_point = int(zero_points[0]) if zero_points.size else 0
        lo, hi = INTEGER_RANGE.get(self.type, (0, 0))
        if not lo <= zero_point <= hi:
            self.refuse(f"needs a zero point in {lo}..{hi}", str(zero_point))
        return zero_point

    def channel_scales(self, channels: int, axis: int) -> NDArray[np.float32]:
        """float32[1] or float32[channels] scales, per tensor or along `axis`.

        Raises:
            InvalidModelError: if they are absent, another number, along another axis, or not finite.

        Negative scales occur in real models and are taken as they are.
        """
        scales = self.quantization.scale
        if scales.size not in (1, channels):
            self.refuse(f"needs 1 or {channels} scales", f"{scales.size}")
        if scales.size > 1 and self.quantization.axis != axis:
            self.refuse(f"needs its scales along axis {axis}", f"axis {self.quantization.axis}")
        if not np.isfinite(scales).all():
            self.refuse("needs finite scales", f"{scales[~np.isfinite(scales)][0]}")
        return scales

    def _check_scales(self) -> None:
        scales = self.quantization.scale
        bad = ~(np.isfinite(scales) & (scales > 0))
        if bad.any():
            self.refuse("needs positive finite scales", f"{scales[bad][0]}")

    def known(self) -> NDArray[Any]:
        """The elements, with the shape of this plan, for parameters that must be known before running.

        Raises:
            NeedsValue: if they are computed by the model; the planner then waits for them.
        """
        if self.value is None:
            raise NeedsValue(self.index)
        return self.value

    def ints(self) -> tuple[int, ...]:
        """The known elements as a flat tuple of Python ints; refused unless they are integers."""
        if self.dtype.kind not in "iub":
            self.refuse("needs integers", self.type.name)
        return tuple(int(value) for value in self.known().reshape(-1))

    def ref(self, shape: Sequence[int] | None = None, dtype: Any = None) -> Ref:
        """This tensor as a kernel argument, C-contiguous, with another shape or view type of the same size."""
        return Ref(
            self.index,
            np.dtype(dtype) if dtype is not None else self.dtype,
            self.shape if shape is None else tuple(shape),
        )

    def strided(self, shape: Sequence[int], strides: Sequence[int], offset: int = 0) -> Ref:
        """This tensor as a NumPy view that starts at element `offset` and walks by `strides` elements."""
        return Ref(self.index, self.dtype, tuple(shape), tuple(strides), offset)

    def target(self) -> Ref | Late:
        """This output as the argument of a kernel that takes both: an array of the inferred shape, or a Holder."""
        return Late(self.index) if self.is_late else self.ref()

    def refuse(self, rule: str, found: str) -> NoReturn:
        """Raise InvalidModelError that this tensor `rule`, and has `found`."""
        raise InvalidModelError(f"Tensor {self.index} {self.name!r} {rule}; it has {found}.")


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

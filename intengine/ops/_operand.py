"""A tensor as one node sees it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from intengine.errors import InvalidModelError
from intengine.model import Quantization, TensorSpec, TensorType
from intengine.ops._needs_value import NeedsValue
from intengine.quantization import INTEGER_RANGE
from intengine.shapes import Shape, elements
from intengine.step import Late, Ref


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
        if not (np.isfinite(scales[0]) and scales[0] > 0):
            self.refuse("needs positive finite scales", f"{scales[0]}")
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
        seen = self.dtype if dtype is None else np.dtype(dtype)
        return Ref(self.index, seen, self.shape if shape is None else tuple(shape))

    def strided(self, shape: Sequence[int], strides: Sequence[int], offset: int = 0) -> Ref:
        """This tensor as a NumPy view that starts at element `offset` and walks by `strides` elements."""
        return Ref(self.index, self.dtype, tuple(shape), tuple(strides), offset)

    def target(self) -> Ref | Late:
        """This output as the argument of a kernel that takes both: an array of the inferred shape, or a Holder."""
        return Late(self.index) if self.is_late else self.ref()

    def refuse(self, rule: str, found: str) -> NoReturn:
        """Raise InvalidModelError that this tensor `rule`, and has `found`."""
        raise InvalidModelError(f"Tensor {self.index} {self.name!r} {rule}; it has {found}.")

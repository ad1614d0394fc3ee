"""What a prepared operator is: kernel calls in a straight line, every argument decided.

A `Call` names its arrays by reference (`Ref` for tensors, `Scratch` for work space, `Late` for outputs whose shape the
run decides); the interpreter puts the real arrays in once, when it binds a plan to buffers, so that running is nothing
but calling.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from intengine.shapes import Shape


@dataclass(frozen=True)
class Ref:
    """A tensor's buffer seen as an array.

    Attributes:
        tensor: index in the subgraph.
        dtype: element type of the view; its size is that of the tensor's element.
        shape: of the view; C-contiguous unless `strides` is given.
        strides, offset: in elements, for views that walk the buffer otherwise (may be 0 or negative).
    """

    tensor: int
    dtype: np.dtype[Any]
    shape: Shape
    strides: Shape | None = None
    offset: int = 0


@dataclass(frozen=True)
class Scratch:
    """Work space of one step: uninitialized, shared between steps, and between calls that name the same object."""

    dtype: np.dtype[Any]
    shape: Shape


@dataclass(frozen=True)
class Late:
    """An output whose shape is known when it is computed; the kernel gets a `Holder` and puts the array there."""

    tensor: int


class Holder:
    """Where a kernel leaves an output of a shape of its own."""

    array: NDArray[Any]


class Memory:
    """Stands for the `State` of the model that runs; kernels that remember get it as an argument."""


MEMORY = Memory()


@dataclass(frozen=True)
class Held:
    """Stands for an array of the place where a resource variable holds values of one type and shape.

    Attributes:
        variable: its handle. part: which array, an attribute of `intengine.state.Place`.
    """

    variable: int
    dtype: np.dtype[Any]
    shape: Shape
    part: str


@dataclass(frozen=True, eq=False)
class Finding:
    """Stands for int64[4] of its own, zeros, where a kernel puts what is bad about its input, the first number not 0.

    Attributes:
        refuse: raises InputError, given `args` and these numbers; called when the run is over.
        args: as those of a Call.
    """

    refuse: Callable[..., None]
    args: tuple[Any, ...] = ()


def leaves(args: Iterable[Any]) -> Iterator[Any]:
    """What tuples hold, however deep."""
    for arg in args:
        if isinstance(arg, tuple):
            yield from leaves(arg)
        else:
            yield arg


#: Work of one multiply-accumulate of a float32 kernel, of one step of what is no product, of one element of an
#: elementwise operator, and of one transcendental function: it takes as long as so many multiply-accumulates of
#: quantized elements.
FLOAT_WORK, PLAIN_WORK, ELEMENT_WORK, FUNCTION_WORK = 4, 8, 32, 100
#: Elements that threads should write together, so that no two write to the same line of the cache.
CACHE_LINE = 64


@dataclass(frozen=True)
class Reach:
    """Of which rows of an array a call's output rows are made, where arrays are images one behind the other.

    Row y of an image is made of rows y * stride - before to y * stride - before + span of the same image, those that
    are in it. The kernel may read others, but what they hold decides nothing, even if it changes in the meantime.

    Attributes:
        height, row: rows of an image, and elements of one, in the array that is read.
        lines, line: the same of the output.
        of: the kernel's name for the array.
    """

    height: int
    row: int
    lines: int
    line: int
    stride: int = 1
    before: int = 0
    span: int = 1
    of: str = "x"

    @classmethod
    def rows(cls, rows: int, row: int, line: int, of: str = "x") -> "Reach":
        """Each output row is made of one row."""
        return cls(rows, row, rows, line, of=of)


@dataclass(frozen=True, eq=False)
class Call:
    """One kernel with its arguments in order: what stands for arrays, NumPy arrays, scalars, and tuples of all these.

    Attributes:
        work: of the whole call, in multiply-accumulates of quantized elements; more than 0 if threads may share it.
            Then nothing is written but the last argument, findings, and work space that no other call names.
        along: what they share, if the kernel takes `along`_begin and `along`_end; else the first axis of the output,
            the last argument, is cut, and those of all other references that are as long; int64[1] arrays that give
            this length are given the new one.
        unit: rows, or whatever it is along, that a thread should take together.
        pads: whether the kernel takes an image x, pad_h and pad_w, makes the same of what is outside of it as of the
            zero point there, and nothing else of the call depends on the image's height and width.
        reach: for kernels that take `along`_begin; None if any output row may be made of all input rows.
        block: rows, counted from the first, that must not be divided.
    """

    kernel: Callable[..., Any]
    args: tuple[Any, ...]
    work: int = 0
    unit: int = 1
    along: str = "row"
    pads: bool = False
    reach: Reach | None = None
    block: int = 1

    def __repr__(self) -> str:
        def show(value: Any) -> str:
            if isinstance(value, np.ndarray) and value.size > 4:
                return f"{value.dtype}{list(value.shape)}"
            return repr(value)

        name = getattr(self.kernel, "__name__", repr(self.kernel))
        return f"{name}({', '.join(map(show, self.args))})"


def flat_call(kernel: Callable[..., Any], args: tuple[Any, ...], work: int = PLAIN_WORK) -> Call:
    """A kernel that makes each element of the last argument by itself; threads share it.

    Args:
        args: arrays whose first axes are elements, but for constants, and numbers. work: of one element.
    """
    return Call(kernel, args, work * args[-1].shape[0], CACHE_LINE)


@dataclass(frozen=True, eq=False)
class Step:
    """One node, ready to run.

    Attributes:
        node: index of the node in its subgraph.
        op: operator name.
        inputs, outputs: tensor indices without the absent ones.
        calls: kernel calls in order.
        is_late: whether the shapes of the outputs are known only when the calls have run.
        quirks: of LiteRT, that the results may depend on.
    """

    node: int
    op: str
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    calls: tuple[Call, ...] = field(default_factory=tuple)
    is_late: bool = False
    quirks: tuple[str, ...] = ()

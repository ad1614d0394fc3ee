"""Tensors that need no bytes of their own: a copy lies where its original does, and then nothing is copied.

A step that only copies whole tensors from or to contiguous parts of others (RESHAPE, SPLIT along the first axis,
CONCATENATION along it, a PAD that adds nothing) tells so by its calls. Each tensor is written once, so the original
and the copy never differ while either is needed.
"""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from intengine.arena import ALIGNMENT, Lifetime, allocate
from intengine.shapes import contiguous_strides, elements
from intengine.step import Call, Ref, Step

#: Parts in place of copies may make the arena this much larger: they need what they are a part of for longer.
_SLACK = 1.05


@dataclass(frozen=True)
class Copy:
    """Call `call` of step `step` makes the bytes of `part` equal to those of `whole` from `offset` on."""

    step: int
    call: int
    part: int
    whole: int
    offset: int


@dataclass(frozen=True)
class Layout:
    """Where tensors live in an arena.

    Attributes:
        lifetimes: of the tensors that have bytes of their own, with those of all that share them.
        offsets: tensor -> byte offset. size: of the arena, in bytes.
        shared: (step, call) of copies that are not needed with these offsets.
    """

    lifetimes: tuple[Lifetime, ...] = ()
    offsets: dict[int, int] = field(default_factory=dict)
    size: int = 0
    shared: frozenset[tuple[int, int]] = frozenset()


def lay_out(
    steps: Sequence[Step], lifetimes: Sequence[Lifetime], inputs: Sequence[int], outputs: Sequence[int]
) -> Layout:
    """The arena of all tensors that have a lifetime; no two inputs and outputs of the graph share bytes."""
    lives = {life.tensor: life for life in lifetimes}
    callers = {*inputs, *outputs}
    written = Counter(inputs) + Counter(i for step in steps for i in step.outputs)
    once = {i for i in lives if written[i] == 1}
    found = [copy for copy in copies(steps, lives) if {copy.part, copy.whole} <= once]
    alike = [copy for copy in found if lives[copy.part].size == lives[copy.whole].size]
    layout = _share(alike, lives, callers)
    if len(alike) < len(found):
        more = _share(found, lives, callers)
        layout = more if more.size <= _SLACK * layout.size else layout
    return layout


def copies(steps: Sequence[Step], lives: Mapping[int, Lifetime]) -> Iterator[Copy]:
    """The calls that copy a whole tensor from or to a contiguous part of another, in steps that do nothing but copy."""
    for at, step in enumerate(steps):
        if not all(_is_copy(call) for call in step.calls):
            continue
        for number, call in enumerate(step.calls):
            target, source = call.args
            if not {target.tensor, source.tensor} <= lives.keys() or 0 in target.shape:
                continue
            into, begin = _begin(target), _begin(source)
            if into is None or begin is None:
                continue
            size = elements(target.shape) * target.dtype.itemsize
            if size == lives[target.tensor].size:
                yield Copy(at, number, target.tensor, source.tensor, begin)
            elif size == lives[source.tensor].size:
                yield Copy(at, number, source.tensor, target.tensor, into)


def _is_copy(call: Call) -> bool:
    if call.kernel is not np.copyto or not all(isinstance(arg, Ref) for arg in call.args):
        return False
    target, source = call.args
    return bool(target.dtype == source.dtype and elements(target.shape) == elements(source.shape))


def _begin(ref: Ref) -> int | None:
    """Where a contiguous view begins, in bytes; None for any other view."""
    wanted = zip(ref.shape, ref.strides or (), contiguous_strides(ref.shape), strict=False)
    if any(size > 1 and stride != plain for size, stride, plain in wanted):
        return None
    return ref.offset * ref.dtype.itemsize


def _share(found: Sequence[Copy], lives: Mapping[int, Lifetime], callers: Collection[int]) -> Layout:
    """Put parts where they belong, one after the other, where nothing speaks against it."""
    place = {i: (i, 0) for i in lives}
    members = {i: [i] for i in lives}
    shared = set()
    for copy in found:
        root, begin = place[copy.whole]
        begin += copy.offset
        # What lies elsewhere already cannot lie here too.
        if copy.part not in members or root == copy.part or begin % ALIGNMENT:
            continue
        if sum(i in callers for i in (*members[root], *members[copy.part])) > 1:
            continue
        for i in members[copy.part]:
            place[i] = root, begin + place[i][1]
        members[root] += members.pop(copy.part)
        shared.add((copy.step, copy.call))
    merged = tuple(
        Lifetime(root, lives[root].size, min(lives[i].first for i in group), max(lives[i].last for i in group))
        for root, group in members.items()
    )
    offsets, size = allocate(merged)
    return Layout(merged, {i: offsets[root] + begin for i, (root, begin) in place.items()}, size, frozenset(shared))

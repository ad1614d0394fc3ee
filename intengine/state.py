"""What outlives a run: resource variables, hash tables, what ran once; and how subgraphs call each other."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from intengine.errors import InputError
from intengine.shapes import Shape

#: Runs one subgraph on arrays in the order of its inputs; what it returns holds until its next run.
Callee = Callable[[Sequence[NDArray[Any]]], list[NDArray[Any]]]


class Place(NamedTuple):
    """Where a resource variable holds values of one type and shape.

    Attributes:
        values: the array. number: int64[1], of this place.
        current: int64[1], the number of the place that has the variable's value; 0 if it has none, -1 if no place has.
    """

    values: NDArray[Any]
    number: NDArray[np.int64]
    current: NDArray[np.int64]


class Variable:
    """A resource variable. Where it holds values of types and shapes that are known before running does not change."""

    def __init__(self) -> None:
        self._places: list[Place] = []
        self._current = np.zeros(1, np.int64)
        self._other = np.zeros(0)

    def place(self, dtype: np.dtype[Any], shape: Shape) -> Place:
        """The place of values of this type and shape, from now on."""
        found = self._find(dtype, shape)
        if found is None:
            found = Place(np.zeros(shape, dtype), np.full(1, len(self._places) + 1, np.int64), self._current)
            self._places.append(found)
            if self._current[0] == -1 and self._other.dtype == dtype and self._other.shape == shape:
                self.assign(self._other)
        return found

    def _find(self, dtype: np.dtype[Any], shape: Shape) -> Place | None:
        alike = (place for place in self._places if (place.values.dtype, place.values.shape) == (dtype, shape))
        return next(alike, None)

    @property
    def value(self) -> NDArray[Any] | None:
        """What was assigned last; None if nothing was."""
        current = int(self._current[0])
        if current <= 0:
            return self._other if current else None
        return self._places[current - 1].values

    def assign(self, value: NDArray[Any]) -> None:
        """Hold a copy of this."""
        place = self._find(value.dtype, value.shape)
        if place is None:
            self._other = value.copy()
            self._current[0] = -1
        else:
            np.copyto(place.values, value)
            np.copyto(place.current, place.number)

    def take_back(self, current: int) -> None:
        """Hold again what was held when `current` (see `Place`) was this."""
        self._current[0] = current

    def forget(self) -> None:
        """Hold nothing."""
        self._current[0] = 0
        for place in self._places:
            place.values.fill(0)


class State:
    """The memory of one model between runs, shared by all its subgraphs.

    Attributes:
        variables: handle -> resource variable.
        tables: handle -> keys and values of a hash table.
        done: subgraphs that CALL_ONCE has run.
    """

    def __init__(self) -> None:
        self.variables: defaultdict[int, Variable] = defaultdict(Variable)
        self.tables: dict[int, Mapping[Any, Any]] = {}
        self.done: set[int] = set()
        self._make: Callable[[int], Callee] | None = None
        self._callees: dict[int, Callee] = {}
        self._running: set[int] = set()

    def serve(self, make: Callable[[int], Callee]) -> None:
        """Say how a subgraph becomes something to call; the first word counts."""
        self._make = self._make or make

    def call(self, subgraph: int, inputs: Sequence[NDArray[Any]]) -> list[NDArray[Any]]:
        """Run a subgraph; the arrays it returns hold until it runs again.

        Raises:
            InputError: if it is running already; subgraphs cannot call themselves.
        """
        if subgraph in self._running:
            raise InputError(f"A subgraph cannot call itself; subgraph {subgraph} does.")
        if subgraph not in self._callees:
            assert self._make is not None
            self._callees[subgraph] = self._make(subgraph)
        self._running.add(subgraph)
        try:
            return self._callees[subgraph](inputs)
        finally:
            self._running.discard(subgraph)

    def reset(self) -> None:
        """Forget everything, as if the model had never run."""
        for variable in self.variables.values():
            variable.forget()
        self.tables.clear()
        self.done.clear()
        self._callees.clear()

"""What outlives a run: resource variables, hash tables, what ran once; and how subgraphs call each other."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from numpy.typing import NDArray

from intengine.errors import InputError

#: Runs one subgraph on arrays in the order of its inputs; what it returns holds until its next run.
Callee = Callable[[Sequence[NDArray[Any]]], list[NDArray[Any]]]


class State:
    """The memory of one model between runs, shared by all its subgraphs.

    Attributes:
        variables: handle -> array of a resource variable, as READ_VARIABLE gives it.
        tables: handle -> keys and values of a hash table.
        done: subgraphs that CALL_ONCE has run.
    """

    def __init__(self) -> None:
        self.variables: dict[int, NDArray[Any]] = {}
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
        self.variables.clear()
        self.tables.clear()
        self.done.clear()
        self._callees.clear()

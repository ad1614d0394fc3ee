"""`kernel`, and `inline` and its like: the only ways a function of this package is compiled.

Numba keys its disk cache on the file of the decorated function alone, so an edited helper in another file would go
unnoticed and old arithmetic would keep running (numba#1833). Here the key is the content of every source file of
this package, so that any edit, and any upgrade, recompiles.
"""

import functools
import hashlib
import inspect
import logging
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import numba
from llvmlite import binding
from numba.core import caching, config
from numba.core.registry import CPUDispatcher as Dispatcher

from intengine_kernels.frame import Compiler, entry
from intengine_kernels.parts import Part, quiet

F = TypeVar("F", bound=Callable[..., Any])


def _source_stamp() -> str:
    digest = hashlib.sha256(numba.__version__.encode())
    root = Path(__file__).parent
    for path in sorted(root.rglob("*.py")):
        digest.update(str(path.relative_to(root)).encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


#: Changes whenever any source of the kernels, or Numba, changes.
SOURCE_STAMP = _source_stamp()


class _PackageStamp:
    def get_source_stamp(self) -> str:
        return SOURCE_STAMP


class _UserProvidedLocator(_PackageStamp, caching.UserProvidedCacheLocator):
    pass


class _InTreeLocator(_PackageStamp, caching.InTreeCacheLocator):
    pass


class _UserWideLocator(_PackageStamp, caching.UserWideCacheLocator):
    pass


class _KernelCacheImpl(caching.CompileResultCacheImpl):
    _locator_classes = [_UserProvidedLocator, _InTreeLocator, _UserWideLocator]  # noqa: RUF012

    def reduce(self, cres):
        """The machine code, and of the bitcode nothing but which symbols there are.

        Only code that calls a kernel would need all of it, and no kernel is called by another. To parse it takes half
        of the time that a kernel takes to load.
        """
        (name, kind, (machine_code, _)), *rest = super().reduce(cres)
        return ((name, kind, (machine_code, _stubs(cres.library._final_module))), *rest)


def _stubs(module: binding.ModuleRef) -> bytes:
    """Bitcode that defines all symbols that a module defines, as nothing."""
    lines = [f'define void @"{one.name}"() {{\n  ret void\n}}' for one in module.functions if not one.is_declaration]
    lines += [f'@"{one.name}" = global i8 0' for one in module.global_variables if not one.is_declaration]
    return bytes(binding.parse_assembly("\n".join(lines)).as_bitcode())


#: Says what is compiled: INFO when it begins and when it is done (`seconds`, `kernel`), DEBUG for loads from the disk.
LOG = logging.getLogger(__name__)


class _KernelCache(caching.FunctionCache):
    _impl_class = _KernelCacheImpl

    def load_overload(self, sig, target_context):
        name = self._py_func.__name__
        # Without what Numba's own method does first: to load all that it knows of types, which only compiling needs.
        with self._guard_against_spurious_io_errors():
            found = self._load_overload(sig, target_context)
        if found is None:
            LOG.info("Compiling %s", name, extra={"kernel": name, "seconds": None})
            self._since = time.perf_counter()
        else:
            LOG.debug("Loaded %s", name, extra={"kernel": name, "seconds": None})
        return found

    def save_overload(self, sig, data):
        name, seconds = self._py_func.__name__, time.perf_counter() - self._since
        LOG.info("Compiled %s in %.1f s", name, seconds, extra={"kernel": name, "seconds": seconds})
        super().save_overload(sig, data)


#: Whether functions stay what Python makes of them.
_IS_OFF = bool(getattr(config, "DISABLE_JIT", False))
#: IEEE arithmetic as written, no checks of bounds, and no reference counts: atomic ones would cost more than a short
#: kernel's work, and kernels allocate nothing.
_OPTIONS: Any = {"error_model": "numpy", "boundscheck": None, "_nrt": False}


def kernel(function: F) -> F:
    """Compile `function` on first use, without the GIL, and keep the machine code on disk.

    IEEE arithmetic is kept as written (no fastmath), array bounds are not checked, and division by zero follows
    NumPy (no Python exception). With NUMBA_DISABLE_JIT=1 the function is returned as it is.
    """
    dispatcher: Any = numba.njit(nogil=True, pipeline_class=Compiler, **_OPTIONS)(function)
    if not _IS_OFF:
        dispatcher._cache = _KernelCache(function)
    compiled: F = dispatcher
    return compiled


@functools.cache
def parameters(function: Callable[..., Any]) -> tuple[str, ...]:
    """The names of a kernel's parameters."""
    return tuple(inspect.signature(function).parameters)


class Compiled(NamedTuple):
    """What a function is for arguments of certain types.

    Attributes:
        call: calls it from Python.
        address: of the entry that takes a frame of `words` words; 0 if it is no compiled kernel.
    """

    call: Callable[..., Any]
    address: int = 0
    words: int = 0


def specialize(function: Callable[..., Any], args: Sequence[Any]) -> Compiled:
    """The machine code of a kernel for arguments of exactly these types, compiled or loaded now.

    Calling it skips Numba's look-up of types, a quarter of what a call costs; it must only be called with arguments
    of the same types (and layouts). What is no kernel is returned as it is.
    """
    if not isinstance(function, Dispatcher):
        return Compiled(function)
    return _compiled(function, tuple(numba.typeof(arg) for arg in args))


@functools.cache
def _compiled(function: Any, signature: tuple[Any, ...]) -> Compiled:
    function.compile(signature)
    compiled = function.overloads[signature]
    return Compiled(compiled.entry_point, *entry(compiled))


def inline(function: F) -> F:
    """Compile `function` into every place that calls it.

    Forced, because a call that passes some arrays costs as much as a hundred elements of work.
    """
    return _part(function, forceinline=True)


def subroutine(function: F) -> F:
    """Compile `function` once into each kernel that calls it: for large bodies that are called seldom or often alike.

    Inlining those multiplies the time to compile.
    """
    return _part(function)


def formula(function: F) -> F:
    """`inline` a function of scalars that Python calls too, also with arrays: it has no branches but `choose`.

    Overflow and invalid operations do not warn.
    """
    found: Any = quiet(function) if _IS_OFF else function
    return _part(found, forceinline=True)


def chosen(choose: Callable[..., Callable[..., Any] | None]) -> Callable[[F], F]:
    """`inline` a function whose body depends on the types of its arguments: choose(*types) gives it, or None for this.

    For what Numba would compile though a branch never reaches it. Python calls the decorated function itself.
    """
    return lambda function: _part(function, choose, forceinline=True)


def twin_of(intrinsic: Any) -> Callable[[F], F]:
    """Kernels call the intrinsic, inline; Python calls the decorated function, of the same parameters."""

    def decorate(function: F) -> F:
        names = ", ".join(parameters(function))
        call = eval(f"lambda {names}: intrinsic({names})", {"intrinsic": intrinsic})
        return chosen(lambda *types: call)(function)

    return decorate


def _part(function: F, choose: Callable[..., Any] | None = None, **options: Any) -> F:
    part: Any = function if _IS_OFF else Part(function, {**_OPTIONS, **options}, choose)
    return part

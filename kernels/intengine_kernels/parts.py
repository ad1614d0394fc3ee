"""Functions that are compiled into the kernels that call them, and not by themselves.

Numba makes machine code of every function that it compiles, though a kernel takes over the LLVM code of those that it
calls, and optimizes and translates it once more; of calls four deep that is most of a kernel's time to compile. Here
a function is LLVM code and nothing else until a kernel takes it over.
"""

import functools
from collections.abc import Callable
from typing import Any

import numpy as np
from numba.core.codegen import JITCodeLibrary
from numba.core.compiler import CompilerBase, DefaultPassBuilder
from numba.core.compiler_machinery import register_pass
from numba.core.registry import CPUDispatcher
from numba.core.typed_passes import NativeLowering


class _Library(JITCodeLibrary):
    """LLVM code that is linked, but neither optimized nor translated."""

    def finalize(self) -> None:
        self._raise_if_finalized()
        for library in dict.fromkeys(self._linking_libraries):
            self._reload_init.update(library._reload_init)
            self._final_module.link_in(library._get_module_for_linking(), preserve=True)
        self._final_module.verify()
        self._finalized = True


@register_pass(mutates_CFG=True, analysis_only=False)
class _Lowering(NativeLowering):
    _name = "lowering_of_a_part"

    def run_pass(self, state: Any) -> bool:
        state.library = _Library(state.targetctx.codegen(), state.func_id.func_qualname)
        state.flags.no_cpython_wrapper = state.flags.no_cfunc_wrapper = state.flags.no_compile = True
        super().run_pass(state)
        # What stands for a function's address: callers look it up by this.
        place = object()
        state.targetctx.insert_user_function(place, state["cr"].fndesc, [state.library])
        state["cr"] = state["cr"]._replace(cfunc=place)
        return True


def pipeline(state: Any, lowering: type[NativeLowering]) -> Any:
    """Numba's passes, but for the one that makes LLVM code."""
    passes = DefaultPassBuilder.define_nopython_pipeline(state)
    passes.passes = [(lowering if one is NativeLowering else one, name) for one, name in passes.passes]
    passes.finalize()
    return passes


class _Compiler(CompilerBase):
    def define_pipelines(self) -> list[Any]:
        return [pipeline(self.state, _Lowering)]


class Part(CPUDispatcher):
    """What `jit.inline` and its like make of a function; Python calls it as it is, without NumPy's warnings.

    choose: if given, choose(*types) is the function to compile for arguments of those types, or None for this one.
    """

    def __init__(
        self, function: Callable[..., Any], options: dict[str, Any], choose: Callable[..., Any] | None = None
    ) -> None:
        super().__init__(function, targetoptions={"nopython": True, **options}, pipeline_class=_Compiler)
        self._quiet = quiet(function)
        if choose is not None:
            compiler: Any = vars(self)["_compiler"]
            compiler._get_implementation = lambda args, kws: choose(*args) or function

    def add_overload(self, compiled: Any) -> None:
        self.overloads[tuple(compiled.signature.args)] = compiled

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self._quiet(*args, **kwargs)


def quiet(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function, without NumPy's warnings."""

    @functools.wraps(function)
    def run(*args: Any, **kwargs: Any) -> Any:
        with np.errstate(all="ignore"):
            return function(*args, **kwargs)

    return run

"""How machine code is called without Python: every kernel also has an entry that takes its arguments from a frame.

A frame is int64[n]: the arguments as Numba passes them, one after the other, each in the first bytes of a word. An
array is seven kinds of words: two that only reference counts need, then size, bytes of an element, address, shape and
strides. The entry stands where Numba has a wrapper for C callers, which kernels do not need; like that one it is kept
on disk with the kernel.
"""

import struct
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from llvmlite import ir
from numba.core.compiler import CompilerBase
from numba.core.compiler_machinery import register_pass
from numba.core.lowering import Lower
from numba.core.typed_passes import NativeLowering
from numpy.typing import NDArray

from intengine_kernels.isa.ir import I64, const
from intengine_kernels.parts import pipeline

#: What an entry is; kernels raise nothing, so there is no status.
ENTRY = ir.FunctionType(ir.VoidType(), [I64.as_pointer()])

_WORD = (1 << 64) - 1
#: Which of an array's words is its address.
_ADDRESS = 4


class _Lower(Lower):
    def create_cfunc_wrapper(self) -> None:
        context, kernel = self.context, self.fndesc
        module = context.create_module("entry")
        signature = context.call_conv.get_function_type(kernel.restype, kernel.argtypes)
        callee = ir.Function(module, signature, kernel.llvm_func_name)
        entry = ir.Function(module, ENTRY, kernel.llvm_cfunc_wrapper_name)
        builder = ir.IRBuilder(entry.append_basic_block("entry"))
        packer = context.get_arg_packer(kernel.argtypes)
        words = [
            builder.load(builder.bitcast(builder.gep(entry.args[0], [const(at)]), kind.as_pointer()))
            for at, kind in enumerate(packer.argument_types)
        ]
        args = packer.from_arguments(builder, words)
        context.call_conv.call_function(builder, callee, kernel.restype, kernel.argtypes, args, attrs=("noinline",))
        builder.ret_void()
        self.library.add_ir_module(module)


@register_pass(mutates_CFG=True, analysis_only=False)
class _Lowering(NativeLowering):
    _name = "lowering_with_entry"

    @property
    def lowering_class(self) -> type[Lower]:
        return _Lower


class Compiler(CompilerBase):
    """Numba's compiler, but for the entry."""

    def define_pipelines(self) -> list[Any]:
        return [pipeline(self.state, _Lowering)]


def entry(compiled: Any) -> tuple[int, int]:
    """Address of a compiled kernel's entry, and how many words its frames have; address 0 if there is none."""
    packer = compiled.target_context.get_arg_packer(compiled.fndesc.argtypes)
    begin = compiled.library.get_pointer_to_function(compiled.fndesc.llvm_cfunc_wrapper_name)
    return int(begin), len(packer.argument_types)


def frame(args: Sequence[Any]) -> NDArray[np.int64]:
    """The frame of these arguments: arrays, numbers, None, and tuples of them.

    It holds addresses only: the arrays must live as long as it is used.

    Raises:
        TypeError: for any other argument.
    """
    return np.array([word & _WORD for arg in args for word in _words(arg)], np.uint64).view(np.int64)


def address(array: NDArray[Any]) -> int:
    """Where the first element of an array lies."""
    found: int = array.__array_interface__["data"][0]
    return found


def place_of_address(args: Sequence[Any], at: int) -> int:
    """Which word of the frame of these arguments has the address of one of them, an array."""
    return len(frame(args[:at])) + _ADDRESS


def _words(arg: Any) -> Iterator[int]:
    if isinstance(arg, np.ndarray):
        yield from (0, 0, arg.size, arg.itemsize, address(arg), *arg.shape, *arg.strides)
    elif isinstance(arg, tuple):
        for item in arg:
            yield from _words(item)
    elif arg is None:
        yield 0
    elif isinstance(arg, (bool, np.bool_, int, np.integer)):
        yield int(arg)
    elif isinstance(arg, (float, np.floating)):
        # float64 before float: NumPy's is one of Python's too.
        kind = {2: "<e", 4: "<f"}.get(getattr(arg, "itemsize", 8), "<d")
        yield int.from_bytes(struct.pack(kind, arg), "little")
    else:
        raise TypeError(f"A frame holds arrays and numbers; got {type(arg).__name__}.")

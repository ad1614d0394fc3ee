"""Runs calls without Python: a loop over entries and frames, alone or shared with helping threads.

A program is int64[n, 3], a row for each call: the address of the kernel's entry, the first of its frames, and into how
many chunks it is divided. Frames are int64[m], their addresses: of a call in one chunk one, else `threads` times as
many as chunks, since every thread has work space of its own.

Threads that share a call agree through `control`, int64 words 64 bytes apart. Chunks are dealt out evenly, neighbours
to the same thread, so that it finds what it wrote before in its cache; who is done takes from the others. Each
thread's share has a ticket: the number of the call, counted from 1, in the upper half, and in the lower half the next
chunk that nobody has taken. Whoever adds one to it owns the chunk that it named. A thread looks at the others' shares
only for the call of its own, or it would take what their owners are about to.

Whoever finishes the last chunk of a call goes on: it runs the calls that are not shared, and deals out the next one
that is. So no thread waits for a helper that has taken nothing, and a late one costs nothing.
"""

import os

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from intengine_kernels.frame import ENTRY
from intengine_kernels.isa.ir import I32, I64, call
from intengine_kernels.jit import inline, kernel

#: Words between two that different threads write.
APART = 8
#: A helper that has found nothing to do so often goes to sleep: after some milliseconds.
PATIENCE = 100_000

_CHUNK = (1 << 32) - 1
#: arm64's number of the hint YIELD.
_YIELD_HINT = 1
_YIELDS = os.name == "posix"
_yield_core = types.ExternalFunction("sched_yield", types.int32())


@intrinsic
def _enter(typing_context, address, frame):
    """Call an entry with a frame."""

    def generate(context, builder, signature, args):
        function = builder.inttoptr(args[0], ENTRY.as_pointer())
        builder.call(function, [builder.inttoptr(args[1], I64.as_pointer())])
        return context.get_dummy_value()

    return types.void(types.int64, types.int64), generate


def _word(context, builder, signature, args):
    array = context.make_array(signature.args[0])(context, builder, args[0])
    return builder.gep(array.data, [args[1]])


@intrinsic
def _read(typing_context, words, at):
    """words[at], and all that was written before it was put there."""

    def generate(context, builder, signature, args):
        return builder.load_atomic(_word(context, builder, signature, args), "acquire", 8)

    return types.int64(words, types.int64), generate


@intrinsic
def _put(typing_context, words, at, value):
    """words[at] = value, behind all that was written before."""

    def generate(context, builder, signature, args):
        builder.store_atomic(args[2], _word(context, builder, signature, args), "release", 8)
        return context.get_dummy_value()

    return types.void(words, types.int64, types.int64), generate


@intrinsic
def _add(typing_context, words, at, value):
    """words[at] as it was before `value` was added to it."""

    def generate(context, builder, signature, args):
        return builder.atomic_rmw("add", _word(context, builder, signature, args), args[2], "acq_rel")

    return types.int64(words, types.int64, types.int64), generate


@intrinsic
def _pause(typing_context):
    """Tell the core that this thread waits, so that the other one on the same core gets all of it."""

    def generate(context, builder, signature, args):
        machine = builder.module.triple.split("-")[0]
        if machine == "x86_64":
            call(builder, "llvm.x86.sse2.pause", ir.VoidType())
        elif machine in ("aarch64", "arm64"):
            call(builder, "llvm.aarch64.hint", ir.VoidType(), ir.Constant(I32, _YIELD_HINT))
        return context.get_dummy_value()

    return types.void(), generate


@inline
def _wait(turns):
    """One turn of waiting; now and then the core goes to whoever else wants it."""
    _pause()
    if _YIELDS and turns & 63 == 63:
        _yield_core()


@kernel
def run(program, frames):
    """Run all calls, whole.

    program: int64[n, 3]. frames: int64[m], without further threads' ones.
    """
    for i in range(program.shape[0]):
        _enter(program[i, 0], frames[program[i, 1]])


def control(threads):
    """The words of `control` for this many threads, int64, when no call has run and all helpers are asleep.

    In lines of APART words: one for each share, its ticket; one with how many chunks of the call are done, and the call
    to stop at; one for each helper, whether it is asleep, and how many chunks it has done so far.

    And views of the last ones, int64[threads - 1]: chunks done, asleep.
    """
    words = np.zeros(2 * threads * APART, np.int64)
    helpers = words[(threads + 1) * APART :]
    asleep, helped = helpers[::APART], helpers[1::APART]
    asleep[:] = 1
    return words, helped, asleep


@inline
def _deal_out(program, frames, control, threads, first):
    """Run the calls from `first` on until one that is shared, and put its tickets; behind the last one, put none."""
    call, end = first, control[threads * APART + 1]
    while call < end and program[call, 2] == 1:
        _enter(program[call, 0], frames[program[call, 1]])
        call += 1
    if call < end:
        control[threads * APART] = 0
        # The last share is never empty: nobody can have finished the call before it is put.
        for one in range(threads):
            _put(control, one * APART, (call + 1) << 32 | program[call, 2] * one // threads)
    else:
        # The caller's own last: it goes on when it sees that.
        for one in range(threads):
            _put(control, (threads - 1 - one) * APART, 0)


@inline
def _take(program, frames, control, threads, thread, share, wanted):
    """Take a chunk of this share, if it is one of the wanted call, and run it as this thread.

    Returns the number of its call, which is another one if the wanted call has ended meanwhile; -1 if there was none.
    """
    ticket = _read(control, share * APART)
    call = (ticket >> 32) - 1
    if call != wanted or (ticket & _CHUNK) >= program[call, 2] * (share + 1) // threads:
        return -1
    ticket = _add(control, share * APART, 1)
    call, chunk = (ticket >> 32) - 1, ticket & _CHUNK
    if call < 0 or chunk >= program[call, 2] * (share + 1) // threads:
        return -1
    _enter(program[call, 0], frames[program[call, 1] + thread * program[call, 2] + chunk])
    return call


@inline
def _take_all(program, frames, control, threads, thread):
    """Take chunks of the call that is on until none is left; returns how many."""
    call = (_read(control, thread * APART) >> 32) - 1
    mine, one = 0, 0
    while call >= 0 and one < threads:
        taken = _take(program, frames, control, threads, thread, (thread + one) % threads, call)
        if taken < 0:
            one += 1
        else:
            mine, call = mine + 1, taken
    if mine > 0 and _add(control, threads * APART, mine) + mine == program[call, 2]:
        _deal_out(program, frames, control, threads, call + 1)
    return mine


@kernel
def share(program, frames, begin, end, control, threads):
    """Run calls [begin, end); helpers may take chunks, and what lies between them.

    program: int64[n, 3]. frames: int64[m]. control: int64[w].
    """
    control[threads * APART + 1] = end
    _deal_out(program, frames, control, threads, begin)
    turns = 0
    while _read(control, 0) >> 32 != 0:
        if _take_all(program, frames, control, threads, 0) > 0:
            turns = 0
        else:
            _wait(turns)
            turns += 1


@kernel
def help_out(program, frames, control, threads, thread):
    """Take chunks of what `share` runs, as its thread number `thread` (from 1), until there was nothing for a while."""
    mine = (threads + thread) * APART
    idle = 0
    while idle < PATIENCE:
        found = _take_all(program, frames, control, threads, thread)
        if found > 0:
            control[mine + 1] += found
            idle = 0
        else:
            _wait(idle)
            idle += 1
    _put(control, mine, 1)

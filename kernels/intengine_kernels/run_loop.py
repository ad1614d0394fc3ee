"""Runs calls without Python: a loop over entries and frames, alone or shared with helping threads.

A program is int64[n, 4], a row for each call: of how many kernels, one after the other, it consists, the first of its
frames, into how many chunks it is divided, and the first of their needs. Frames are int64[m, 2], the addresses of a
kernel's entry and of its frame: for each thread that may take part, since it has work space of its own, for each chunk,
and for each kernel. Needs are int64[k]: for each chunk, the bits of those of the call before that must be done first.
Shares are int64[threads + 1, n]: for each thread and call, the first chunk of its share, which ends where the next
thread's begins.

Threads that share a program agree through `control`, int64 words in lines of APART. Each call's chunks are dealt out
evenly, neighbours to the same thread, so that it finds what it wrote before in its cache. Every thread has a ticket for
its share of each call: the number of the run in the upper half, and in the lower half how many of the chunks are taken.
Who puts one more there owns the next. Each thread also keeps the bits of the chunks that it has done, call by call.

A thread takes what is next in its own share, be it of the first call that is not done yet or, where needs allow that,
of the one behind: so it seldom waits for the others at a call's end. Only if there is nothing, it takes from others. So
nobody waits for a helper that has taken nothing, and a late one costs nothing.
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
#: A helper that has looked so often for a new run, in vain, goes to sleep: after some milliseconds.
PATIENCE = 100_000
#: Chunks of a call, at most: the bits of a word but for its sign.
MOST_CHUNKS = 63

#: The lower half of a ticket, and the numbers that runs can have.
_TAKEN, _RUNS = (1 << 32) - 1, (1 << 31) - 1
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
def _replace(typing_context, words, at, old, new):
    """Whether words[at] was `old`; only then it is `new` now."""

    def generate(context, builder, signature, args):
        word = _word(context, builder, signature, args)
        return builder.extract_value(builder.cmpxchg(word, args[2], args[3], "acq_rel", "acquire"), 1)

    return types.boolean(words, types.int64, types.int64, types.int64), generate


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


@inline
def _run_chunk(program, frames, call, number):
    """The kernels of a chunk; number: of the chunk, counted over the threads."""
    kernels = program[call, 0]
    first = program[call, 1] + number * kernels
    for i in range(first, first + kernels):
        _enter(frames[i, 0], frames[i, 1])


@kernel
def run(program, frames):
    """Run all calls, whole.

    program: int64[n, 4]. frames: int64[m, 2].
    """
    for i in range(program.shape[0]):
        _run_chunk(program, frames, i, 0)


def control(calls, threads):
    """The words of `control` for so many calls and threads, int64, when none has run and all helpers are asleep.

    In this order: a line with the number of the run, and its first call and the one to stop at; a line for each helper,
    whether it is asleep and how many chunks it has taken so far; for each thread, in lines of its own, its tickets;
    and likewise the chunks that it has done.

    And views of the helpers' words, int64[threads - 1]: chunks taken, asleep.
    """
    words = np.zeros((threads + 2 * threads * -(-calls // APART)) * APART, np.int64)
    helpers = words[APART : threads * APART]
    asleep, helped = helpers[::APART], helpers[1::APART]
    asleep[:] = 1
    # Tickets of no run have number 0: nobody takes them who looks before the first run has written its own.
    words[0] = 1
    return words, helped, asleep


@inline
def _ticket(program, threads, thread, call):
    """Where a thread's ticket for a call is."""
    return (threads + thread * -(-program.shape[0] // APART)) * APART + call


@inline
def _done(program, threads, thread, call):
    """Where the chunks of a call are that a thread has done."""
    return _ticket(program, threads, threads + thread, call)


def shares(program, threads):
    """The shares of a program: neighbouring chunks, as many for each thread; a single one is the first thread's."""
    return -(-program[:, 2] * np.arange(threads + 1)[:, np.newaxis] // threads)


@inline
def _is_ready(program, control, threads, thread, call, needed):
    """Whether these chunks of a call are done. A thread looks at the others' words only if its own do not say so."""
    needed &= ~control[_done(program, threads, thread, call)]
    other = 0
    while needed != 0 and other < threads:
        needed &= ~_read(control, _done(program, threads, other, call))
        other += 1
    return needed == 0


@inline
def _take(program, needs, shares, control, threads, thread, number, first, call, share):
    """Take the next chunk of a share, if there is one and all is done that it needs; returns it, or -1.

    Shares in odd places are done from their end, so that what two neighbours both need of each other comes last.

    Args:
        number: of the run. first: call that is not done yet; all before it are.
    """
    at = _ticket(program, threads, share, call)
    ticket = _read(control, at)
    begin, end = shares[share, call], shares[share + 1, call]
    chunk = begin + (ticket & _TAKEN)
    if ticket >> 32 != number or chunk >= end:
        return -1
    if share & 1:
        chunk = begin + end - 1 - chunk
    if call != first and not _is_ready(program, control, threads, thread, call - 1, needs[program[call, 3] + chunk]):
        return -1
    return chunk if _replace(control, at, ticket, ticket + 1) else -1


@inline
def _work(program, frames, needs, shares, control, threads, thread):
    """Take part in the run that is on, until it ends; returns how many chunks were taken.

    Who finds nothing waits, however long: a helper that went to sleep would be missed for the rest of the run.
    """
    number = _read(control, 0)
    first, end = control[1], control[2]
    mine, turns = 0, 0
    while first < end:
        call, chunk = first, _take(program, needs, shares, control, threads, thread, number, first, first, thread)
        if chunk < 0 and first + 1 < end:
            call = first + 1
            chunk = _take(program, needs, shares, control, threads, thread, number, first, call, thread)
        if chunk < 0:
            if _is_ready(program, control, threads, thread, first, (1 << program[first, 2]) - 1):
                first += 1
                continue
            one = 0
            while chunk < 0 and one < 2 * (threads - 1):
                call, share = first + one // (threads - 1), (thread + 1 + one % (threads - 1)) % threads
                if call < end:
                    chunk = _take(program, needs, shares, control, threads, thread, number, first, call, share)
                one += 1
        if chunk >= 0:
            _run_chunk(program, frames, call, thread * program[call, 2] + chunk)
            at = _done(program, threads, thread, call)
            _put(control, at, control[at] | 1 << chunk)
            mine, turns = mine + 1, 0
        elif _read(control, 0) != number:
            first = end
        else:
            _wait(turns)
            turns += 1
    return mine


@kernel
def share(program, frames, needs, shares, begin, end, control, threads):
    """Run calls [begin, end); helpers may take chunks.

    program: int64[n, 4]. frames: int64[m, 2]. needs: int64[k]. shares: int64[threads + 1, n]. control: int64[w].
    """
    number = (control[0] + 1) & _RUNS
    for thread in range(threads):
        for i in range(begin, end):
            control[_done(program, threads, thread, i)] = 0
            _put(control, _ticket(program, threads, thread, i), number << 32)
    control[1], control[2] = begin, end
    _put(control, 0, number)
    _work(program, frames, needs, shares, control, threads, 0)


@kernel
def help_out(program, frames, needs, shares, control, threads, thread):
    """Take chunks of what `share` runs, as its thread number `thread` (from 1), until no run came for a while."""
    mine = thread * APART
    number, idle = -1, 0
    while idle < PATIENCE:
        if _read(control, 0) == number:
            _wait(idle)
            idle += 1
        else:
            number = _read(control, 0)
            control[mine + 1] += _work(program, frames, needs, shares, control, threads, thread)
            idle = 0
    _put(control, mine, 1)

"""One array into another: Numba's own assignment makes a copy in between, and kernels allocate nothing.

Where elements lie side by side along one axis in the source and along another in the target, blocks of them are turned
in registers: rows of the source are read, and interleaved by halves until they are rows of the target.
"""

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from intengine_kernels.isa.ir import I8, I32, I64, array_pointer, const, counted, local_function
from intengine_kernels.jit import formula, inline, kernel

#: Axes that `copy_strided` walks.
AXES = 5


@inline
def copy_row(source, target):
    """target[i] = source[i] for one-dimensional arrays of one type."""
    for i in range(target.shape[0]):
        target[i] = source[i]


@inline
def copy_rows(source, target):
    """target[i, j] = source[i, j] for two-dimensional arrays of one type."""
    for i in range(target.shape[0]):
        for j in range(target.shape[1]):
            target[i, j] = source[i, j]


@intrinsic
def _address(typing_context, array):
    def generate(context, builder, signature, args):
        return builder.ptrtoint(array_pointer(context, builder, signature.args[0], args[0], I8), I64)

    return types.int64(array), generate


@intrinsic(prefer_literal=True)
def _move(typing_context, size, target, source):
    """`size` bytes, a literal, from one address to another."""
    kind = ir.IntType(8 * size.literal_value).as_pointer()

    def generate(context, builder, signature, args):
        value = builder.load(builder.inttoptr(args[2], kind), align=1)
        builder.store(value, builder.inttoptr(args[1], kind), align=1)
        return context.get_dummy_value()

    return types.void(size, types.int64, types.int64), generate


@intrinsic
def _move_run(typing_context, target, source, size):
    """`size` bytes from one address to another that does not overlap."""

    def generate(context, builder, signature, args):
        pointer = I8.as_pointer()
        copy = builder.module.declare_intrinsic("llvm.memcpy", [pointer, pointer, I64])
        places = [builder.inttoptr(address, pointer) for address in args[:2]]
        builder.call(copy, [*places, args[2], ir.Constant(ir.IntType(1), 0)])
        return context.get_dummy_value()

    return types.void(types.int64, types.int64, types.int64), generate


@intrinsic(prefer_literal=True)
def _fill(typing_context, size, target, source, count):
    """`count` copies, one after the other, of the `size` bytes, a literal, at `source`."""
    kind = ir.IntType(8 * size.literal_value).as_pointer()

    def generate(context, builder, signature, args):
        # Read once: a value that could be overwritten would keep the stores from becoming vectors.
        value = builder.load(builder.inttoptr(args[2], kind), align=1)
        place = builder.inttoptr(args[1], kind)

        def store(i, values):
            builder.store(value, builder.gep(place, [i]), align=1)
            return values

        counted(builder, args[3], [], store)
        return context.get_dummy_value()

    return types.void(size, types.int64, types.int64, types.int64), generate


@inline
def _elements(size, target, source, count, to, start):
    """`count` elements of `size` bytes, a literal, `to` and `start` bytes apart."""
    if start == 0 and to == size:
        _fill(size, target, source, count)
    else:
        for i in range(count):
            _move(size, target + i * to, source + i * start)


@formula
def side_of(size):
    """Elements along each side of a block that is turned: at most 16 vectors of 64 bytes."""
    return min(16, 64 // size)


def _turned(builder, rows):
    """The columns of as many vectors as each has lanes; a power of two."""
    count = len(rows)
    kind = ir.VectorType(I32, count)
    half = count // 2
    lower, upper = (ir.Constant(kind, [first + i // 2 + i % 2 * count for i in range(count)]) for first in (0, half))
    for _ in range(count.bit_length() - 1):
        pairs = zip(rows[:half], rows[half:], strict=True)
        rows = [builder.shuffle_vector(*pair, part) for pair in pairs for part in (lower, upper)]
    return rows


def _emit_turn(size):
    """A block of the source as columns of the target; rows are `start` and `to` bytes apart."""
    kind = ir.VectorType(ir.IntType(8 * size), side_of(size))

    def body(builder, args):
        target, source, to, start = args

        def place(base, step, i):
            at = builder.add(base, builder.mul(step, const(i)))
            return builder.inttoptr(at, kind.as_pointer())

        rows = [builder.load(place(source, start, i), align=1) for i in range(kind.count)]
        for i, row in enumerate(_turned(builder, rows)):
            builder.store(row, place(target, to, i), align=1)
        builder.ret_void()

    return body


@intrinsic(prefer_literal=True)
def _turn(typing_context, size, target, source, to, start):
    """A block of elements of `size` bytes, a literal: source[j, i] -> target[i, j], addresses and bytes of a row."""

    def generate(context, builder, signature, args):
        literal = size.literal_value
        kinds = [I64] * 4
        function = local_function(builder, f"intengine_turn_{literal}", ir.VoidType(), kinds, _emit_turn(literal))
        builder.call(function, args[1:])
        return context.get_dummy_value()

    return types.void(size, *[types.int64] * 4), generate


@inline
def _blocks(size, target, source, rows, columns, to, start):
    """source[columns, rows] -> target[rows, columns], both at least as long as a block; the last blocks overlap."""
    side = side_of(size)
    for i in range(0, rows, side):
        i = min(i, rows - side)
        for j in range(0, columns, side):
            j = min(j, columns - side)
            _turn(size, target + i * to + j * size, source + i * size + j * start, to, start)


@inline
def _plane(target, source, rows, columns, to, start, size):
    """Turn a plane; False if there are no blocks for it."""
    if min(rows, columns) < side_of(size):
        return False
    if size == 1:
        _blocks(1, target, source, rows, columns, to, start)
    elif size == 2:
        _blocks(2, target, source, rows, columns, to, start)
    elif size == 4:
        _blocks(4, target, source, rows, columns, to, start)
    elif size == 8:
        _blocks(8, target, source, rows, columns, to, start)
    else:
        return False
    return True


@inline
def _line(target, source, count, to, start, size):
    """`count` runs of `size` bytes, `to` and `start` bytes apart."""
    if size == 1:
        _elements(1, target, source, count, to, start)
    elif size == 2:
        _elements(2, target, source, count, to, start)
    elif size == 4:
        _elements(4, target, source, count, to, start)
    elif size == 8:
        _elements(8, target, source, count, to, start)
    elif size == 16:
        _elements(16, target, source, count, to, start)
    else:
        for i in range(count):
            _move_run(target + i * to, source + i * start, size)


@kernel
def copy_strided(target, source, walk, size):
    """Copy runs of `size` bytes between views of one shape that share no memory.

    target, source: uint8[n], where the first element of each view lies. walk: int64[5, 3], for each axis, outermost
    first, its length and the bytes from one run to the next in target and in source, which may be negative.
    """
    t0, s0 = _address(target), _address(source)
    for i in range(walk[0, 0]):
        t1, s1 = t0 + i * walk[0, 1], s0 + i * walk[0, 2]
        for j in range(walk[1, 0]):
            t2, s2 = t1 + j * walk[1, 1], s1 + j * walk[1, 2]
            for k in range(walk[2, 0]):
                t3, s3 = t2 + k * walk[2, 1], s2 + k * walk[2, 2]
                turns = walk[3, 2] == size and walk[4, 1] == size
                if turns and _plane(t3, s3, walk[3, 0], walk[4, 0], walk[3, 1], walk[4, 2], size):
                    continue
                for m in range(walk[3, 0]):
                    t4, s4 = t3 + m * walk[3, 1], s3 + m * walk[3, 2]
                    _line(t4, s4, walk[4, 0], walk[4, 1], walk[4, 2], size)

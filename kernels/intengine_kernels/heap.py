"""A binary heap that leaves equal entries in the order in which the C++ standard library LiteRT is built with does.

Source: libstdc++ bits/stl_heap.h, bits/stl_algo.h
"""

from intengine_kernels.jit import inline, subroutine


@inline
def _place(keys, entries, top, size, entry):
    """Move the hole at `top` down to a leaf, along the lesser of two children (the second of equals), then entry up."""
    hole, child = top, 2 * top + 2
    while child < size:
        if keys[entries[child]] > keys[entries[child - 1]]:
            child -= 1
        entries[hole] = entries[child]
        hole, child = child, 2 * child + 2
    if child == size:
        entries[hole] = entries[child - 1]
        hole = child - 1
    while hole > top and keys[entries[(hole - 1) // 2]] > keys[entry]:
        entries[hole] = entries[(hole - 1) // 2]
        hole = (hole - 1) // 2
    entries[hole] = entry


@subroutine
def partial_sort(keys, order):
    """order = places of the greatest keys, falling. order: int64[count], count at most the number of keys."""
    count = order.shape[0]
    for i in range(count):
        order[i] = i
    for parent in range(count // 2 - 1, -1, -1):
        _place(keys, order, parent, count, order[parent])
    for place in range(count, keys.shape[0]):
        if keys[place] > keys[order[0]]:
            _place(keys, order, 0, count, place)
    for size in range(count - 1, 0, -1):
        least, last = order[0], order[size]
        _place(keys, order, 0, size, last)
        order[size] = least

"""How wide a table's columns are, so that words stay whole as long as the terminal allows."""

from collections.abc import Sequence

from rich.cells import cell_len

_GAP, _NARROW_GAP = 2, 1
#: No column gets narrower than this.
_LEAST = 6


def fit(
    columns: Sequence[Sequence[str]], available: int, *, whole_cells: Sequence[bool], foldable: Sequence[bool]
) -> tuple[int, list[int]]:
    """Space between columns, and the width of each.

    The widest columns give way first, down to their longest word; then the space between columns; then the foldable
    columns; then, in a terminal too narrow for all of that, every column.

    Args:
        columns: for each column, its header and cells.
        available: width of the terminal.
        whole_cells: for each column, whether its cells are one word each, whatever spaces they have.
        foldable: for each column, whether its words may be broken.
    """
    wanted = [max(map(_line, cells)) for cells in columns]
    whole = [
        max(_word(cells[0]), *map(_line if one else _word, cells[1:]), 0)
        for cells, one in zip(columns, whole_cells, strict=True)
    ]
    folded = [min(least, _LEAST) if may else least for least, may in zip(whole, foldable, strict=True)]
    least = [min(width, _LEAST) for width in whole]
    for gap, floor in ((_GAP, whole), (_NARROW_GAP, whole), (_NARROW_GAP, folded), (_NARROW_GAP, least)):
        room = available - gap * (len(columns) - 1)
        if sum(floor) <= room:
            return gap, _shrink(wanted, floor, room)
    return _NARROW_GAP, least


def _shrink(wanted: Sequence[int], floor: Sequence[int], room: int) -> list[int]:
    widths = [min(width, max(room, least)) for width, least in zip(wanted, floor, strict=True)]
    while sum(widths) > room:
        at = max((i for i in range(len(widths)) if widths[i] > floor[i]), key=lambda i: widths[i])
        widths[at] -= 1
    return widths


def _line(text: str) -> int:
    return max(map(cell_len, text.split("\n")))


def _word(text: str) -> int:
    return max(map(cell_len, text.split()), default=0)

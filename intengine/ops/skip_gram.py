"""SKIP_GRAM: the n-grams of a text's words, with gaps."""

import re
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from intengine.errors import InputError
from intengine.model import TensorType
from intengine.ops._context import NodeContext
from intengine.ops._registry import Operator, register
from intengine.shapes import Shape
from intengine.step import Call, Holder

#: A text that makes more n-grams is refused.
MOST = 2**22


def _words(text: bytes) -> list[bytes]:
    """Words between white space; white space at the very start belongs to the first word, as LiteRT has it.

    A word that begins with such white space is dropped unless it is the last.
    """
    pieces = re.split(rb"[ \t\n\v\f\r]", text[1:])
    pieces[0] = text[:1] + pieces[0]
    last = pieces.pop()
    return [piece for piece in pieces if piece and not piece[:1].isspace()] + [last] * bool(last)


def _ngrams(words: Sequence[bytes], size: int, skip: int, shorter: bool) -> Iterator[bytes]:
    """Those that start at each word in turn, every longer one before what it continues."""

    def grow(chosen: tuple[int, ...]) -> Iterator[bytes]:
        if len(chosen) < size:
            for following in range(chosen[-1] + 1, min(chosen[-1] + skip + 2, len(words))):
                yield from grow((*chosen, following))
        if len(chosen) == size or shorter:
            yield b" ".join(words[i] for i in chosen)

    if 1 <= size <= len(words):
        for first in range(len(words)):
            yield from grow((first,))


def _skip_gram(text: NDArray[Any], size: int, skip: int, shorter: bool, out: Holder) -> None:
    found: list[bytes] = []
    for ngram in _ngrams(_words(text[0]), size, skip, shorter):
        found.append(ngram)
        if len(found) > MOST:
            raise InputError(f"SKIP_GRAM makes at most {MOST} n-grams of a text; this one has more.")
    out.array = np.empty(len(found), object)
    out.array[:] = found


def infer(ctx: NodeContext) -> Sequence[Shape | None]:
    return [None]


def prepare(ctx: NodeContext) -> Sequence[Call]:
    """Sequences of `ngram_size` words (or up to that many), at most `max_skip_size` words left out between two.

    Source: tflite/kernels/skip_gram.cc
    """
    text, out = ctx.input(0), ctx.output()
    if text.type is not TensorType.STRING or out.type is not TensorType.STRING:
        ctx.unsupported()
    ctx.require(text.size == 1, "takes one text", text.size)
    size, skip = ctx.options["ngram_size"], ctx.options["max_skip_size"]
    ctx.require(size <= 64, "makes n-grams of up to 64 words here", size)
    return [Call(_skip_gram, (text.ref((1,)), size, skip, ctx.options["include_all_ngrams"], out.target()))]


register(Operator("SKIP_GRAM", infer, prepare, (1, 1), ("string -> string",)))

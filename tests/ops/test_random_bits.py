"""Generators of random bits: the answers that their authors publish, streams, and state in an interpreter."""

import numpy as np
import pytest

import intengine
from intengine.ops._philox import Stream, philox, threefry
from tests.cases._build import constant, one_op, result

PI = [0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344, 0xA4093822, 0x299F31D0]
ONES = 2**32 - 1


@pytest.mark.parametrize(
    ("counter", "key", "wanted"),
    [
        ([0] * 4, (0, 0), [0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8]),
        ([ONES] * 4, (ONES, ONES), [0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD]),
        (PI[:4], (PI[4], PI[5]), [0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1]),
    ],
)
def test_philox_gives_the_published_answers(counter: list[int], key: tuple[int, int], wanted: list[int]) -> None:
    assert philox(key, np.array([counter], np.uint32)).tolist() == [wanted]


@pytest.mark.parametrize(
    ("counter", "key", "wanted"),
    [
        ([0] * 2, (0, 0), [0x6B200159, 0x99BA4EFE]),
        ([ONES] * 2, (ONES, ONES), [0x1CB996FC, 0xBB002BE7]),
        (PI[:2], (PI[2], PI[3]), [0xC4923A9C, 0x483DF7A0]),
    ],
)
def test_threefry_gives_the_published_answers(counter: list[int], key: tuple[int, int], wanted: list[int]) -> None:
    assert threefry(key, np.array([counter], np.uint32)).tolist() == [wanted]


def test_a_stream_carries_into_the_upper_half_of_its_counter() -> None:
    stream = Stream(1, 5)
    stream.skip(2**64 - 1)
    last, first = stream.take(2)
    assert last.tolist() == philox((1, 0), np.array([[ONES, ONES, 5, 0]], np.uint32))[0].tolist()
    assert first.tolist() == philox((1, 0), np.array([[0, 0, 6, 0]], np.uint32))[0].tolist()


def test_a_node_without_seeds_draws_the_same_in_every_interpreter() -> None:
    problem = one_op("random", "RANDOM_UNIFORM", [constant("INT32", [5])], [result("FLOAT32", (5,))])
    runs = [next(iter(intengine.Interpreter(problem.model).run({}).values())) for _ in range(2)]
    assert runs[0].tolist() == runs[1].tolist()
    assert (
        runs[0].tolist()
        == (philox((0, 0), np.array([[0] * 4, [1, 0, 0, 0]], np.uint32)).reshape(-1)[:5] % 2**23 / 2**23).tolist()
    )


def test_invocations_go_on_with_the_stream() -> None:
    problem = one_op("random", "RANDOM_UNIFORM", [constant("INT32", [4])], [result("FLOAT32", (4,))], seed=3)
    engine = intengine.Interpreter(problem.model)
    first, second = (next(iter(engine.run({}).values())).tolist() for _ in range(2))
    both = Stream(3, 0).take(2) % 2**23 / 2**23
    assert [first, second] == both.tolist()

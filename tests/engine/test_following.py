"""Which calls go along with the one before, chunk by chunk."""

import numpy as np
import pytest
from numba.core import config

import intengine
from intengine.following import Leader
from intengine.touching import Touched
from intengine.writer import ModelBuilder
from tests.cases._graphs import chain

compiled_only = pytest.mark.skipif(bool(config.DISABLE_JIT), reason="nothing is native without machine code")


def touched(reads: list[tuple[int, int]], writes: list[tuple[int, int]]) -> Touched:
    return Touched(np.array(reads).reshape(-1, 1, 2), np.array(writes).reshape(-1, 1, 2))


def leader(rows: int = 8) -> Leader:
    """A call in two chunks: the bytes 0 to 100 and 100 to 200 -> 200 to 300 and 300 to 400."""
    made = Leader(2)
    made.lead([(0, rows // 2), (rows // 2, rows)], touched([(0, 100), (100, 200)], [(200, 300), (300, 400)]))
    return made


def test_chunks_that_need_the_same_chunk_follow_and_others_follow_them() -> None:
    first = leader()
    assert first.follow(touched([(200, 300), (300, 400)], [(400, 450), (450, 500)]))
    assert first.follow(touched([(400, 450), (450, 500)], [(500, 510), (510, 520)]))
    assert not first.follow(touched([(400, 451), (450, 500)], [(600, 610), (610, 620)]))


def test_chunks_do_not_follow_if_another_must_be_done_before() -> None:
    reads = [(200, 300), (300, 400)]
    assert not leader().follow(touched([(200, 301), (300, 400)], [(400, 450), (450, 500)]))
    # The second chunk of the call before still reads what is overwritten.
    assert not leader().follow(touched(reads, [(150, 160), (450, 500)]))
    assert leader().follow(touched(reads, [(50, 60), (450, 500)]))
    assert not leader().follow(touched([(700, 710), (710, 720)], [(390, 400), (720, 730)]))


def test_a_call_is_cut_where_the_leader_is() -> None:
    halves = [(0, 16), (16, 32)]
    assert leader().cuts(halves, is_cut=True) == halves
    assert leader().cuts([(0, 32)], is_cut=True) == halves
    assert leader().cuts([(0, 8), (8, 16), (16, 24), (24, 32)], is_cut=True) is None
    assert leader().cuts([(0, 32)], is_cut=False) is None
    assert Leader(2).cuts(halves, is_cut=True) is None
    assert leader(14).cuts([(0, 7)], is_cut=True) is None


def test_a_call_is_not_cut_within_a_block() -> None:
    assert leader().cuts([(0, 32)], is_cut=True, block=16) == [(0, 16), (16, 32)]
    assert leader().cuts([(0, 40)], is_cut=True, block=16) is None


def test_a_call_does_not_follow_at_the_price_of_uneven_shares() -> None:
    uneven = Leader(2)
    uneven.lead([(0, 4), (4, 7)], touched([(0, 4), (4, 7)], [(10, 14), (14, 17)]))
    assert uneven.cuts([(0, 24), (24, 49)], is_cut=True) is None
    assert uneven.cuts([(0, 49)], is_cut=True) == [(0, 28), (28, 49)]


def test_nothing_follows_where_one_thread_runs_alone() -> None:
    alone = Leader(1)
    alone.lead([(0, 1)], touched([(0, 1)], [(1, 2)]))
    assert alone.cuts([(0, 1)], is_cut=True) is None


@compiled_only
@pytest.mark.parametrize("threads", [2, 3, 5])
def test_a_chain_of_elementwise_operators_is_one_call(threads: int) -> None:
    builder = ModelBuilder()
    value = np.random.default_rng(0).integers(-50, 50, (64, 64, 32)).astype(np.int8)
    chain(builder, ["ADD", "MUL", "SUB", "ADD"], "INT8", value.shape, value)
    model = builder.to_bytes(builder.inputs, builder.outputs)
    one, more = (intengine.Interpreter(model, num_threads=count) for count in (1, threads))
    calls = [call.native for calls in more.execute(value).calls for call in calls]
    assert [native.follows for native in calls if native] == [False, True, True, True]
    assert {native.chunks for native in calls if native} in ({threads}, {2 * threads})
    for _ in range(20):
        x = np.random.default_rng().integers(-128, 128, value.shape).astype(np.int8)
        assert np.array_equal(*one.run(x).values(), *more.run(x).values())


@compiled_only
@pytest.mark.parametrize("threads", [2, 3, 5])
def test_blocks_of_a_sum_are_not_divided(threads: int) -> None:
    """LiteRT's optimized kernels add whole blocks of a row, and what is left of it, by different formulas."""
    rng = np.random.default_rng(0)
    builder = ModelBuilder()
    x = builder.tensor("x", "INT8", (1, 9, 9, 64), scale=0.5, zero_point=3)
    y, made, out = (
        builder.tensor(name, "INT8", (1, 9, 9, 35), scale=0.3, zero_point=5) for name in ("y", "made", "out")
    )
    weights = builder.tensor(
        "w", "INT8", (35, 3, 3, 64), rng.integers(-127, 128, (35, 3, 3, 64)).astype(np.int8),
        scale=[0.01] * 35, zero_point=[0] * 35,
    )  # fmt: skip
    bias = builder.tensor("b", "INT32", (35,), np.zeros(35, np.int32), scale=[0.005] * 35, zero_point=[0] * 35)
    strides = {"stride_h": 1, "stride_w": 1, "dilation_h_factor": 1, "dilation_w_factor": 1}
    builder.op("CONV_2D", [x, weights, bias], [made], version=3, padding=0, **strides)
    builder.op("ADD", [made, y], [out], version=2)
    # It keeps x alive, whose place the sum would have otherwise.
    kept = builder.tensor("kept", "INT8", (1, 9, 9, 64), scale=0.5, zero_point=3)
    builder.op("RELU", [x], [kept], version=2)
    model = builder.to_bytes([x, y], [out, kept])
    engine = intengine.Interpreter(model, profile="litert-optimized", num_threads=threads)
    inputs = {name: rng.integers(-128, 128, spec.shape).astype(np.int8) for name, spec in engine.inputs.items()}
    (native,) = (call.native for call in engine.execute(inputs).calls[1])
    assert native
    sizes = [args[-1].size for args in native.args]
    assert len(sizes) == 1 or not any(size % 16 for size in sizes[:-1])

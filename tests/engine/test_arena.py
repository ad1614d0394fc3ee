"""The arena's layout: no overlap in time and space, close to the lower bound."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intengine import Interpreter
from intengine.arena import ALIGNMENT, Lifetime, allocate, lower_bound


@st.composite
def lifetimes(draw: st.DrawFn) -> list[Lifetime]:
    out = []
    for tensor in range(draw(st.integers(0, 30))):
        first = draw(st.integers(-1, 20))
        out.append(Lifetime(tensor, draw(st.integers(0, 5000)), first, draw(st.integers(first, 21))))
    return out


@given(lifetimes())
def test_tensors_alive_together_never_share_bytes(lives: list[Lifetime]) -> None:
    offsets, size = allocate(lives)
    for life in lives:
        assert offsets[life.tensor] % ALIGNMENT == 0
        assert offsets[life.tensor] + life.size <= size
    for a in lives:
        for b in lives:
            if a.tensor < b.tensor and a.first <= b.last and b.first <= a.last and a.size and b.size:
                begin_a, begin_b = offsets[a.tensor], offsets[b.tensor]
                assert begin_a + a.size <= begin_b or begin_b + b.size <= begin_a


@given(lifetimes())
def test_no_arena_is_smaller_than_the_lower_bound(lives: list[Lifetime]) -> None:
    assert allocate(lives)[1] >= lower_bound(lives)


def test_a_chain_of_equal_tensors_needs_two_slots() -> None:
    chain = [Lifetime(i, 1024, i, i + 1) for i in range(10)]
    assert allocate(chain)[1] == 2048 == lower_bound(chain)


def test_tensors_that_do_not_fit_largest_first_are_placed_in_another_order() -> None:
    lives = [Lifetime(0, 256, 5, 5), Lifetime(1, 192, 1, 4), Lifetime(2, 192, 4, 6), Lifetime(3, 256, 3, 3)]
    assert allocate(lives)[1] == lower_bound(lives) == 448


@pytest.mark.shared
@pytest.mark.parametrize(
    "name", ["detection/yolox_nano_320dw_int8", "classification/vww_96_int8", "audio/yamnet_mixed"]
)
def test_arenas_of_real_models_are_near_the_lower_bound(name: str, shared: Path) -> None:
    plan = Interpreter(shared / "models" / f"{name}.tflite").plan
    assert plan.arena_size <= 1.05 * lower_bound(plan.lifetimes)

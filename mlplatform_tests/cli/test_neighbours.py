"""Which batches share a run."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from mlplatform.cli.neighbours import neighbours

ORDER = [f"batch_{number}" for number in range(12)]


def test_neighbours_that_want_the_same_run_together() -> None:
    assert neighbours(ORDER, dict.fromkeys(ORDER, ("raw",)), most=5) == [ORDER[:5], ORDER[5:10], ORDER[10:]]


def test_one_that_is_not_wanted_or_wants_less_parts_its_neighbours() -> None:
    wanted = {batch: ("raw", "validated") for batch in ORDER if batch != "batch_3"}
    wanted["batch_6"] = ("validated",)
    assert neighbours(ORDER, wanted) == [ORDER[:3], ORDER[4:6], ["batch_6"], ORDER[7:]]


def test_what_was_taken_out_meanwhile_is_left_out() -> None:
    assert neighbours(["june"], {"june": 1, "july": 1}) == [["june"]]


@given(st.lists(st.sampled_from(["a", "b", None]), max_size=30), st.integers(1, 6))
def test_every_wanted_batch_is_in_one_piece_of_like_neighbours(wants: list[str | None], most: int) -> None:
    order = [str(number) for number in range(len(wants))]
    wanted = {batch: want for batch, want in zip(order, wants, strict=True) if want}
    pieces = neighbours(order, wanted, most)
    assert [batch for piece in pieces for batch in piece] == list(wanted)
    for piece in pieces:
        assert 1 <= len(piece) <= most
        assert len({wanted[batch] for batch in piece}) == 1
        first = order.index(piece[0])
        assert piece == order[first : first + len(piece)]

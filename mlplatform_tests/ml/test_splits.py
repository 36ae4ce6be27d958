from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from mlplatform.ml.splits import EntitySplit, TimeCut, TimeSplit, column_of, days_of

entities = st.one_of(st.integers(), st.text())


@given(st.lists(entities), st.lists(entities), st.floats(0.01, 0.99))
def test_an_entity_is_on_the_same_side_whoever_comes_with_it(
    some: list[object], others: list[object], share: float
) -> None:
    split = EntitySplit(validation_share=share)
    together = split.held_out([*some, *others])
    assert together.tolist() == [bool(split.held_out([one])[0]) for one in [*some, *others]]


@given(st.integers(-(2**53), 2**53))
def test_a_number_is_the_same_entity_however_it_is_stored(entity: int) -> None:
    forms = [entity, np.int64(entity), float(entity), np.float64(entity), str(entity)]
    assert len({bool(EntitySplit().held_out([form])[0]) for form in forms}) == 1


def test_sides_are_those_of_earlier_versions() -> None:
    held_out = EntitySplit().held_out(range(1, 41))
    assert (np.flatnonzero(held_out) + 1).tolist() == [3, 9, 13, 17, 22, 24, 30, 35, 36, 37]


@pytest.mark.parametrize("share", [0.05, 0.2, 0.5, 0.9])
def test_the_share_is_about_right(share: float) -> None:
    held_out = EntitySplit(validation_share=share).held_out(range(20_000))
    assert abs(held_out.mean() - share) < 4 * np.sqrt(share * (1 - share) / 20_000)


@given(st.lists(st.integers()), st.floats(0.05, 0.5))
def test_a_larger_share_only_adds_entities(some: list[int], share: float) -> None:
    small, large = (EntitySplit(validation_share=one).held_out(some) for one in (share, share + 0.2))
    assert not (small & ~large).any()


def test_another_salt_draws_another_hold_out() -> None:
    one, other = (EntitySplit(salt=salt).held_out(range(5_000)) for salt in ("a", "b"))
    assert 0.02 < (one & other).mean() < 0.06  # 0.2 * 0.2 where the draws are independent


@pytest.mark.parametrize("missing", [None, float("nan"), pd.NA, pd.NaT])
def test_a_missing_entity_has_no_side(missing: object) -> None:
    with pytest.raises(ValueError, match="without an entity"):
        EntitySplit().held_out(["a", missing])


def test_no_entities_no_sides() -> None:
    assert EntitySplit().held_out([]).shape == (0,)


@pytest.mark.parametrize(
    "wrong", [{"validation_share": 0}, {"validation_share": 1}, {"salt": "ä" * 40}, {"by": 1}]
)
def test_wrong_rules_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        EntitySplit(**wrong)


START = date(2015, 1, 1)
days = st.lists(st.integers(0, 40).map(lambda n: START + timedelta(days=n)), unique=True).map(sorted)
batches_of_days = st.lists(days.map(lambda some: [str(day) for day in some]), min_size=1, max_size=8)
time_splits = st.one_of(
    st.integers(1, 5).map(lambda n: TimeSplit(column="at", validation_batches=n)),
    st.floats(0.05, 0.95).map(lambda share: TimeSplit(column="at", validation_share=share)),
)


@given(time_splits, batches_of_days)
def test_no_held_out_day_is_before_a_training_day(split: TimeSplit, batches: list[list[str]]) -> None:
    cut = split.cut(batches)
    times = [f"{day} 23:59:59" for batch in batches for day in batch]
    held_out = cut.held_out(times)
    assert held_out.shape == (len(times),)
    assert max([t for t, h in zip(times, held_out, strict=True) if not h], default="") < min(
        [t for t, h in zip(times, held_out, strict=True) if h], default="x"
    )
    assert not times or held_out.any()


@given(time_splits, batches_of_days)
def test_the_order_of_the_batches_does_not_move_the_border(
    split: TimeSplit, batches: list[list[str]]
) -> None:
    assert split.cut(batches) == split.cut(batches[::-1])


@given(st.integers(1, 5), batches_of_days)
def test_the_last_batches_are_held_out_as_a_whole(count: int, batches: list[list[str]]) -> None:
    cut = TimeSplit(column="at", validation_batches=count).cut(batches)
    with_rows = sorted(batch for batch in batches if batch)
    assert all(cut.held_out(batch).all() for batch in with_rows[-count:])


@pytest.mark.parametrize(("share", "held_out"), [(0.2, 2), (0.19, 1), (0.01, 1), (0.99, 9)])
def test_a_share_of_the_days_that_have_rows(share: float, held_out: int) -> None:
    some = [str(START + timedelta(days=3 * n)) for n in range(10)]
    cut = TimeSplit(column="at", validation_share=share).cut([some[:7], some[5:]])
    assert str(cut.first_day) == some[-held_out]


@pytest.mark.parametrize("count", [2, 3, 9])
def test_with_no_more_batches_than_are_held_out_nothing_is_left_to_train_on(count: int) -> None:
    cut = TimeSplit(column="at", validation_batches=count).cut([["2015-01-05"], ["2015-01-03"]])
    assert cut.held_out(["2015-01-03", "2015-01-05"]).all()


def test_old_days_that_come_late_are_for_training_and_move_nothing() -> None:
    split = TimeSplit(column="at", validation_batches=1)
    batches = [["2015-01-01"], ["2015-01-05"], ["2015-01-09", "2015-01-10"]]
    cut = split.cut(batches)
    assert split.cut([*batches, ["2014-12-30", "2015-01-02"]]) == cut
    assert not cut.held_out(["2014-12-30", "2015-01-02"]).any()


def test_a_late_row_of_a_held_out_day_is_held_out_whatever_batch_brings_it() -> None:
    cut = TimeSplit(column="at", validation_batches=1).cut([["2015-01-01", "2015-01-09"], ["2015-01-08"]])
    assert cut.held_out(["2015-01-01", "2015-01-09", "2015-01-08"]).tolist() == [False, True, True]


def test_without_any_row_nothing_can_be_drawn_yet() -> None:
    cut = TimeSplit(column="at", validation_batches=1).cut([[], []])
    assert cut.held_out([]).shape == (0,)


@pytest.mark.parametrize("zone", ["Asia/Tokyo", "America/New_York"])
def test_times_with_a_zone_count_in_utc(zone: str) -> None:
    local = pd.Series(pd.to_datetime(["2015-03-01 00:30", "2015-03-01 23:30"])).dt.tz_localize(zone)
    in_utc = [str(one.date()) for one in local.dt.tz_convert("UTC")]
    assert [str(day) for day in days_of(local)] == in_utc
    assert [str(day) for day in days_of(local.tolist())] == in_utc
    assert len({*in_utc}) == 2


@pytest.mark.parametrize("missing", [None, pd.NaT, float("nan")])
def test_a_missing_time_has_no_side(missing: object) -> None:
    cut = TimeCut(column="at", first_day=START)
    with pytest.raises(ValueError, match="without a time"):
        cut.held_out([pd.Timestamp("2015-01-01"), missing])


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"validation_batches": 1, "validation_share": 0.2},
        {"validation_batches": 0},
        {"validation_share": 1},
    ],
)
def test_wrong_time_splits_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        TimeSplit(column="at", **wrong)


def test_the_column_that_decides() -> None:
    split = TimeSplit(column="at", validation_batches=1)
    assert column_of(EntitySplit(), "who") == "who"
    assert column_of(split, "who") == column_of(split.cut([["2015-01-01"]]), "who") == "at"

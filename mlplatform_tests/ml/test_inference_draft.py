"""Which part each column of a table plays."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from mlplatform.ml.errors import WrongUsage
from mlplatform.ml.inference.draft import Draft, draft_of
from mlplatform.ml.splits import EntitySplit

N = 400


def staff(**columns: Any) -> pd.DataFrame:
    """Rows about people, with the given columns added or replaced."""
    rng = np.random.default_rng(5)
    frame = pd.DataFrame(
        {
            "staff_id": np.arange(N) + 1000,
            "age": rng.integers(20, 60, N),
            "dept": rng.choice(["Sales", "IT", "HR"], N),
            "pay": (rng.normal(50, 10, N) * 100).round(2),
            "left": rng.choice(["yes", "no"], N, p=[0.3, 0.7]),
        }
    )
    return frame.assign(**columns)


@pytest.fixture
def draft(tmp_path: Path) -> Any:
    def made(frame: pd.DataFrame, target: str, **options: Any) -> Draft:
        frame.to_csv(tmp_path / "staff.csv", index=False)
        return draft_of(tmp_path / "staff.csv", target, **options)

    return made


RNG = np.random.default_rng(7)


@pytest.mark.parametrize(
    ("values", "task", "positive"),
    [
        (RNG.choice(["yes", "no"], N), "binary_classification", None),
        (RNG.choice([0, 1], N), "binary_classification", None),
        (RNG.choice([0.0, 1.0], N), "binary_classification", None),
        (RNG.choice(["stays", "leaves"], N, p=[0.8, 0.2]), "binary_classification", "leaves"),
        (RNG.choice(["low", "middle", "high"], N), "multiclass_classification", None),
        (RNG.choice([1, 2, 3], N), "multiclass_classification", None),
        (RNG.choice(np.arange(1, 11), N), "regression", None),
        (RNG.normal(size=N), "regression", None),
    ],
)
def test_the_task_follows_the_target(draft: Any, values: Any, task: str, positive: str | None) -> None:
    found = draft(staff(left=values), "left")
    assert (found.goal.task, found.goal.positive) == (task, positive)


def test_the_task_can_be_told(draft: Any) -> None:
    ratings = staff(left=np.arange(N) % 3)
    assert draft(ratings, "left", task="regression").goal.task == "regression"
    with pytest.raises(WrongUsage, match="no target for --task regression"):
        draft(staff(), "dept", task="regression")


@pytest.mark.parametrize(
    ("frame", "target", "said"),
    [
        (staff(left=None), "left", "every value of the target is missing"),
        (staff(left="no"), "left", "'no' in every row"),
        (staff(left=pd.Timestamp("2024-01-01") + pd.to_timedelta(np.arange(N), "D")), "left", "is a date"),
        (staff(left=[f"note {n} about it" for n in range(N)]), "left", "400 different texts"),
        (staff(), "lef", r"no column 'lef' \(did you mean 'left'\?\), which --target names"),
        (staff().head(10), "left", "has 10 rows; at least 20"),
        (staff()[["staff_id", "left"]], "left", "no column is left that a model could learn from"),
    ],
)
def test_targets_that_cannot_be(draft: Any, frame: pd.DataFrame, target: str, said: str) -> None:
    with pytest.raises(WrongUsage, match=said):
        draft(frame, target)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"entity": "staf_id"}, "did you mean 'staff_id'"),
        ({"time": "day"}, "which --time names"),
        ({"time": "age"}, "are not dates"),
        ({"entity": "left"}, "--target and --entity name the same column 'left'"),
        ({"entity": "dept"}, "its 3 different values are too few"),
    ],
)
def test_entities_and_times_that_cannot_be(draft: Any, options: dict[str, str], said: str) -> None:
    with pytest.raises(WrongUsage, match=said):
        draft(staff(), "left", **options)


def test_rows_all_of_one_day_have_no_later_ones(draft: Any) -> None:
    with pytest.raises(WrongUsage, match="all rows are of one day"):
        draft(staff(day=[f"2024-01-01 {n % 24:02d}:00" for n in range(N)]), "left", time="day")


def test_an_id_is_the_entity_and_no_feature(draft: Any) -> None:
    found = draft(staff(badge=[f"B-{n:05d}" for n in range(N)]), "left")
    assert found.entity.column.name == "staff_id"
    assert list(found.parts.features) == ["age", "dept", "pay"]
    assert "badge" in found.parts.left_out


def test_an_id_that_comes_again_keeps_its_rows_together(draft: Any) -> None:
    found = draft(staff(staff_id=np.arange(N) % 80), "left")
    assert found.entity.column.name == "staff_id"
    assert any("same side" in one for one in found.assumptions)


def test_a_measured_column_is_no_id_though_no_value_comes_twice(draft: Any) -> None:
    frame = staff(pay=RNG.permutation(np.arange(N) * 997)).drop(columns="staff_id")
    found = draft(frame, "left")
    assert "pay" in found.parts.features
    assert found.entity.stands_in
    assert any("No column says whom a row is about" in one for one in found.assumptions)


def test_without_any_column_to_hold_out_by_it_says_so(draft: Any) -> None:
    with pytest.raises(WrongUsage, match="Add a column that numbers the rows, or name one with --entity"):
        draft(staff()[["dept", "left"]], "left")


def test_with_a_time_few_entities_are_enough(draft: Any) -> None:
    days = pd.Timestamp("2024-01-01") + pd.to_timedelta(np.arange(N) // 10, "D")
    frame = staff(day=days.strftime("%d.%m.%Y"), team_no=np.arange(N) % 5).drop(columns="staff_id")
    found = draft(frame, "pay", time="day")
    assert found.entity.column.name == "team_no"
    assert found.table.file_format.dates == "%d.%m.%Y"
    assert found.parts.features["day"] == "time"
    assert found.parts.features["team_no"] == "category"


@pytest.mark.parametrize(
    ("total", "parts"),
    [
        (lambda f: f.base + f.bonus, {"base", "bonus"}),
        (lambda f: f.base - f.tax, {"base", "tax"}),
        (lambda f: f.base + f.bonus - f.tax, {"base", "bonus", "tax"}),
        (lambda f: (f.base + f.bonus + f.tax).round(0), {"base", "bonus", "tax"}),
        (lambda f: f.base, {"base"}),
    ],
)
def test_what_adds_up_to_the_target_is_known_only_after_the_fact(
    draft: Any, total: Any, parts: set[str]
) -> None:
    rng = np.random.default_rng(1)
    frame = staff(**{name: (rng.gamma(2, 1000, N)).round(2) for name in ("base", "bonus", "tax", "other")})
    frame["total"] = total(frame).round(2)
    frame.loc[::9, "bonus"] = None
    found = draft(frame, "total")
    assert set(found.parts.after_the_fact) == parts
    assert parts.isdisjoint(found.parts.features)
    assert all("total" in why for why in found.parts.after_the_fact.values())


def test_what_decides_the_target_is_known_only_after_the_fact(draft: Any) -> None:
    left = staff()["left"]
    frame = staff(
        reason=left.map({"yes": "better offer", "no": None}),
        status=left.map({"yes": "ended", "no": "active"}),
    )
    found = draft(frame, "left")
    assert set(found.parts.after_the_fact) == {"reason", "status"}


def test_what_says_nothing_is_left_out(draft: Any) -> None:
    frame = staff(
        country="CH",
        empty=None,
        remark=[f"This person said something long and different on day {n}, as one does." for n in range(N)],
        wage=[f"${n * 37 + 1000:,}" for n in range(N)],
    )
    why = draft(frame, "left").parts.left_out
    assert set(why) == {"country", "empty", "remark", "wage"}
    assert "free text" in why["remark"]
    assert "plain numbers" in why["wage"]


def test_a_small_table_asks_for_fewer_rows(draft: Any) -> None:
    assert draft(staff(), "left").minimum_rows is None
    found = draft(staff().head(100), "left")
    assert found.minimum_rows is not None and 2 <= found.minimum_rows < 50


def test_many_rows_without_target_may_be_quarantined(draft: Any) -> None:
    frame = staff()
    frame.loc[: N // 3, "left"] = None
    found = draft(frame, "left")
    assert found.max_quarantined_share is not None and found.max_quarantined_share > 1 / 3
    assert any("have no left (the target)" in one for one in found.assumptions)


@pytest.mark.parametrize("rows", [250, N])
def test_missing_targets_leave_the_hold_out_its_share(draft: Any, rows: int) -> None:
    frame = staff()
    frame.loc[np.random.default_rng(2).permutation(N)[:95], "left"] = None
    frame = frame.head(rows)
    truly = EntitySplit(validation_share=0.2).held_out(frame.dropna(subset="left")["staff_id"].tolist()).sum()
    found = draft(frame, "left")
    said = [int(one.split()[1]) for one in found.assumptions if "rows are held out" in one]
    if rows == N:
        assert truly >= 50 and (found.minimum_rows, said) == (None, [])
    else:
        assert said == [pytest.approx(truly, rel=0.2)]
        assert found.minimum_rows == int(said[0] * 0.8)


def days(of: int = N) -> pd.DatetimeIndex:
    return pd.Timestamp("2024-01-01") + pd.to_timedelta(np.arange(N) * of // N, "D")


def advice(found: Draft) -> list[str]:
    return [one.split("give ")[1].split(":")[0] for one in found.assumptions if "holds dates" in one]


@pytest.mark.parametrize("zone", ["", "+02:00"])
def test_a_date_that_gives_the_target_away_is_not_advised_as_time(draft: Any, zone: str) -> None:
    left = staff()["left"]
    returned = pd.Series(days(200).strftime("%Y-%m-%d")).where(left == "yes")
    begun = pd.Series(days(300).strftime("%Y-%m-%dT%H:%M:%S")) + zone
    frame = staff(return_date=returned)
    assert advice(draft(frame, "left")) == ["--time return_date"]
    assert advice(draft(frame, "left").again({"return_date": "it is"})) == []
    found = draft(frame.assign(begun=begun), "left").again({"return_date": "it is"})
    assert advice(found) == ["--time begun"]
    assert advice(draft(frame.assign(begun=begun), "left", time="begun")) == []


@pytest.mark.parametrize("write", ["${:,.0f}", "{:.0f}%", "CHF {:,.2f}", "{:,.0f}.5,00"])
def test_a_target_of_numbers_with_marks_says_so(draft: Any, write: str) -> None:
    frame = staff(left=[write.format(one * 37 + 1000) for one in range(N)])
    for options in ({}, {"task": "regression"}):
        with pytest.raises(WrongUsage, match=r"looks like numbers with marks or separators, such as"):
            draft(frame, "left", **options)


def test_few_marked_numbers_are_classes_with_a_remark(draft: Any) -> None:
    found = draft(staff(left=[f"{n % 7 * 10}%" for n in range(N)]), "left")
    assert found.goal.task == "multiclass_classification"
    assert any("taken as 7 classes; write them as plain numbers" in one for one in found.assumptions)


def test_doubled_rows_and_merged_spellings_are_told(draft: Any) -> None:
    frame = staff(
        dept=np.where(np.arange(N) % 3 == 0, "finishing", np.where(RNG.random(N) < 0.5, "finishing ", "IT"))
    )
    said = " ".join(draft(frame, "left").assumptions)
    assert "So 'finishing' and 'finishing ' count as one value in dept." in said
    assert "earlier row" not in said
    doubled = pd.concat([frame, frame.head(10)])
    assert "10 rows are the same as an earlier row in every column" in " ".join(
        draft(doubled, "left").assumptions
    )

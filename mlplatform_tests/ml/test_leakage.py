"""Every leak is planted and found; tables without one raise no alarm."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from mlplatform.defs.job_change.features import build_features
from mlplatform.defs.job_change.sample import generate
from mlplatform.defs.worker_productivity.features import build_features as of_team_day
from mlplatform.ml.leakage import Leaked, Looked, Roles, known_later, look_for_leaks, refuse_leaks
from mlplatform.ml.policies import Leakage
from mlplatform.ml.splits import EntitySplit, TimeSplit

Plant = Callable[[pd.Series, np.random.Generator], Any]
ALONE = "no feature alone predicts the target"
COPIES = "few held-out rows are copies of training rows"
DEFAULT = Leakage()
CLASSES = Roles("who", "y", "binary_classification")


def table(rows: int, task: str = "binary_classification", seed: int = 1) -> pd.DataFrame:
    """Honest features, some of which tell something about the target."""
    random = np.random.default_rng(seed)
    amount = random.gamma(2, 50, rows).round(2)
    hidden = amount / 100 + random.normal(0, 1, rows)
    targets = {
        "binary_classification": (hidden > 1.5).astype(int),
        "multiclass_classification": np.array(["low", "middle", "high"])[np.digitize(hidden, [0.7, 1.6])],
        "regression": np.exp(hidden),
    }
    return pd.DataFrame(
        {
            "row_id": [f"b:{n:09}" for n in range(rows)],
            "who": np.arange(rows),
            "amount": amount,
            "visits": random.poisson(3, rows),
            "region": random.choice(["north", "south", None], rows),
            "member": random.random(rows) < 0.3,
            "since": pd.Timestamp("2020-01-01") + pd.to_timedelta(random.integers(0, 900, rows), "D"),
            "y": targets[task],
        }
    )


def look(rows: pd.DataFrame, roles: Roles = CLASSES, policy: Leakage = DEFAULT) -> Looked:
    held_out = EntitySplit().held_out(rows[roles.entity])
    return look_for_leaks(rows[~held_out], rows[held_out], roles, policy)


def in_order(y: pd.Series, random: np.random.Generator) -> np.ndarray:
    """Numbers from 0 that were given out in the order of the target."""
    order = np.lexsort([random.random(len(y)), y.rank()])
    return np.argsort(order)


PLANTED: dict[str, Plant] = {
    "copy": lambda y, random: y,
    "as text": lambda y, random: y.astype(str),
    "as category": lambda y, random: y.astype(str).astype("category"),
    "other words": lambda y, random: y.map(dict(zip(y.unique(), ["yes", "no", "maybe"], strict=False))),
    "number in order": in_order,
    "text in order": lambda y, random: [f"K{n:06}" for n in in_order(y, random)],
    "time in order": lambda y, random: pd.Timestamp("2020-01-01") + pd.to_timedelta(in_order(y, random), "h"),
    "filled in later": lambda y, random: np.where(y == y.iloc[0], random.random(len(y)), np.nan),
    "text filled in later": lambda y, random: np.where(y == y.iloc[0], random.choice(["a", "b"]), None),
}
NUMBERS: dict[str, Plant] = {
    "monotone": lambda y, random: -np.exp(3 * y.astype(float)),
    "small noise": lambda y, random: y + random.normal(0, 0.05, len(y)) * y.std(),
    "nullable": lambda y, random: y.astype("Float64").mask(random.random(len(y)) < 0.005),
}
OF_NUMBERS = ("copy", "as text", "number in order", "text in order", "time in order")


@pytest.mark.parametrize("rows", [200, 5_000])
@pytest.mark.parametrize("plant", PLANTED | NUMBERS)
def test_a_feature_that_tells_the_class_is_found(plant: str, rows: int) -> None:
    honest, random = table(rows), np.random.default_rng(0)
    leaking = honest.assign(planted=(PLANTED | NUMBERS)[plant](honest["y"], random))
    (leak,) = look(leaking).leaks
    assert (leak.rule, leak.column) == (ALONE, "planted")
    assert "after_the_fact" in leak.message and "Leakage(allowed=('planted',))" in leak.message
    assert not look(leaking, policy=Leakage(allowed=("planted",))).leaks


@pytest.mark.parametrize("kind", [str, bool, lambda y: y.map({0: "stays", 1: "goes"})])
def test_a_target_may_be_text_or_bool(kind: Any) -> None:
    honest = table(400)
    y = kind(honest["y"]) if kind not in (str, bool) else honest["y"].astype(kind)
    assert not look(honest.assign(y=y)).leaks
    (leak,) = look(honest.assign(y=y, planted=honest["y"] * 7.5)).leaks
    assert leak.column == "planted"


@pytest.mark.parametrize("rows", [200, 5_000])
@pytest.mark.parametrize("plant", [*OF_NUMBERS, *NUMBERS])
def test_a_feature_that_tells_the_number_is_found(plant: str, rows: int) -> None:
    honest, random = table(rows, "regression"), np.random.default_rng(0)
    y = np.log(honest["y"]) if plant in ("small noise", "monotone") else honest["y"]
    leaking = honest.assign(planted=(PLANTED | NUMBERS)[plant](y, random))
    (leak,) = look(leaking, Roles("who", "y", "regression")).leaks
    assert (leak.rule, leak.column) == (ALONE, "planted")
    assert "share of the variance" in leak.message


@pytest.mark.parametrize("plant", ["copy", "other words", "number in order", "text filled in later"])
def test_a_feature_that_tells_one_of_several_classes_is_found(plant: str) -> None:
    honest, random = table(600, "multiclass_classification"), np.random.default_rng(0)
    leaking = honest.assign(planted=PLANTED[plant](honest["y"], random))
    (leak,) = look(leaking, Roles("who", "y", "multiclass_classification")).leaks
    assert leak.column == "planted"


@pytest.mark.parametrize("task", ["binary_classification", "multiclass_classification", "regression"])
@pytest.mark.parametrize("rows", [0, 1, 20, 200, 5_000])
def test_honest_tables_raise_no_alarm(task: Any, rows: int) -> None:
    looked = look(table(rows, task), Roles("who", "y", task))
    assert not looked.leaks
    assert looked.training_rows + looked.validation_rows == rows
    assert all(0 <= score < 0.95 for score in looked.alone.values())


def test_a_strong_feature_is_no_leak_and_comes_first_in_the_list() -> None:
    honest, random = table(5_000), np.random.default_rng(0)
    looked = look(honest.assign(strong=honest["y"] + random.normal(0, 0.43, 5_000)))
    assert not looked.leaks
    assert next(iter(looked.alone)) == "strong"
    assert 0.93 < looked.alone["strong"] < 0.97

    honest = table(5_000, "regression")
    y = np.log(honest["y"])
    looked = look(
        honest.assign(y=y, strong=y + random.normal(0, 0.3, 5_000)), Roles("who", "y", "regression")
    )
    assert not looked.leaks
    assert 0.85 < looked.alone["strong"] < 0.95


def test_the_score_is_the_area_under_the_roc_curve() -> None:
    from sklearn.metrics import roc_auc_score

    honest = table(5_000)
    held_out = EntitySplit().held_out(honest["who"])
    shares = honest[~held_out].groupby("visits")["y"].mean()
    visits, y = honest[held_out]["visits"], honest[held_out]["y"]
    expected = roc_auc_score(y, visits.map(shares).fillna(honest[~held_out]["y"].mean()))
    assert look(honest).alone["visits"] == pytest.approx(expected)


def test_a_leak_below_the_declared_threshold_is_let_through() -> None:
    honest = table(2_000)
    noisy = honest.assign(strong=honest["y"] + np.random.default_rng(0).normal(0, 0.43, 2_000))
    (leak,) = look(noisy, policy=Leakage(alone=0.9)).leaks
    assert leak.column == "strong"


def with_copies(rows: pd.DataFrame, share: float, both_ways: bool) -> pd.DataFrame:
    """Some rows once more under new names: of all rows, or held-out rows made to lie in training."""
    held_out = EntitySplit().held_out(rows["who"])
    taken = (rows if both_ways else rows[held_out]).sample(frac=share, random_state=1)
    names = np.arange(10**6, 10**6 + 20 * len(taken))
    if not both_ways:
        names = names[~EntitySplit().held_out(names)]
    return pd.concat([rows, taken.assign(who=names[: len(taken)])], ignore_index=True)


@pytest.mark.parametrize("both_ways", [True, False])
@pytest.mark.parametrize(("rows", "share"), [(200, 1.0), (3_000, 0.15), (3_000, 1.0)])
def test_copies_of_held_out_rows_in_training_are_found(rows: int, share: float, both_ways: bool) -> None:
    looked = look(with_copies(table(rows), share, both_ways))
    (leak,) = looked.leaks
    assert leak.rule == COPIES
    assert "Leakage(duplicates=...)" in leak.message
    assert looked.twins.copied == pytest.approx(looked.twins.share, abs=0.05)
    assert not look(with_copies(table(rows), share, both_ways), policy=Leakage(duplicates=1)).leaks


def landed_again(rows: pd.DataFrame, times: int, **changed: Any) -> pd.DataFrame:
    """The rows, and so many times all of them under new names, with columns replaced."""
    again = [rows.assign(who=rows["who"] + 10**6 * (1 + n), **changed) for n in range(times)]
    return pd.concat([rows, *again], ignore_index=True)


@pytest.mark.parametrize("times", [1, 3, 6, 20])
@pytest.mark.parametrize("task", ["binary_classification", "regression"])
def test_a_table_that_was_landed_often_is_found(times: int, task: Any) -> None:
    looked = look(landed_again(table(600, task), times), Roles("who", "y", task))
    assert COPIES in [leak.rule for leak in looked.leaks]
    assert looked.twins.copied == pytest.approx(looked.twins.share, abs=0.05)


@pytest.mark.parametrize("times", [1, 3, 6])
def test_copies_with_another_amount_do_not_hide_exact_ones(times: int) -> None:
    def dealt_out_anew(rows: pd.DataFrame) -> np.ndarray:
        return np.random.default_rng(len(rows) + times).permutation(rows["amount"])

    honest = table(3_000)
    changed = landed_again(honest, times, amount=dealt_out_anew)[len(honest) :]
    exact = landed_again(honest, 1)
    leaks = look(pd.concat([exact, changed.assign(who=changed["who"] + 10**8)], ignore_index=True)).leaks
    assert COPIES in [leak.rule for leak in leaks]


def few_values(rows: int, seed: int) -> pd.DataFrame:
    random = np.random.default_rng(seed)
    x = pd.DataFrame({name: random.integers(0, 3, rows) for name in ("a", "b", "c", "d")})
    return x.assign(who=range(rows), y=(random.random(rows) < 0.2 + 0.15 * x["a"]).astype(int))


def of_products(rows: int, seed: int) -> pd.DataFrame:
    """All features follow from one of a hundred products; only the target is its own."""
    random = np.random.default_rng(seed)
    product = random.integers(0, 100, rows)
    return pd.DataFrame(
        {"who": range(rows), "price": product * 1.5, "weight": product**2, "kind": product.astype(str),
         "y": (random.random(rows) < 0.2 + 0.006 * product).astype(int)}
    )  # fmt: skip


@pytest.mark.parametrize("make", [few_values, of_products])
@pytest.mark.parametrize("rows", [150, 400, 5_000])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_twins_by_chance_raise_no_alarm(
    make: Callable[[int, int], pd.DataFrame], rows: int, seed: int
) -> None:
    looked = look(make(rows, seed))
    assert looked.twins.share > 0.2
    assert not looked.leaks


def test_copies_are_found_among_twins_by_chance() -> None:
    random, rows = np.random.default_rng(1), 3_000
    x = pd.DataFrame({name: random.integers(0, 3, rows) for name in "abcdefgh"})
    honest = x.assign(who=range(rows), y=random.integers(0, 2, rows))
    assert look(honest).twins.share > 0.1
    assert not look(honest).leaks
    again = honest.assign(who=range(10**6, 10**6 + rows))
    (leak,) = look(pd.concat([honest, again], ignore_index=True)).leaks
    assert leak.rule == COPIES


def test_the_same_entity_again_is_no_copy() -> None:
    monthly = pd.concat([table(300).assign(at=pd.Timestamp(f"2020-0{month}-01")) for month in range(1, 7)])
    roles = Roles("who", "y", "binary_classification", "at")
    late = (monthly["at"] >= "2020-06-01").to_numpy()
    assert look_for_leaks(monthly[~late], monthly[late], roles, Leakage()).twins.twins == 0


def test_an_entity_on_both_sides_is_found() -> None:
    rows = table(300).assign(who=[f"e{n}" for n in range(300)])
    held_out = EntitySplit().held_out(rows["who"])
    training = rows[~held_out].copy()
    training.loc[training.index[:2], "who"] = [f" {rows['who'][held_out].iloc[0]}", "e2 "]
    leaks = look_for_leaks(training, rows[held_out], CLASSES, Leakage()).leaks
    assert [(leak.rule, leak.found) for leak in leaks] == [("no entity is on both sides", "1 entities")]
    assert repr(rows["who"][held_out].iloc[0]) in leaks[0].message


def test_numbers_are_one_entity_however_they_are_stored() -> None:
    rows = table(300)
    held_out = EntitySplit().held_out(rows["who"])
    training = rows[~held_out].assign(who=lambda some: some["who"].astype(float))
    validation = rows[held_out].copy()
    validation.loc[validation.index[0], "who"] = int(training["who"].iloc[0])
    assert len(look_for_leaks(training, validation, CLASSES, Leakage()).leaks) == 1


def test_a_training_row_as_late_as_a_held_out_one_is_found() -> None:
    rows = table(300).assign(at=pd.date_range("2020-01-01", periods=300, freq="6h"))
    roles, late = Roles("who", "y", "binary_classification", "at"), rows["at"] >= "2020-03-01"
    assert not look_for_leaks(rows[~late], rows[late], roles, Leakage()).leaks
    mixed = pd.concat([rows[~late], rows[late].tail(3)])
    (leak,) = look_for_leaks(mixed, rows[late].iloc[:-3], roles, Leakage()).leaks
    assert leak.found == "3 rows" and "2020-03-01" in leak.message


def test_a_refusal_names_every_leak() -> None:
    honest = table(400)
    leaks = look(honest.assign(one=honest["y"], other=-honest["y"])).leaks
    with pytest.raises(Leaked, match=r"case/training_set leaks: .*'one'.*'other'") as caught:
        refuse_leaks("case", leaks)
    assert [case.column for case in caught.value.cases] == ["one", "other"]
    refuse_leaks("case", [])


# where the target rises with time, the latest rows are held out


def rising(noise: float, rows: int = 1_000) -> pd.DataFrame:
    """A target that rises by one a day; `step` is the honest number of the day."""
    random, at = np.random.default_rng(2), pd.date_range("2020-01-01", periods=rows)
    y = np.arange(rows) + random.normal(0, noise, rows)
    return pd.DataFrame({"who": range(rows), "at": at, "step": np.arange(rows), "y": y})


def look_late(rows: pd.DataFrame) -> Looked:
    late = np.arange(len(rows)) >= 0.8 * len(rows)
    return look_for_leaks(rows[~late], rows[late], Roles("who", "y", "regression", "at"), Leakage())


def test_a_copy_is_found_beyond_the_values_of_training() -> None:
    honest = rising(20)
    (leak,) = look_late(honest.assign(planted=honest["y"])).leaks
    assert (leak.rule, leak.column) == (ALONE, "planted")
    assert [leak.column for leak in look_late(honest.assign(planted=-np.exp(honest["y"] / 200))).leaks] == [
        "planted"
    ]


def test_the_number_of_the_day_is_honest() -> None:
    looked = look_late(rising(20))
    assert not looked.leaks
    assert looked.alone["step"] < 0.95


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_copy_of_a_random_walk_is_found_and_yesterday_is_honest(seed: int) -> None:
    walk = np.random.default_rng(seed).normal(0, 1, 1_000).cumsum()
    rows = rising(0).assign(y=walk, yesterday=np.concatenate([[0], walk[:-1]]))
    assert [leak.column for leak in look_late(rows.assign(planted=walk * 2)).leaks] == ["planted"]
    assert not look_late(rows).leaks


# what is known only afterwards


def loans(rows: int = 600) -> pd.DataFrame:
    made, random = table(rows), np.random.default_rng(5)
    at = pd.Timestamp("2021-01-01") + pd.to_timedelta(np.sort(random.integers(0, 200, rows)), "D")
    days = pd.to_timedelta(random.integers(1, 60, rows), "D")
    return made.assign(
        at=at,
        asked=at - days,
        due=at + days,
        paid=(at + days).where(random.random(rows) < 0.5),
        reason=np.where(made["y"] == 1, random.choice(["ill", "gone"], rows), None),
        phone=random.choice(["yes", None], rows),
    )


def uses(*columns: str) -> Callable[[pd.DataFrame], pd.DataFrame]:
    """A feature function that looks at these columns."""

    def build(rows: pd.DataFrame) -> pd.DataFrame:
        made = pd.DataFrame({"amount": rows["amount"]}, index=rows.index)
        for name in columns:
            is_time = pd.api.types.is_datetime64_any_dtype(rows[name])
            number = rows[name].dt.day_of_year.fillna(-1) if is_time else rows[name].notna()
            made[name] = number * rows["amount"]
        return made

    return build


def later(rows: pd.DataFrame, *used: str, **changed: Any) -> list[str | None]:
    given = {"unseen": ["y"], "policy": Leakage(), "time": "at"} | changed
    roles = Roles("who", "y", "binary_classification", given["time"])
    found = known_later(rows, uses(*used), ["amount", *used], roles, given["unseen"], given["policy"])
    return [leak.column for leak in found]


@pytest.mark.parametrize("column", ["due", "paid"])
def test_a_time_after_the_rows_own_is_found_where_features_use_it(column: str) -> None:
    assert later(loans(), column) == [column]
    assert later(loans(), "asked") == []
    assert later(loans()) == []
    assert later(loans(), column, time=None) == []
    assert later(loans(), column, policy=Leakage(allowed=(column,))) == []


def test_hours_of_a_rows_own_day_are_not_later_than_its_date() -> None:
    rows = loans().assign(due=lambda some: some["at"] + pd.Timedelta(hours=9))
    assert later(rows, "due") == []
    rows["at"] += pd.Timedelta(hours=8)
    assert later(rows, "due") == ["due"]


def test_zones_and_few_odd_clocks_are_no_matter() -> None:
    rows = loans()
    asked = rows["asked"].dt.tz_localize("Asia/Tokyo")
    assert later(rows.assign(asked=asked), "asked") == []
    wrong = rows["asked"].where(np.arange(len(rows)) % 25 > 0, rows["due"])
    assert later(rows.assign(asked=wrong), "asked") == []
    assert later(rows.assign(asked=rows["due"].dt.tz_localize("Asia/Tokyo")), "asked") == ["asked"]


@pytest.mark.parametrize("time", ["at", None])
def test_a_column_whose_gaps_tell_the_target_is_found_where_features_use_it(time: str | None) -> None:
    assert later(loans(), "reason", time=time) == ["reason"]
    assert later(loans(), "phone", time=time) == []
    assert later(loans(), time=time) == []
    assert later(loans(), "reason", policy=Leakage(allowed=("reason",))) == []
    assert later(loans().drop(columns="reason"), unseen=["y", "reason"]) == []


def test_a_function_that_fails_on_other_values_looks_at_them() -> None:
    def picky(rows: pd.DataFrame) -> pd.DataFrame:
        if (rows["due"] < rows["at"]).any():
            raise ValueError("paid before it was lent")
        return pd.DataFrame({"amount": rows["amount"]}, index=rows.index)

    roles = Roles("who", "y", "binary_classification", "at")
    (leak,) = known_later(loans(), picky, ["amount"], roles, ["y"], Leakage())
    assert leak.column == "due"
    assert "after_the_fact" in leak.message


# no alarm where nothing leaks


def judged(people: pd.DataFrame) -> Looked:
    roles = Roles("enrollee_id", "target", "binary_classification")
    made = build_features(people).assign(enrollee_id=people["enrollee_id"], target=people["target"])
    assert not known_later(people, build_features, list(made.columns[:-2]), roles, ["target"], Leakage())
    return look(made, roles)


@pytest.mark.parametrize(("rows", "seeds"), [(200, 15), (2_000, 5)])
def test_generated_people_raise_no_alarm(rows: int, seeds: int) -> None:
    for seed in range(seeds):
        assert not judged(generate(rows, seed, False)).leaks


def test_the_real_people_raise_no_alarm(real_data: Path) -> None:
    looked = judged(pd.read_csv(real_data / "job_change_train.csv"))
    assert not looked.leaks
    assert 0 < looked.twins.share < 0.01
    assert 0.6 < max(looked.alone.values()) < 0.75


def test_copies_among_the_real_people_are_found(real_data: Path) -> None:
    people = pd.read_csv(real_data / "job_change_train.csv")
    again = people.sample(frac=0.1, random_state=1).assign(enrollee_id=range(10**6, 10**6 + 1916))
    looked = judged(pd.concat([people, again], ignore_index=True))
    assert [leak.rule for leak in looked.leaks] == [COPIES]


@pytest.mark.parametrize("plain", [True, False])
def test_the_real_teams_raise_no_alarm(real_data: Path, plain: bool) -> None:
    rows = pd.read_csv(real_data / "garments_worker_productivity.csv").assign(row_id="r")
    rows["date"], rows["department"] = pd.to_datetime(rows["date"]), rows["department"].str.strip()
    roles = Roles("team_no", "actual_productivity", "regression", "date")
    beside = rows[["team_no", "actual_productivity", "date"]]
    made = rows.drop(columns=beside.columns) if plain else of_team_day(rows)
    made = pd.concat([made, beside], axis=1)
    split = TimeSplit(column="date", validation_share=0.2)
    held_out = split.cut([sorted({str(day.date()) for day in rows["date"]})]).held_out(rows["date"])
    looked = look_for_leaks(made[~held_out], made[held_out], roles, Leakage())
    assert not looked.leaks
    assert 0 < max(looked.alone.values()) < 0.5
    hidden = ["actual_productivity", "idle_time", "idle_men"]
    assert not known_later(rows, of_team_day, list(of_team_day(rows).columns), roles, hidden, Leakage())

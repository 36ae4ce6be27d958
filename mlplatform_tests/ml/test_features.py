from collections.abc import Callable

import numpy as np
import pandas as pd
import pandera.pandas as pan
import pytest

from mlplatform.defs.job_change.contracts import EnrolleeFeatures
from mlplatform.defs.job_change.features import build_features
from mlplatform.defs.job_change.sample import generate
from mlplatform.ml.errors import BrokenCode
from mlplatform.ml.features import carried, make_features


class Doubled(pan.DataFrameModel):
    twice: float = pan.Field(ge=0, nullable=True)
    label: str


def rows(count: int) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "row_id": [f"june:{n:09}" for n in range(count)],
            "who": range(count),
            "amount": np.arange(count) * 1.5,
            "y": [n % 2 for n in range(count)],
        },
        index=range(7, 7 + count),
    )


def build(given: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame({"label": "x", "further": 1, "twice": given["amount"] * 2}, index=given.index)


def make(build: Callable[[pd.DataFrame], pd.DataFrame], count: int = 40) -> pd.DataFrame:
    return make_features(rows(count), build, Doubled, unseen=["y"])


def test_features_are_the_columns_of_the_contract_one_row_per_row() -> None:
    made = make(build)
    assert list(made.columns) == ["twice", "label"]
    assert made["twice"].tolist() == [n * 3.0 for n in range(40)]
    assert list(made.index) == list(range(40))


@pytest.mark.parametrize("count", [0, 1, 2])
def test_few_rows_are_fine(count: int) -> None:
    assert make(build, count).shape == (count, 2)


def test_the_function_sees_neither_target_nor_row_id_and_cannot_change_its_input() -> None:
    given, seen = rows(5), []

    def spying(table: pd.DataFrame) -> pd.DataFrame:
        seen.append(list(table.columns))
        made = build(table)
        table["amount"] = 0
        return made

    before = given.copy()
    make_features(given, spying, Doubled, unseen=["y"])
    assert set(map(tuple, seen)) == {("who", "amount")}
    pd.testing.assert_frame_equal(given, before)


def less_the_mean(given: pd.DataFrame) -> pd.DataFrame:
    return build(given).assign(twice=(given["amount"] - given["amount"].mean()).abs())


def from_the_row_before(given: pd.DataFrame) -> pd.DataFrame:
    return build(given).assign(twice=given["amount"].shift())


def nullable_share(given: pd.DataFrame) -> pd.DataFrame:
    rank = given["amount"].rank().astype("Float64")
    return build(given).assign(twice=rank.mask(rank > len(given) / 2))


def out_of_range_for_few(given: pd.DataFrame) -> pd.DataFrame:
    return build(given).assign(twice=float(len(given)) - 2)


@pytest.mark.parametrize("count", [3, 40, 63, 64, 1_000])
@pytest.mark.parametrize("looking", [less_the_mean, from_the_row_before, nullable_share])
def test_a_function_that_looks_at_other_rows_is_refused_at_any_size(
    looking: Callable[[pd.DataFrame], pd.DataFrame], count: int
) -> None:
    with pytest.raises(BrokenCode, match="build_features looks at other rows: column 'twice'"):
        make(looking, count)


def test_two_rows_are_enough_to_notice() -> None:
    with pytest.raises(BrokenCode, match="looks at other rows"):
        make(from_the_row_before, 2)


def test_breaking_the_contract_for_few_rows_only_is_told_like_any_other_break() -> None:
    with pytest.raises(BrokenCode, match=r"build_features made -1.0 in column 'twice'"):
        make(out_of_range_for_few, 2)


def test_categories_may_depend_on_the_rows_as_long_as_the_values_do_not() -> None:
    class Categorical(pan.DataFrameModel):
        label: pd.CategoricalDtype

    def categories(given: pd.DataFrame) -> pd.DataFrame:
        return pd.DataFrame({"label": given["who"].astype(str).astype("category")}, index=given.index)

    assert make_features(rows(50), categories, Categorical, unseen=["y"]).shape == (50, 1)


@pytest.mark.parametrize(
    ("broken", "complaint"),
    [
        (lambda given: [1], "returned list. Return a DataFrame"),
        (lambda given: build(given).iloc[1:], "returned 39 rows for 40"),
        (lambda given: build(given).iloc[::-1], "or changed the index"),
        (lambda given: build(given).drop(columns="label"), "made no column label, which Doubled promises"),
        (
            lambda given: pd.concat([build(given), build(given)], axis=1),
            "['further', 'label', 'twice'] more than",
        ),
        (lambda given: build(given).assign(twice=-1.0), "made -1.0 in column 'twice'"),
        (lambda given: build(given).assign(label=None), "in column 'label'"),
        (lambda given: build(given).assign(twice="x"), "in column 'twice'"),
    ],
)
def test_broken_promises_are_named(broken: Callable[[pd.DataFrame], pd.DataFrame], complaint: str) -> None:
    with pytest.raises(BrokenCode) as caught:
        make(broken)
    assert complaint in str(caught.value)


def test_the_source_row_of_a_bad_value_is_shown() -> None:
    def bad_in_one(given: pd.DataFrame) -> pd.DataFrame:
        return build(given).assign(twice=given["amount"].where(given["who"] != 9, -1.0))

    with pytest.raises(BrokenCode, match=r"from who=9, amount=13\.5"):
        make(bad_in_one)


def test_an_error_of_the_function_is_its_own() -> None:
    with pytest.raises(KeyError, match="z"):
        make(lambda given: given[["z"]])


@pytest.mark.parametrize(
    "asking",
    [
        lambda given: given[["late"]],
        lambda given: given.assign(twice=given["late"]),
        lambda given: given.assign(twice=given.late),
        lambda given: given.assign(twice=given[["amount", "late"]].sum(axis=1)),
        lambda given: given.drop(columns="late"),
    ],
)
def test_a_function_that_asks_for_a_hidden_column_is_told_why(
    asking: Callable[[pd.DataFrame], pd.DataFrame],
) -> None:
    with pytest.raises(BrokenCode, match="asks for 'late', which it is never shown: the target and"):
        make_features(rows(9).assign(late=1.0), asking, Doubled, unseen=["y", "late"])


def test_what_travels_beside_the_features() -> None:
    beside = carried(rows(3), ["who", "y"])
    assert list(beside.columns) == ["row_id", "who", "y"] and list(beside.index) == [0, 1, 2]


def test_the_shipped_function_keeps_its_promises() -> None:
    people = generate(200, 1).assign(row_id=[f"b:{n:09}" for n in range(200)])
    made = make_features(people, build_features, EnrolleeFeatures, unseen=["target"])
    assert made.shape == (200, 11)

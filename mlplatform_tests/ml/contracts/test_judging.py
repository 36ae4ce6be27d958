"""The fast way of judging gives exactly what pandera's lazy validation of everything gives."""

from types import SimpleNamespace
from typing import Any

import pandas as pd
import pandera.pandas as pan
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlplatform.ml.contracts import Validated, validate
from mlplatform.ml.contracts.judging import _failing, judge, judge_in_full
from mlplatform.ml.errors import ContractBroken

Check = pan.Check
CATEGORY = pd.CategoricalDtype(["a", "b", "c"], ordered=True)
NUMBERS = ["0", "1", "2", "3", "2", "2", "1", "3", "-7", "x", None]
TEXTS = ["a", "b", "c", "ab", "abc", "", "b", "a", "a", None]
CELLS: dict[str, list[str | None]] = {
    "int64": NUMBERS,
    "Int64": NUMBERS,
    "int8": [*NUMBERS, "300"],
    "float64": [*NUMBERS, "1.5", "nan"],
    "str": TEXTS,
    "category": ["a", "b", "c", "z", "a", None],
    "bool": ["true", "no", "1", "maybe", None],
    "boolean": ["true", "no", "1", "maybe", None],
    "datetime64[ns]": ["2020-01-01", "2020-06-01T10:00", "1999-12-31", "soon", "2020-01-01", None],
}
DTYPES: dict[str, Any] = {**{name: name for name in CELLS}, "category": CATEGORY, "str": str}


def same(values: pd.Series) -> pd.Series:
    """True for each row, whatever it holds."""
    return values == values


def raising(values: Any) -> bool:
    raise RuntimeError("out of luck")


NUMERIC = [
    Check.ge(1), Check.gt(0), Check.le(2), Check.lt(3.5), Check.in_range(0, 2, include_max=False),
    Check.eq(2), Check.ne(1), Check.isin([1, 2, 3]), Check.notin([3]),
    Check(lambda values: values < 3, name="is_small"),
    Check(lambda value: value != 2, element_wise=True, name="is_not_two"),
    Check(lambda values: values.notna(), ignore_na=False, name="is_there"),
    Check(lambda values: bool(values.sum() > -3), name="adds_up"),
    Check(lambda values: (values % 2 == 0).tolist(), name="gives_a_list"),
    Check.str_matches("^1"),
]  # fmt: skip
TEXTUAL = [
    Check.isin(["a", "b", "abc"]), Check.notin(["b"]), Check.str_matches("^[ab]"), Check.str_contains("b"),
    Check.str_matches(r"^(?!b)"), Check.str_startswith("a"), Check.str_endswith("c"),
    Check.str_length(min_value=1, max_value=2), Check.str_length(exact_value=1), Check.eq("a"), Check.ne("c"),
    Check.gt("a"), Check.ge(3), Check(lambda value: value < "c", element_wise=True, name="is_early"),
    Check(lambda values: values.str.len() > 0, error="is not empty"),
    Check.isin(["a"], ignore_na=False), Check.isin(["a"], error="is an a"),
    Check.unique_values_eq(["a", "b"]),
]  # fmt: skip
CHECKS: dict[str, list[Any]] = {
    **dict.fromkeys(("int64", "Int64", "int8", "float64"), NUMERIC),
    "str": TEXTUAL,
    "category": [Check.isin(["a", "b"]), Check.ge("b"), Check.eq("a"), Check.ne("b")],
    "bool": [Check.eq(True), Check.isin([True]), Check.ne(False)],
    "boolean": [Check.eq(True), Check.isin([True]), Check(same, name="same")],
    "datetime64[ns]": [
        Check.ge(pd.Timestamp("2020-01-01")),
        Check.in_range(pd.Timestamp("2000-01-01"), pd.Timestamp("2020-03-01")),
    ],
}
RARE = [
    Check(raising, name="explodes"),
    Check(lambda values: values.isna(), raise_warning=True, name="only_warns"),
    Check.isin([], raise_warning=True),
    Check(lambda groups: len(groups) < 9, groupby="c0", name="few_groups"),
]
OF_FRAME = [
    Check(lambda frame: frame["c0"].astype(str) != "2", name="first_is_not_two"),
    Check(lambda frame: frame.astype(str) != "b", name="no_b_anywhere"),
    Check(lambda frame: len(frame) < 25, name="is_short"),
    Check(lambda frame: frame.isna().sum(axis=1) < 2, ignore_na=False, name="has_values"),
    Check(lambda row: row["c0"] != 3, element_wise=True, name="row_by_row"),
    Check(raising, name="explodes"),
]


@st.composite
def contracts_and_tables(draw: st.DrawFn) -> tuple[Any, pa.Table]:
    columns, texts, rows = {}, {}, draw(st.integers(1, 40))
    for number in range(draw(st.integers(1, 3))):
        kind = draw(st.sampled_from(sorted(CELLS)))
        checks = draw(st.lists(st.sampled_from(CHECKS[kind]), max_size=4))
        if draw(st.integers(0, 7)) == 0:
            checks.append(draw(st.sampled_from(RARE)))
        holds_none = kind not in ("int64", "int8", "bool")
        nullable = holds_none and draw(st.booleans())
        columns[f"c{number}"] = pan.Column(
            DTYPES[kind], checks, nullable=nullable, coerce=draw(st.booleans())
        )
        usual = draw(st.lists(st.sampled_from(CELLS[kind]), min_size=1, max_size=6))
        texts[f"c{number}"] = draw(st.lists(st.sampled_from(usual), min_size=rows, max_size=rows))
    of_frame = draw(st.lists(st.sampled_from(OF_FRAME), max_size=2)) if draw(st.booleans()) else []
    schema = pan.DataFrameSchema(columns, checks=of_frame, name="Generated")
    table = pa.table({name: pa.array(column, pa.string()) for name, column in texts.items()})
    return schema, table.append_column("row_id", pa.array([f"june:{n:09}" for n in range(rows)]))


def outcome(schema: Any, table: pa.Table, rules: Any) -> Validated | tuple[Any, ...]:
    contract = SimpleNamespace(to_schema=lambda: schema)
    try:
        return validate(table, contract, source_file="june.csv", max_quarantined_share=0.9, rules=rules)
    except ContractBroken as error:
        return str(error), error.cases


@pytest.mark.filterwarnings("ignore::pandera.errors.SchemaWarning")
@given(contracts_and_tables())
@settings(max_examples=60, deadline=None)
def test_the_fast_way_gives_what_the_full_way_gives(drawn: tuple[Any, pa.Table]) -> None:
    fast, full = (outcome(*drawn, rules) for rules in (judge, judge_in_full))
    if isinstance(fast, Validated) and isinstance(full, Validated):
        pd.testing.assert_frame_equal(fast.rows, full.rows, check_exact=True)
        pd.testing.assert_frame_equal(fast.quarantine, full.quarantine, check_exact=True)
        ids = [*fast.rows["row_id"], *fast.quarantine["row_id"]]
        assert sorted(ids) == drawn[1].column("row_id").to_pylist()
    else:
        assert fast == full


@pytest.mark.parametrize("check", [*NUMERIC[:9]], ids=str)
def test_a_rule_of_single_values_needs_no_lazy_validation(check: Any, monkeypatch: Any) -> None:
    """Otherwise nothing would be faster."""
    monkeypatch.setattr("mlplatform.ml.contracts.judging.keeping_every_rule", raising)
    schema = pan.DataFrameSchema({"a": pan.Column("int64", check)})
    broken, of_table = judge(pd.DataFrame({"a": [-5, 1, 2, 3, 9]}), schema)
    assert [one.column for one in broken] == ["a"] and not of_table


def test_a_rule_sees_the_frame_but_cannot_change_it() -> None:
    def changes(frame: pd.DataFrame) -> pd.Series:
        frame["a"] = 0
        return frame["a"] == 0

    frame = pd.DataFrame({"a": [1, 2]})
    assert judge(frame, pan.DataFrameSchema({"a": pan.Column(int)}, checks=Check(changes))) == ([], [])
    assert frame["a"].tolist() == [1, 2]


def test_text_rules_are_asked_once_per_distinct_value(monkeypatch: Any) -> None:
    asked: list[int] = []

    def failing(check: Any, values: Any, column: str | None) -> Any:
        asked.append(len(values))
        return _failing(check, values, column)

    monkeypatch.setattr("mlplatform.ml.contracts.judging._failing", failing)
    schema = pan.DataFrameSchema(
        {
            "kind": pan.Column(str, [Check.str_length(min_value=2), Check.isin(["xx", "y"])], nullable=True),
            "name": pan.Column(str, Check.str_startswith("n")),
        }
    )
    names = [f"n{number}" for number in range(399)]
    frame = pd.DataFrame({"kind": ["xx", "y", None, "xx"] * 100, "name": [*names, "x"]}, dtype="str")
    broken, _ = judge(frame, schema)
    assert [(one.rule, one.rows.tolist()) for one in broken] == [
        ("str_length(2, None)", list(range(1, 400, 4))),
        ("str_startswith('n')", [399]),
    ]
    assert asked == [2, 2, 400]

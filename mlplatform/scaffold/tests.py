"""The tests that a new use case starts with. They make rows up from its contract, so they hold no data."""

from __future__ import annotations

from mlplatform.ml.inference.columns import Column
from mlplatform.scaffold.plan import Plan
from mlplatform.scaffold.python_source import WIDTH, joined, quoted
from mlplatform.scaffold.ranges import bounds, literal

_MOST_CASES = 8

_CONTRACTS = '''"""The contracts take rows made up from their own rules, and refuse what breaks them."""

from __future__ import annotations

from typing import Any

import pandera.pandas as pa
import pytest

{import_contracts}
from mlplatform.defs.{name}.features import build_features
from mlplatform.scaffold.made_up import made_up_rows

ROWS = made_up_rows({raw}.to_schema(), 50, seed=1)


def test_rows_keep_both_contracts() -> None:
    rows = {raw}.validate(ROWS, lazy=True)
    assert len({features}.validate(build_features(rows{dropped}), lazy=True)) == len(ROWS)


{cases}{key}@pytest.mark.parametrize("contract", [{raw}, {features}])
def test_every_column_has_a_description(contract: type[pa.DataFrameModel]) -> None:
    assert all(column.description for column in contract.to_schema().columns.values())
'''
_CASES = """@pytest.mark.parametrize(
    ("column", "value"),
    [
{cases}
    ],
)
def test_a_value_outside_the_contract_is_named(column: str, value: Any) -> None:
    rows = ROWS.copy()
    rows.loc[7, column] = value
    with pytest.raises(pa.errors.SchemaErrors) as caught:
        {raw}.validate(rows, lazy=True)
    cases = caught.value.failure_cases
    assert set(cases["column"]) == {{column}}
    assert set(cases["index"]) == {{7}}


"""
_KEY = """def test_a_key_twice_is_refused() -> None:
    rows = ROWS.copy()
    rows.loc[7, {key}] = rows.loc[8, {key}]
    with pytest.raises(pa.errors.SchemaErrors):
        {raw}.validate(rows, lazy=True)


"""
_FEATURES = '''"""Features are row-wise, follow the contract and take what training has never seen."""

from __future__ import annotations

import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal

{import_contracts}
{import_features}
from mlplatform.scaffold.made_up import made_up_rows

{rows}


@settings(deadline=None, max_examples=25)
@given(st.lists(st.integers(0, len(ROWS) - 1), unique=True))
def test_features_of_some_rows_are_some_rows_of_the_features(picked: list[int]) -> None:
    assert_frame_equal(build_features(ROWS.iloc[picked]), build_features(ROWS).iloc[picked])


def test_columns_are_those_of_the_contract() -> None:
    features = build_features(ROWS)
    assert list(features.columns) == list({features}.to_schema().columns) == [{lists}]
    assert_frame_equal({features}.validate(features), features)
'''
_TEXT = """

def test_missing_categories_are_named_and_unseen_ones_kept() -> None:
    rows = ROWS.head(2).assign(**{{{text}: pd.Series([None, "Unheard of"], dtype="str")}})
    assert build_features(rows)[{feature}].tolist() == [MISSING, "Unheard of"]
"""
_ESTIMATOR = '''"""The estimator is repeatable, goes by name and takes what training has never seen."""

from __future__ import annotations

import numpy as np
{pytest}
{import_contracts}
from mlplatform.defs.{name}.estimator import build_estimator
from mlplatform.defs.{name}.features import build_features
from mlplatform.scaffold.made_up import made_up_rows

ROWS = made_up_rows({raw}.to_schema(), 300, seed=1)
{features}
TARGET = ROWS[{target}]


def test_same_seed_same_model() -> None:
    first, second = (build_estimator(seed=3, max_iter=5).fit(FEATURES, TARGET) for _ in range(2))
    np.testing.assert_array_equal(first.{predict}(FEATURES), second.{predict}(FEATURES))


def test_{what}_get_a_prediction() -> None:
    model = build_estimator(seed=3, max_iter=5).fit(FEATURES, TARGET)
    strange = FEATURES.head(1).assign({strange})
    {asserted}


def test_columns_go_by_name() -> None:
    model = build_estimator(seed=3, max_iter=5).fit(FEATURES, TARGET)
    shuffled = FEATURES[FEATURES.columns[::-1]].assign(row_id="batch:1")
    np.testing.assert_array_equal(model.{predict}(shuffled), model.{predict}(FEATURES))
'''


def tests_sources(plan: Plan) -> dict[str, str]:
    """File name -> text."""
    return {
        "__init__.py": f'"""Tests of the use case {plan.name}."""\n',
        "test_contracts.py": _contracts(plan),
        "test_features.py": _features(plan),
        "test_estimator.py": _estimator(plan),
    }


def _import(plan: Plan, module: str, names: list[str]) -> str:
    before = f"from mlplatform.defs.{plan.name}.{module} import "
    names = sorted(names, key=lambda one: (not one.isupper(), one[0].islower(), one))
    one = before + ", ".join(names)
    return one if len(one) <= 110 else before + "(\n" + "".join(f"    {name},\n" for name in names) + ")"


def _dropped(plan: Plan) -> str:
    if len(plan.unseen) == 1:
        return f".drop(columns={quoted(plan.unseen[0])})"
    return f".drop(columns=[{', '.join(quoted(one) for one in plan.unseen)}])"


def _rows_without_unseen(plan: Plan) -> str:
    made = f"ROWS = made_up_rows({plan.raw}.to_schema(), 200, seed=1)"
    whole = made + _dropped(plan)
    if len(whole) <= WIDTH:
        return whole
    opening, _, columns = _dropped(plan).partition("(")
    return joined(f"{made}{opening}(", [columns.removesuffix(")")], ")")


def _contracts(plan: Plan) -> str:
    cases = _cases(plan)
    key = quoted(plan.draft.entity.column.name)
    unique = f"{key}]" and any("unique=True" in one for one in [_unique(plan)])
    return _CONTRACTS.format(
        name=plan.name,
        raw=plan.raw,
        features=plan.features_contract,
        import_contracts=_import(plan, "contracts", [plan.raw, plan.features_contract]),
        dropped="",
        cases=_CASES.format(cases="\n".join(cases), raw=plan.raw) if cases else "",
        key=_KEY.format(key=key, raw=plan.raw) if unique else "",
    )


def _unique(plan: Plan) -> str:
    from mlplatform.ml.inference.entities import is_an_id

    return "unique=True" if is_an_id(plan.draft.entity.column) else ""


def _cases(plan: Plan) -> list[str]:
    found: list[str] = []
    for column in plan.draft.contract:
        value = _forbidden(plan, column)
        if value is not None:
            found.append(f"        ({quoted(column.name)}, {value}),")
    return found[:_MOST_CASES]


def _forbidden(plan: Plan, column: Column) -> str | None:
    """A value that the contract refuses, as source; None where it takes nearly anything."""
    from mlplatform.ml.inference.entities import is_an_id

    if column.labels and column.kind == "str":
        return '"no such label"'
    entity = plan.draft.entity
    is_entity = column.name == entity.column.name and not entity.stands_in
    if not column.is_number or is_an_id(column) or is_entity:
        return None
    classes = column.name == plan.draft.target.name and plan.draft.goal.classes
    if classes and column.kind == "int":
        return str(max(int(one) for one in classes) + 1)
    _, above = bounds(float(column.low or 0), float(column.high or 0), whole=column.kind == "int")
    return literal(above + max(1.0, abs(above)), whole=column.kind == "int")


def _features(plan: Plan) -> str:
    lists = [*(["*NUMERIC"] if plan.numeric else []), *(["*NOMINAL"] if plan.nominal else [])]
    names = [one.removeprefix("*") for one in lists] + ["build_features"]
    columns = plan.draft.table.columns
    text = next((one for one in plan.features if one.nominal and columns[one.column].kind == "str"), None)
    source = _FEATURES.format(
        import_contracts=_import(plan, "contracts", [plan.raw, plan.features_contract]),
        import_features=_import(plan, "features", [*names, *(["MISSING"] if text else [])]),
        rows=_rows_without_unseen(plan),
        features=plan.features_contract,
        lists=", ".join(lists),
    )
    if text is None:
        return source.replace("import pandas as pd\n", "")
    return source + _TEXT.format(text=quoted(text.column), feature=quoted(text.name))


def _estimator(plan: Plan) -> str:
    number, label = next(iter(plan.numeric), None), next(iter(plan.nominal), None)
    strange = [*([f'{label}="Unheard of"'] if label else []), *([f"{number}=np.nan"] if number else [])]
    regression = plan.draft.goal.task == "regression"
    words = [*(["unseen_categories"] if label else []), *(["missing_numbers"] if number else [])]
    return _ESTIMATOR.format(
        name=plan.name,
        raw=plan.raw,
        import_contracts=_import(plan, "contracts", [plan.raw]),
        pytest="" if regression else "import pytest\n",
        features=joined("FEATURES = build_features(", [f"ROWS{_dropped(plan)}"], ")"),
        target=quoted(plan.draft.target.name),
        predict="predict" if regression else "predict_proba",
        what="_and_".join(words),
        strange=", ".join(strange),
        asserted="assert np.isfinite(model.predict(strange)).all()"
        if regression
        else "assert model.predict_proba(strange).sum() == pytest.approx(1)",
    )

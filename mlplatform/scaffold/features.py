"""`features.py` of a new use case."""

from __future__ import annotations

import textwrap

from mlplatform.scaffold.names import Feature
from mlplatform.scaffold.plan import Plan
from mlplatform.scaffold.python_source import collection, comment, joined, quoted

_CATEGORY = '''

def _category(labels: pd.Series) -> pd.Series:
    """Labels as text; a missing one is called so."""
    return labels.astype("str").fillna(MISSING)
'''
_DAYS = '''

def _days(times: pd.Series) -> pd.Series:
    """Days since 2000-01-01, with fractions; NaN for a missing time."""
    return (times - pd.Timestamp("2000-01-01"{zone})).dt.total_seconds() / 86_400
'''


def features_source(plan: Plan) -> str:
    """The module's text."""
    lines = [
        f'"""Features of the use case {plan.name}: from a landed row to what the model sees of it."""',
        "",
        "from __future__ import annotations",
        "",
        "import pandas as pd",
        "",
        *(
            collection(f"{constant} = (", [quoted(one) for one in names], ")")
            for constant, names in (("NUMERIC", plan.numeric), ("NOMINAL", plan.nominal))
            if names
        ),
        *(['MISSING = "missing"'] if plan.nominal else []),
        "",
        "",
        "def build_features(rows: pd.DataFrame) -> pd.DataFrame:",
        *_docstring(plan),
        "    features = {",
        *(line for feature in plan.features for line in _items(plan, feature)),
        "    }",
        "    return pd.DataFrame(features, index=rows.index)",
        "",
    ]
    text = "\n".join(lines)
    if plan.nominal:
        text += _CATEGORY
    if any(feature.expression.startswith("_days(") for feature in plan.features):
        text += _DAYS.replace("{zone}", ', tz="UTC"' if _zoned(plan) else "")
    return text


def _zoned(plan: Plan) -> bool:
    dates = [one.dates for one in plan.draft.contract if one.kind == "datetime" and one.dates]
    return any(one.zoned for one in dates)


def _items(plan: Plan, feature: Feature) -> list[str]:
    column, item = feature.column, _item(feature.name, feature.expression)
    if column not in plan.needed or feature.name not in (f"{column}_value", f"{column}_label"):
        return [item]
    told = f"{column} itself stands beside the features, as the entity or the time: hence another name."
    return [comment(told, indent=8), item]


def _item(name: str, expression: str) -> str:
    one = f"        {quoted(name)}: {expression},"
    if len(one) <= 110:
        return one
    opening, _, rest = expression.partition("(")
    return joined(f"{quoted(name)}: {opening}(", [rest.removesuffix(")")], "),", indent=8)


def _docstring(plan: Plan) -> list[str]:
    unseen = ", ".join(f"`{one}`" for one in plan.unseen if one.isprintable())
    rows = textwrap.wrap(
        f"rows: n rows with the columns of {plan.raw}, without {unseen}; other columns are ignored.",
        100,
        subsequent_indent="    ",
    )
    returns = textwrap.wrap(
        f"n rows with the columns of {plan.features_contract}, in that order and with the index of `rows`.",
        100,
    )
    return [
        '    """Turn raw rows into features, one row for one row.',
        "",
        "    Pure and row-wise: a row's features depend on nothing but that row, so that training and a",
        "    single request agree. What has to be learned from many rows belongs into the estimator.",
        "",
        "    Args:",
        *(f"        {line}" for line in rows),
        "",
        "    Returns:",
        *(f"        {line}" for line in returns),
        '    """',
    ]

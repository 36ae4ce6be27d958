"""`contracts.py` of a new use case."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from mlplatform.ml.inference.columns import Column
from mlplatform.ml.inference.entities import is_an_id
from mlplatform.scaffold.names import Feature
from mlplatform.scaffold.plan import Plan
from mlplatform.scaffold.python_source import collection, comment, joined, printable, quoted, sentence
from mlplatform.scaffold.ranges import bounds, literal, whole_scale

_CONFIG = '''    class Config:
        """Text is turned into the declared types first; further columns may be there."""

        coerce = True
        strict = False
'''
_TYPES = {"int": "int", "float": "float", "bool": "bool", "str": "str", "datetime": "pd.Timestamp"}
_NULLABLE = {**_TYPES, "int": "pd.Int64Dtype", "bool": "pd.BooleanDtype"}
_ZONED = 'Annotated[pd.DatetimeTZDtype, "ns", "UTC"]'


def contracts_source(plan: Plan) -> str:
    """The module's text."""
    fields = [_raw_field(plan, column) for column in plan.draft.contract]
    head = [
        f'"""Data contracts of the use case {plan.name}: what a landed file and its features must look like.',
        "",
        f"Drafted from {printable(plan.draft.table.file)} ({plan.draft.table.rows:,} rows).",
        *_about_rules(plan),
        '"""',
        "",
        *_imports(fields),
        "",
        *_left_out(plan),
        *_labels(plan),
    ]
    raw = [
        f"class {plan.raw}(pa.DataFrameModel):",
        '    """One row as the file says it; blanks are missing values."""',
        "",
        *fields,
        "",
        _CONFIG,
    ]
    features = [
        f"class {plan.features_contract}(pa.DataFrameModel):",
        '    """What the model sees of a row; NaN in a number, and `missing` in a category, mean missing."""',
        "",
        *(_feature_field(plan, feature) for feature in plan.features),
        "",
        _CONFIG,
    ]
    parts = ["\n".join(one).rstrip() for one in (head, raw, features)]
    return "\n\n\n".join(parts) + "\n"


def _about_rules(plan: Plan) -> list[str]:
    labelled = [one.labels for one in plan.draft.contract if one.kind == "str" and one.labels]
    added = any(len(whole_scale(one)) > len(one) for one in labelled)
    more = " and the weekdays or months that it lacks" if added else ""
    return textwrap.wrap(
        f"Ranges are wider than what that file holds; labels are those that it holds{more}, and rows with "
        "another one are quarantined. Loosen or tighten them to what is really possible.",
        100,
    )


def _imports(fields: Sequence[str]) -> list[str]:
    text = "".join(fields)
    typing = ["from typing import Annotated", ""] if _ZONED in text else []
    pandas = ["import pandas as pd"] if "pd." in text else []
    return [*typing, *pandas, "import pandera.pandas as pa"]


def _left_out(plan: Plan) -> list[str]:
    left = plan.draft.parts.left_out
    if not left:
        return []
    told = [comment(f"{name}: {why}.").replace("# ", "# - ", 1) for name, why in left.items()]
    return [comment("Left out, so that neither files nor requests need these columns:"), *told, ""]


def _labels(plan: Plan) -> list[str]:
    """A constant per column of labels, in the order of the alphabet."""
    found = []
    for column in plan.draft.contract:
        if column.kind == "str" and column.labels:
            items = [quoted(label) for label in whole_scale(column.labels)]
            found.append(collection(f"{_constant(plan, column)} = (", items, ")"))
    return found


def _constant(plan: Plan, column: Column) -> str:
    return f"{plan.attributes[column.name].upper().strip('_')}_LABELS"


def _raw_field(plan: Plan, column: Column) -> str:
    needed = column.name in plan.needed
    nullable = column.missing > 0 and not needed
    kind = (_NULLABLE if nullable else _TYPES)[column.kind]
    if column.dates is not None and column.dates.zoned and column.kind == "datetime":
        kind = _ZONED
    attribute = plan.attributes[column.name]
    rules = [f"alias={quoted(column.name)}"] if attribute != column.name else []
    rules += ["nullable=True"] if nullable else []
    rules += _rules(plan, column)
    return _field(attribute, kind, rules, _told(plan, column))


def _field(attribute: str, kind: str, rules: list[str], told: str) -> str:
    before, description = f"{attribute}: {kind} = pa.Field(", f"description={quoted(told)}"
    if len(description) > 100:
        description = sentence(told, "description=", "", indent=8).lstrip()
    return joined(before, [*rules, description], ")", indent=4)


def _rules(plan: Plan, column: Column) -> list[str]:
    """What a value must keep."""
    draft = plan.draft
    if column.name == draft.target.name and draft.goal.classes and column.kind == "int":
        return [f"isin=[{', '.join(sorted(draft.goal.classes, key=int))}]"]
    if column.kind == "str":
        rules = [f"isin={_constant(plan, column)}"] if column.labels else []
        return rules + _key(plan, column)
    if not column.is_number:
        return []
    low, high = float(column.low or 0), float(column.high or 0)
    whole = column.kind == "int"
    entity = draft.entity
    if is_an_id(column) or (column.name == entity.column.name and not entity.stands_in):  # they go on rising
        return ([f"ge={min(1, int(low))}"] if low >= 0 else []) + _key(plan, column)
    below, above = bounds(low, high, whole=whole)
    return [f"ge={literal(below, whole=whole)}", f"le={literal(above, whole=whole)}"]


def _key(plan: Plan, column: Column) -> list[str]:
    return ["unique=True"] if column.name == plan.draft.entity.column.name and is_an_id(column) else []


def _told(plan: Plan, column: Column) -> str:
    roles = {
        plan.draft.target.name: "To be predicted. ",
        plan.draft.entity.column.name: "The entity. ",
        **({plan.draft.time.name: "When the row happened. "} if plan.draft.time else {}),
        **dict.fromkeys(plan.draft.parts.after_the_fact, "Known only after the fact. "),
    }
    share = column.missing / column.rows
    missing = f"; missing in {share:.0%} of the rows" if share >= 0.005 else ""
    if column.missing and not missing:
        missing = "; missing in a few rows"
    return f"{roles.get(column.name, '')}{_seen(column)}{missing}."


def _seen(column: Column) -> str:
    if column.is_number and not is_an_id(column):
        whole = column.kind == "int"
        low, high = (
            f"{float(one or 0):,.0f}" if whole else f"{one:.4g}" for one in (column.low, column.high)
        )
        return f"{'Whole number' if whole else 'Number'}, first seen from {low} to {high}"
    if column.kind == "datetime":
        return f"{'Time' if column.of_day else 'Day'}, first seen from {column.low} to {column.high}"
    if column.kind == "bool":
        written = sorted(column.labels, key=str.lower)
        plain = {one.lower() for one in written} <= {"true", "false"}
        return "True or false" if plain else f"True or false, written as {', '.join(written)}"
    if column.labels and column.kind == "str":
        labels = len(whole_scale(column.labels))
        return f"One of {labels} labels" if labels > 1 else "One label"
    if column.is_unique:
        return "Another value in every row"
    return f"Text, first seen with {column.distinct:,} different values"


def _feature_field(plan: Plan, feature: Feature) -> str:
    column = plan.draft.table.columns[feature.column]
    gaps = column.missing > 0 and column.name not in plan.needed
    rules = ["nullable=True"] if gaps and not feature.nominal else []
    return _field(feature.name, "str" if feature.nominal else "float", rules, feature.tells)

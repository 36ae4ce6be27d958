"""Names in the written files, for columns that may be called anything."""

from __future__ import annotations

import keyword
import re
import unicodedata
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from mlplatform.ml.inference.draft import Draft
from mlplatform.ml.inference.parts import Use

_LONGEST = 60
# What contracts.py imports: an attribute of that name would hide it from those below.
_NAMES_OF_THE_MODULE = ("pa", "pd", "annotated", "typing", "int", "float", "str", "bool")


@dataclass(frozen=True)
class Feature:
    """A feature: its name, the column it is made from, how, and as which expression over `rows`."""

    name: str
    column: str
    nominal: bool
    expression: str
    tells: str


def snake_case(text: str) -> str:
    """workingHours, Working Hours (h) -> working_hours, working_hours_h. Empty where nothing is left."""
    plain = unicodedata.normalize("NFKD", text.replace("ß", "ss"))
    plain = plain.encode("ascii", "ignore").decode()
    apart = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", plain)
    return re.sub(r"[^a-z0-9]+", "_", apart.lower()).strip("_")[:_LONGEST].strip("_")


def class_name(use_case: str) -> str:
    """job_change -> JobChange."""
    return "".join(word.capitalize() for word in use_case.split("_"))


def attributes(columns: Collection[str]) -> dict[str, str]:
    """Column -> name of its attribute in the contract: itself where Python and pandera allow it."""
    import pandera.pandas as pa

    taken = {name for name in dir(pa.DataFrameModel)} | {"Config", *_NAMES_OF_THE_MODULE}
    found: dict[str, str] = {}
    given: set[str] = set()
    for column in columns:
        name = snake_case(column)
        if not name or name[0].isdigit():
            name = f"column_{name}".strip("_")
        if keyword.iskeyword(name) or name in taken:
            name = f"{name}_"
        number, base = 2, name
        while name in given:
            name, number = f"{base.rstrip('_')}_{number}", number + 1
        found[column] = name
        given.add(name)
    return found


def features_of(draft: Draft, names: Mapping[str, str]) -> tuple[Feature, ...]:
    """The features of a draft, in the order of the file; `names` as `attributes` gives them."""
    reserved = {"row_id", draft.target.name, draft.entity.column.name, *draft.parts.after_the_fact}
    reserved |= {draft.time.name} if draft.time else set()
    made: list[Feature] = []
    taken = set(reserved)
    for column, use in draft.parts.features.items():
        for feature in _features_of(draft, column, use, names[column]):
            name = feature.name
            if name in reserved:
                name += "_label" if feature.nominal else "_value"
            number, base = 2, name
            while name in taken:
                name, number = f"{base}_{number}", number + 1
            taken.add(name)
            made.append(Feature(name, column, feature.nominal, feature.expression, feature.tells))
    return tuple(made)


def _features_of(draft: Draft, column: str, use: Use, name: str) -> list[Feature]:
    from mlplatform.scaffold.python_source import printable, quoted

    source, said = f"rows[{quoted(column)}]", printable(column)
    if use == "category":
        return [Feature(name, column, True, f"_category({source})", f"{said} as text, or missing.")]
    if use == "number":
        return [Feature(name, column, False, f'{source}.astype("float64")', f"{said} as a number.")]
    facts = draft.table.columns[column]
    found = [("weekday", f"{source}.dt.day_of_week", f"Day of the week of {said}, 0 is Monday.")]
    if _covers_a_year(facts.low, facts.high):
        found.append(("month", f"{source}.dt.month", f"Month of {said}, 1 to 12."))
    if facts.of_day:
        found.append(("hour", f"{source}.dt.hour", f"Hour of the day of {said}, 0 to 23."))
    made = [
        Feature(f"{name}_{part}", column, False, f'{expression}.astype("float64")', tells)
        for part, expression, tells in found
    ]
    if use == "dates":  # of the time a row happened at, every new day is one that no model has seen
        tells = f"Days from 2000-01-01 to {said}."
        made.append(Feature(f"{name}_days", column, False, f"_days({source})", tells))
    return made


def _covers_a_year(low: object, high: object) -> bool:
    from datetime import date

    return (date.fromisoformat(str(high)) - date.fromisoformat(str(low))).days >= 300

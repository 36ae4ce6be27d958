"""Which words stand for nothing, which sign splits a fraction, whether blanks around values mean anything."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from mlplatform.ml.inference.dates import dates_of
from mlplatform.ml.inference.numbers import as_numbers, mostly

if TYPE_CHECKING:
    import pandas as pd

    Counts = Mapping[str, pd.Series]
    """Column -> rows per distinct value, the values as index in the order of the file."""

# Among numbers or dates each of these is no value. Among texts, the second ones may be: "none" is an answer,
# and where blanks are there too, NA may be Namibia.
_NOTHING_ANYWHERE = ("?", "#N/A", "N/A", "n/a", "<NA>", "NaN", "nan", "NULL", "null", "(null)", "-", "--")
_NOTHING_AMONG_NUMBERS = ("NA", "na", "None", "none", ".", "..", "missing", "Missing", "unknown", "Unknown")


@dataclass(frozen=True)
class Spelling:
    """How the values of a file are written, with a sentence for each thing that was assumed."""

    missing: tuple[str, ...] = ()
    decimal: Literal[".", ","] = "."
    strip_blanks: bool = False
    remarks: tuple[str, ...] = field(default=())


def spelling_of(columns: Counts, with_blanks: Collection[str]) -> Spelling:
    """What the distinct values of all columns show; `with_blanks` are those in which some cells are empty."""
    remarks: list[str] = []
    padded = [name for name, counts in columns.items() if _has_blanks(counts)]
    if padded:
        remarks.append(
            f"Blanks stand around values of {_listed(padded)}; they mean nothing and are cut off "
            "(strip_blanks)."
        )
        remarks += [f"So {one} in {name}." for name in padded if (one := _merged(columns[name]))]
        columns = {name: stripped(counts) for name, counts in columns.items()}
    decimal = _decimal_of(columns, remarks)
    missing = _missing_words(columns, with_blanks, decimal, remarks)
    return Spelling(missing, decimal, bool(padded), tuple(remarks))


def stripped(counts: pd.Series) -> pd.Series:
    """Rows per distinct value once blanks are cut off; nothing but blanks is missing."""
    names = counts.index.to_series().str.strip()
    summed = counts.groupby(names.to_numpy(), sort=False).sum()
    return summed[summed.index != ""]


def _has_blanks(counts: pd.Series) -> bool:
    texts = counts.index.to_series()
    return bool((texts != texts.str.strip()).any())


def _merged(counts: pd.Series) -> str:
    """What to say of spellings that differ by the blanks around them only; empty where there are none."""
    texts = counts.index.to_series()
    names = texts.str.strip()
    again = names[names.duplicated() & (names != "")].drop_duplicates()
    if again.empty:
        return ""
    spelled = " and ".join(repr(one) for one in texts[(names == again.iloc[0]).to_numpy()])
    more = f", and so do {len(again) - 1:,} more pairs" if len(again) > 1 else ""
    return f"{spelled} count as one value{more}"


def _decimal_of(columns: Counts, remarks: list[str]) -> Literal[".", ","]:
    commas = [name for name, counts in columns.items() if _fractions(counts, ",")]
    points = [name for name, counts in columns.items() if _fractions(counts, ".")]
    if commas and points:
        chosen: Literal[".", ","] = "," if len(commas) > len(points) else "."
        others = points if chosen == "," else commas
        remarks.append(
            f"Some columns write fractions with a point, some with a comma; {chosen!r} is taken as the "
            f"decimal sign, so {_listed(others)} cannot be read as numbers."
        )
        return chosen
    return "," if commas else "."


def _fractions(counts: pd.Series, decimal: str) -> bool:
    """Whether a column holds numbers, some with a fraction after `decimal`.

    1,234 could be a thousand: groups of exactly three digits everywhere are no fractions.
    """
    sign = "," if decimal == "," else r"\."
    values = _without_words(counts)
    texts = values.index.to_series()
    with_fraction = texts[texts.str.contains(sign)]
    if with_fraction.empty or (
        decimal == "," and with_fraction.str.fullmatch(r"-?[1-9]\d{0,2}(,\d{3})+").all()
    ):
        return False
    return mostly(values, as_numbers(list(texts), decimal).notna())


def _without_words(counts: pd.Series) -> pd.Series:
    return counts[~counts.index.isin((*_NOTHING_ANYWHERE, *_NOTHING_AMONG_NUMBERS))]


def _missing_words(
    columns: Counts, with_blanks: Collection[str], decimal: str, remarks: list[str]
) -> tuple[str, ...]:
    found: dict[str, list[str]] = {}
    for name, counts in columns.items():
        measured = _is_measured(counts, decimal)
        known: tuple[str, ...] = _NOTHING_ANYWHERE if name in with_blanks else (*_NOTHING_ANYWHERE, "NA")
        if measured:
            known = (*_NOTHING_ANYWHERE, *_NOTHING_AMONG_NUMBERS)
        for word in known:
            if word in counts.index and len(counts) > 1:
                found.setdefault(word, []).append(name)
    for word, names in found.items():
        remarks.append(f"{word!r} is taken for a missing value (in {_listed(names)}).")
        also = [name for name, counts in columns.items() if word in counts.index and name not in names]
        if also:
            remarks.append(f"So it is in {_listed(also)}, where it could be a word like any other.")
    return tuple(found)


def _is_measured(counts: pd.Series, decimal: str) -> bool:
    """Numbers or dates, apart from the words for nothing."""
    values = _without_words(counts)
    texts = list(values.index)
    return mostly(values, as_numbers(texts, decimal).notna()) or dates_of(texts) is not None


def _listed(names: list[str]) -> str:
    shown = ", ".join(names[:4])
    return shown if len(names) <= 4 else f"{shown} and {len(names) - 4} more"

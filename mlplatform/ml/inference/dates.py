"""Is this a column of dates, and in which order do they name day and month?"""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass

_DIGITS = re.compile(
    r"(?P<a>\d{1,4})(?P<by>[-/.])(?P<b>\d{1,2})(?P=by)(?P<c>\d{4}|\d{2})"
    r"(?:(?P<t>[T ])(?P<time>\d{1,2}:\d{2}(?P<seconds>:\d{2})?(?P<fraction>\.\d{1,9})?)"
    r"(?P<zone>Z|[+-]\d{2}:?\d{2})?)?"
)
_ISO_DAY = re.compile(r"\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}.*)?")
_MONTH_NAMES = (
    "%d-%b-%Y", "%d %b %Y", "%b %d, %Y", "%b %d %Y", "%d %B %Y", "%B %d, %Y", "%d-%b-%y", "%d. %B %Y",
)  # fmt: skip
_TIMES = ("", " %H:%M", " %H:%M:%S")
_ENOUGH = 0.98
"""Share of the distinct values that must be dates; the others are taken for typing errors."""


@dataclass(frozen=True)
class Dates:
    """How a column writes its dates: strptime's directives, None for ISO.

    `doubt` says what was assumed where the values leave open which number is the month, else it is empty.
    """

    format: str | None
    zoned: bool = False
    doubt: str = ""


def dates_of(values: Sequence[str]) -> Dates | None:
    """How `values`, in the order of the file and each once, write dates; None if they are none."""
    found = [_DIGITS.fullmatch(one) for one in values]
    matches = [one for one in found if one]
    if not values:
        return None
    if len(matches) < _ENOUGH * len(values):
        return _with_month_names(values)
    first = matches[0]
    zoned = first["zone"] is not None
    if any((one["by"], bool(one["zone"])) != (first["by"], zoned) for one in matches):
        return None
    if len(first["a"]) == 4:
        return _year_first(first, values, zoned)
    if zoned or not _same_time(matches):
        return None
    return _year_last(first, [(int(one["a"]), int(one["b"]), int(one["c"])) for one in matches])


def _year_first(first: re.Match[str], values: Sequence[str], zoned: bool) -> Dates | None:
    iso = sum(bool(_ISO_DAY.fullmatch(one)) for one in values)
    if first["by"] == "-" and iso >= _ENOUGH * len(values):
        return Dates(None, zoned)
    return None if zoned else Dates(f"%Y{first['by']}%m{first['by']}%d" + _time_format(first))


def _year_last(first: re.Match[str], parts: list[tuple[int, int, int]]) -> Dates | None:
    by, year = first["by"], "%Y" if len(first["c"]) == 4 else "%y"
    time = _time_format(first)
    day_first, month_first = (f"%d{by}%m{by}{year}{time}", f"%m{by}%d{by}{year}{time}")
    at_most = (_ENOUGH - 1) * -len(parts)
    first_is_day = sum(1 for one in parts if one[0] > 12)
    second_is_day = sum(1 for one in parts if one[1] > 12)
    if first_is_day > at_most and second_is_day > at_most:
        return None
    if first_is_day > second_is_day:
        return Dates(day_first)
    if second_is_day > first_is_day:
        return Dates(month_first)
    rising = [_is_rising([(y, m, d) for d, m, y in parts]), _is_rising([(y, m, d) for m, d, y in parts])]
    if rising[0] != rising[1]:
        name = "day" if rising[0] else "month"
        because = f"the {name} is taken to stand first, because the dates then rise from row to row"
        return Dates(day_first if rising[0] else month_first, doubt=f"no day is above 12; {because}")
    name = "month" if by == "/" else "day"
    doubt = (
        f"no day is above 12, so nothing shows it; the {name} is taken to stand first, as usual with '{by}'"
    )
    return Dates(month_first if by == "/" else day_first, doubt=doubt)


def _is_rising(days: list[tuple[int, int, int]]) -> bool:
    return len(days) > 2 and all(one <= other for one, other in itertools.pairwise(days))


def _same_time(matches: list[re.Match[str]]) -> bool:
    return len({(one["time"] is None, one["seconds"] is None, one["t"]) for one in matches}) == 1 and not any(
        one["fraction"] for one in matches
    )


def _time_format(match: re.Match[str]) -> str:
    if match["time"] is None:
        return ""
    return f"{match['t']}%H:%M" + ("" if match["seconds"] is None else ":%S")


def _with_month_names(values: Sequence[str]) -> Dates | None:
    import pandas as pd

    if not any(character.isalpha() for character in values[0]):
        return None
    texts = pd.Series(list(values), dtype="object")
    for name in _MONTH_NAMES:
        for time in _TIMES:
            read = pd.to_datetime(texts, format=name + time, errors="coerce")
            if read.notna().mean() >= _ENOUGH:
                return Dates(name + time)
    return None

"""From the values seen in one file to the bounds that a contract sets: wide enough for the next file."""

from __future__ import annotations

import math
from collections.abc import Sequence

_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
    "November", "December",
)  # fmt: skip
_SCALES = (_DAYS, _MONTHS)


def whole_scale(labels: Sequence[str]) -> list[str]:
    """Weekdays and months with those that the file happens to lack; other labels in alphabetical order."""
    for scale in _SCALES:
        for written in (scale, tuple(one[:3] for one in scale)):
            for spelled in (written, tuple(one.lower() for one in written), tuple(map(str.upper, written))):
                if len(labels) >= 3 and set(labels) <= set(spelled):
                    return list(spelled)
    return sorted(labels)


def bounds(low: float, high: float, *, whole: bool) -> tuple[float, float]:
    """Half the span more on both sides, to round numbers; not below 0 if nothing seen was.

    Whole numbers give whole bounds (as float). A single value counts as a span of its own size.
    """
    span = high - low or abs(high) or 1.0
    step = 10.0 ** math.floor(math.log10(span)) / 2
    if whole:
        step = max(1.0, math.ceil(step))
    below = math.floor((low - span / 2) / step) * step
    above = math.ceil((high + span / 2) / step) * step
    if low >= 0:
        below = max(0.0, below)
    if high <= 0:
        above = min(0.0, above)
    return _tidy(below, step), _tidy(above, step)


def literal(number: float, *, whole: bool) -> str:
    """As a person would write it: 10_000, 0.5, 2."""
    if (whole or number == round(number)) and abs(number) < 1e16:
        return f"{int(number):_}" if abs(number) >= 10_000 else f"{int(number)}"
    return repr(float(number))


def _tidy(number: float, step: float) -> float:
    digits = max(0, 1 - math.floor(math.log10(step)))
    return round(number, digits) + 0.0

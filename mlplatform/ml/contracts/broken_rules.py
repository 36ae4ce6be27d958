"""Which rows break which rule, held as row numbers until somebody asks for the words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from mlplatform.ml.errors import Case

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

Positions: TypeAlias = "np.ndarray[tuple[int], np.dtype[np.int64]]"
"""0-based row numbers, ascending."""


@dataclass(frozen=True)
class BrokenRule:
    """A rule with the rows that break it: 0-based positions in the landed table, ascending.

    `column` is None for a rule over several columns.
    """

    rule: str
    column: str | None
    rows: Positions


def cases_of(broken: Iterable[BrokenRule], landed: pa.Table, limit: int | None = None) -> list[Case]:
    """One case per broken rule and row, with the value as the file has it; the first `limit` if given."""
    cases: list[Case] = []
    for one in broken:
        rows = one.rows if limit is None else one.rows[: limit - len(cases)]
        texts = texts_at(landed, one.column, rows)
        cases += [
            Case(one.rule, one.column, text, row + 1) for row, text in zip(rows.tolist(), texts, strict=True)
        ]
    return cases


def texts_at(landed: pa.Table, column: str | None, rows: Positions) -> list[str | None]:
    """What the file says in a column of these rows; None throughout where no single column is meant."""
    if column is None:
        return [None] * len(rows)
    texts: list[str | None] = landed.column(column).take(rows).to_pylist()
    return texts


def marked(broken: Sequence[BrokenRule], rows: int) -> np.ndarray:
    """Mask of length `rows`: the rows that break any of the rules."""
    import numpy as np

    mask = np.zeros(rows, dtype=bool)
    for one in broken:
        mask[one.rows] = True
    return mask


def each_once(broken: Iterable[BrokenRule]) -> list[BrokenRule]:
    """The same rules, where two of one name and column no longer speak of the same row."""
    import numpy as np

    seen: dict[tuple[str, str | None], Positions] = {}
    once = []
    for one in broken:
        key = (one.rule, one.column)
        rows = np.setdiff1d(one.rows, seen[key]) if key in seen else one.rows
        seen[key] = np.union1d(seen[key], rows) if key in seen else rows
        if len(rows):
            once.append(BrokenRule(one.rule, one.column, rows))
    return once

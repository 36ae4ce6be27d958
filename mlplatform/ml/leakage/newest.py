"""Which rows are looked at: a constant number of the newest, so that the cost does not grow with history."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING

from mlplatform.ml.manifests import SIDES, Part, SetManifest
from mlplatform.ml.splits import Side, column_of

if TYPE_CHECKING:
    import pandas as pd

MOST: Mapping[Side, int] = {"training": 200_000, "validation": 50_000}
"""Rows of each side; the batch that would exceed it is the last one read."""
MOST_VALIDATED = 20_000

Read = Callable[[Part], "pd.DataFrame"]


def newest_rows(
    drawn: Mapping[Side, SetManifest], entity: str, read: Read, most: Mapping[Side, int] = MOST
) -> dict[Side, pd.DataFrame]:
    """Feature rows of both sides from the newest batches on, at most `most` of each.

    `read` loads a batch's snapshot. A side asks for no more batches once it has enough rows, or once as many
    as both may have together were read for it, so a tiny hold-out does not ask for all of history.
    """
    import pandas as pd

    rule = drawn["training"].split
    decides = column_of(rule, entity)
    found: dict[Side, list[pd.DataFrame]] = {side: [] for side in SIDES}
    have, seen = dict.fromkeys(SIDES, 0), dict.fromkeys(SIDES, 0)
    for parts in _newest_first(drawn):
        asking = [side for side in SIDES if have[side] < most[side] and seen[side] < sum(most.values())]
        wanted = [side for side in asking if parts[side].rows]
        if not wanted:
            continue
        rows = read(parts["training"])
        held_out = rule.held_out(rows[decides])
        for side in wanted:
            found[side].append(rows[held_out if side == "validation" else ~held_out])
            have[side] += parts[side].rows
            seen[side] += len(rows)
    empty = [rows.iloc[:0] for rows in [*found["training"], *found["validation"]][:1]] or [pd.DataFrame()]
    return {side: _thinned(pd.concat(found[side] or empty, ignore_index=True), most[side]) for side in SIDES}


def newest_validated(
    drawn: Mapping[Side, SetManifest], read: Read, most: int = MOST_VALIDATED
) -> pd.DataFrame:
    """At most `most` validated rows of the newest batches, those of both sides alike."""
    import pandas as pd

    found: list[pd.DataFrame] = []
    for parts in _newest_first(drawn):
        if sum(len(rows) for rows in found) >= most:
            break
        found.append(read(parts["training"]))
    return _thinned(pd.concat(found, ignore_index=True) if found else pd.DataFrame(), most)


def _newest_first(drawn: Mapping[Side, SetManifest]) -> Iterator[dict[Side, Part]]:
    """Both sides' parts of one batch after the other, by their last day and then by name, latest first."""
    pairs = zip(*(drawn[side].parts for side in SIDES), strict=True)
    ordered = sorted(pairs, key=lambda pair: (pair[0].days[-1:], pair[0].batch), reverse=True)
    for pair in ordered:
        yield dict(zip(SIDES, pair, strict=True))


def _thinned(rows: pd.DataFrame, most: int) -> pd.DataFrame:
    """At most so many rows, at regular distances."""
    import numpy as np

    if len(rows) <= most:
        return rows
    return rows.iloc[np.linspace(0, len(rows) - 1, most).astype(int)].reset_index(drop=True)

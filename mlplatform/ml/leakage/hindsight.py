"""Raw columns that were written down later than the row they stand in, and that the features use.

Two things give such a column away: its times lie after the row's own time, or its being filled in already
tells the target. Either is a leak only if `build_features` looks at the column: it is asked again with the
column's values in other rows. A plan (`due_date`) lies after the row's time too and is honest: a person has
to say so, by `Leakage(allowed=...)`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from mlplatform.ml.leakage.alone import measure, scores
from mlplatform.ml.leakage.leaks import Leak, Roles
from mlplatform.ml.policies import Leakage
from mlplatform.ml.reading import ROW_ID

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from mlplatform.ml.features import BuildFeatures

_LATER = 0.05
"""Share of a column's times that may lie after the row's own: clocks differ."""
_TRIED = 500


def known_later(
    rows: pd.DataFrame,
    build: BuildFeatures,
    features: Sequence[str],
    roles: Roles,
    unseen: Sequence[str],
    policy: Leakage,
) -> list[Leak]:
    """The leaks among the columns of these validated rows that `build` sees: all but `unseen` and the row id.

    `features` are the columns of its result that count.
    """
    hidden = {ROW_ID, *unseen, *roles.beside, *policy.allowed}
    columns = [name for name in rows.columns if name not in hidden]
    seen = rows.drop(columns=[ROW_ID, *unseen], errors="ignore").reset_index(drop=True)
    suspects = [
        *_written_later(rows, columns, roles.time),
        *_telling_gaps(rows, columns, roles, policy.alone),
    ]
    return [leak for leak in suspects if leak.column and _used(seen, leak.column, build, features)]


def _written_later(rows: pd.DataFrame, columns: Sequence[str], time: str | None) -> list[Leak]:
    import pandas as pd

    if time is None:
        return []
    own, leaks = pd.to_datetime(rows[time], utc=True), []
    by_day = bool((own == own.dt.normalize()).all())
    for name in columns:
        if not pd.api.types.is_datetime64_any_dtype(rows[name].dtype):
            continue
        written = pd.to_datetime(rows[name], utc=True)
        later = ((written.dt.normalize() if by_day else written) > own)[written.notna()]
        if len(later) and later.mean() > _LATER:
            leaks.append(
                Leak(
                    "no feature uses a time that lies after the row's own",
                    name,
                    f"{later.mean():.1%} later",
                    f"{name!r}, which build_features uses, lies after {time!r} in {later.mean():.1%} of "
                    f"{len(later):,} rows. {_way_out(name)}",
                )
            )
    return leaks


def _telling_gaps(rows: pd.DataFrame, columns: Sequence[str], roles: Roles, most: float) -> list[Leak]:
    import pandas as pd

    gaps = {name: rows[name].isna() for name in columns}
    table = pd.DataFrame({name: gap for name, gap in gaps.items() if gap.any() and not gap.all()})
    table[roles.target] = rows[roles.target]
    found = scores(table, table, list(table.columns[:-1]), roles)
    return [
        Leak(
            "no feature uses a column that is filled in only once the target is known",
            name,
            f"{score:.4f}",
            f"whether {name!r} is filled in predicts the target alone: {measure(roles.task)} {score:.4f} on "
            f"{len(rows):,} rows, and build_features uses it. {_way_out(name)}",
        )
        for name, score in found.items()
        if score >= most
    ]


def _way_out(name: str) -> str:
    return (
        f"If it is known only afterwards, put it into after_the_fact and compute features without it; "
        f"if it is known beforehand, allow it: Leakage(allowed=({name!r},))."
    )


def _used(rows: pd.DataFrame, name: str, build: BuildFeatures, features: Sequence[str]) -> bool:
    """Whether the features of some rows change when they swap the column's values."""
    import numpy as np
    import pandas as pd

    filled = rows[name].notna().to_numpy()
    few = np.sort(np.concatenate([_spread(np.flatnonzero(filled)), _spread(np.flatnonzero(~filled))]))
    given = rows.iloc[few].reset_index(drop=True)
    swapped = given.copy()
    order = np.random.default_rng(0).permutation(len(given))
    swapped[name] = given[name].take(order).set_axis(given.index)
    before = build(given.copy())
    try:
        after = build(swapped)
    except Exception:  # it fails because of the column's values, so it looks at them
        return True
    names = [one for one in features if one in before]
    left, right = (pd.DataFrame(made)[names].astype(object) for made in (before, after))
    both_missing = left.isna() & right.isna()
    return not bool(((left == right).fillna(False) | both_missing).all(axis=None))


def _spread(positions: np.ndarray) -> np.ndarray:
    """Up to `_TRIED` of these, at regular distances."""
    import numpy as np

    if len(positions) <= _TRIED:
        return positions
    return positions[np.linspace(0, len(positions) - 1, _TRIED).astype(int)]

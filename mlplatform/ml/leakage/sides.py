"""Nobody on both sides; with a time split, nothing of the held-out time in training."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlplatform.ml.leakage.leaks import Leak, Roles
from mlplatform.ml.splits import days_of

if TYPE_CHECKING:
    import pandas as pd

_NAMED = 3


def on_both_sides(training: pd.DataFrame, validation: pd.DataFrame, roles: Roles) -> list[Leak]:
    """The same entity on both sides, blanks around its name aside; of a time split, a row that is too late.

    A time split may have an entity on both sides: its past is known when its future is asked for.
    """
    if not len(training) or not len(validation):
        return []
    if roles.time:
        return _too_late(training, validation, roles.time)
    both = _names(training[roles.entity]) & _names(validation[roles.entity])
    if not both:
        return []
    some = ", ".join(repr(name) for name in sorted(both)[:_NAMED])
    return [
        Leak(
            "no entity is on both sides",
            roles.entity,
            f"{len(both):,} entities",
            f"{len(both):,} values of {roles.entity!r} are on both sides, such as {some}. "
            "Let one entity be spelled in one way only, blanks included.",
        )
    ]


def _names(entities: pd.Series) -> set[str]:
    """The entities as a split tells them apart (7 and 7.0 are one), without blanks around them."""
    whole = (int(one) if isinstance(one, float) and one.is_integer() else one for one in entities.unique())
    return {str(one).strip() for one in whole}


def _too_late(training: pd.DataFrame, validation: pd.DataFrame, time: str) -> list[Leak]:
    first = days_of(validation[time]).min()
    late = int((days_of(training[time]) >= first).sum())
    if not late:
        return []
    return [
        Leak(
            "training ends before validation begins",
            time,
            f"{late:,} rows",
            f"{late:,} training rows are as late as {first}, the first held-out day by {time!r}. "
            "Draw the sets by the use case's TimeSplit.",
        )
    ]

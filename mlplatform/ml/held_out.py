"""Which rows a model was judged on, and by which rule they were kept from its training, in words."""

from __future__ import annotations

from collections.abc import Collection

from mlplatform.ml.manifests import Part, SetManifest
from mlplatform.ml.splits import EntitySplit, TimeCut


def held_out(training: SetManifest, validation: SetManifest, *, entity: str) -> dict[str, str]:
    """Facts about the two sides of one drawing, by what they tell; `entity` is the use case's column."""
    rule = validation.split
    told = _by_time(rule, validation.parts) if isinstance(rule, TimeCut) else _by_entity(rule, entity)
    rows = training.rows + validation.rows
    share = f" ({validation.rows / rows:.1%})" if rows else ""
    return {
        **told,
        "Rows held out": f"{validation.rows:,} of {rows:,}{share}",
        "Batches with training rows": _batches(training),
        "Batches with held-out rows": _batches(validation),
    }


def _by_entity(rule: EntitySplit, entity: str) -> dict[str, str]:
    return {
        "Rule": f"by {entity}: all rows with the same value are on one side, chosen by a hash of the value",
        "Share of the entities": f"{rule.validation_share * 100:g}%",
        "Salt of the hash": rule.salt,
    }


def _by_time(rule: TimeCut, parts: Collection[Part]) -> dict[str, str]:
    first = rule.first_day.isoformat()
    days = sorted({day for part in parts for day in part.days})  # a part has its batch's days of both sides
    return {
        "Rule": f"by time: the rows whose {rule.column} is on or after the first held-out day",
        "First held-out day": first,
        "Days in training": _days([day for day in days if day < first]),
        "Days in validation": _days([day for day in days if day >= first]),
    }


def _days(days: list[str]) -> str:
    """In order; the count, since days without rows lie between the first and the last."""
    return f"{days[0]} to {days[-1]}, {len(days):,} with rows" if days else "none"


def _batches(side: SetManifest) -> str:
    return f"{sum(part.rows > 0 for part in side.parts):,} of {len(side.parts):,}"

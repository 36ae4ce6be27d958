"""How often a hold-out was looked at. Each look that decides something makes its verdicts worth a bit less.

Hold-outs drawn by the same rule share most of their rows as batches come in, so they are counted together as
well. The counts travel from one evaluation's record to the next: counting costs nothing that grows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mlplatform.ml.hashing import digest

if TYPE_CHECKING:
    from mlplatform.ml.splits import Rule

MANY = 10
"""Looks from which a reader is warned: by then a few false winners at 95 % would not be a surprise."""
_KEPT = 50


@dataclass(frozen=True)
class Looks:
    """`by_rule`: looks at hold-outs drawn by this rule; `at_this_set`: looks at exactly these rows."""

    by_rule: int
    at_this_set: int
    counted: Mapping[str, Mapping[str, int]]
    """Looks by rule and by set, those looked at last at the end: what the next count starts from."""

    def to_details(self) -> dict[str, Any]:
        """As the evaluation's record keeps it."""
        return {"looks": self.by_rule, "looks_at_this_set": self.at_this_set, "looked_at": dict(self.counted)}


def one_more(previous: Mapping[str, Any], rule: Rule, validation_set: str) -> Looks:
    """The looks including this one. `previous`: details of the evaluation before, empty for the first."""
    counted = previous.get("looked_at", {})
    rules = _counted(counted.get("rules", {}), rule_of(rule))
    sets = _counted(counted.get("sets", {}), validation_set)
    return Looks(rules[rule_of(rule)], sets[validation_set], {"rules": rules, "sets": sets})


def rule_of(rule: Rule) -> str:
    """Hex sha256 of what hold-outs have in common; the border of a time split moves, its column stays."""
    from mlplatform.ml.splits import TimeCut

    return digest({"time": rule.column} if isinstance(rule, TimeCut) else rule.model_dump(mode="json"))


def warning(looks: int) -> str:
    """What a reader of the model card should know; empty below `MANY`."""
    if looks < MANY:
        return ""
    return (
        f"Hold-outs drawn by this rule have been looked at {looks:,} times; the more often, the less the "
        "verdict means. Fresh data, or another salt of the split, starts anew."
    )


def _counted(before: Mapping[str, int], name: str) -> dict[str, int]:
    """One more for this name, which is now the last; the longest forgotten ones are left out."""
    others = {known: looks for known, looks in before.items() if known != name}
    kept = dict(list(others.items())[-(_KEPT - 1) :])
    return {**kept, name: before.get(name, 0) + 1}

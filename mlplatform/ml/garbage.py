"""Which stored versions nothing needs: decided from what lies in the store and what is needed, purely."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from mlplatform.ml.steps import PER_BATCH, RELEASE_ASSETS

TEMPORARY = ".tmp-"
DAMAGED = ".damaged-"

LEFTOVER = "left over by a process that was killed"
SET_ASIDE = "set aside as damaged"
NOT_COUNTED = "its batch was withdrawn, and no model that is kept was made from it"
REPLACED = "not the latest version, and no model that is kept was made from it"
NEVER_NAMED = "no event names these bytes"


@dataclass(frozen=True)
class Stored:
    """One thing in a store: a version's file or folder, or what a process left behind.

    `path` is below the store's root. `bytes` is the size with all that is in it, `time` (seconds since the
    epoch) when it was written or, of a damaged one, set aside.
    """

    path: str
    asset: str
    batch: str | None
    name: str
    bytes: int
    time: float


@dataclass(frozen=True)
class Garbage:
    """Something stored that may go, and why."""

    stored: Stored
    why: str


def garbage(
    stored: Iterable[Stored], needed: Collection[str], batches: Collection[str], before: float
) -> list[Garbage]:
    """What of a use case's snapshots may go: not needed, and written `before` (seconds since the epoch).

    `needed` are paths, `batches` those that count. Something younger may belong to a run that has not
    recorded it yet. Approvals and deployments stay for ever.
    """
    return [
        Garbage(one, _why(one, batches))
        for one in stored
        if one.time < before and one.path not in needed and not _is_testimony(one)
    ]


def landed_garbage(stored: Iterable[Stored], named: Collection[str], before: float) -> list[Garbage]:
    """What of the landed files may go: only what no event names. `named` are hashes."""
    return [
        Garbage(one, LEFTOVER if one.name.startswith(TEMPORARY) else NEVER_NAMED)
        for one in stored
        if one.time < before and one.name not in named
    ]


def _is_testimony(one: Stored) -> bool:
    """Who approved what, and what was live when: small, and asked for long after the model is gone."""
    return one.asset in RELEASE_ASSETS and not one.name.startswith(TEMPORARY)


def _why(one: Stored, batches: Collection[str]) -> str:
    if one.name.startswith(TEMPORARY):
        return LEFTOVER
    if DAMAGED in one.name:
        return SET_ASIDE
    return NOT_COUNTED if one.asset in PER_BATCH and one.batch not in batches else REPLACED

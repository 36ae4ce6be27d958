"""What must stay in the stores: what counts now, and all that the models which matter were made from."""

from __future__ import annotations

from collections.abc import Collection
from contextlib import suppress
from typing import TYPE_CHECKING

import dagster as dg

from mlplatform.lineage.champions import CHAMPION_AFTER, CHAMPION_BEFORE
from mlplatform.lineage.deployments import version_before
from mlplatform.lineage.records import (
    Record,
    by_storage_id,
    landed_batches,
    latest,
    latest_by_batch,
    latest_of,
    newest,
)
from mlplatform.lineage.walk import walk
from mlplatform.ml.errors import DamagedSnapshot, WrongUsage
from mlplatform.ml.steps import ASSETS, LANDED_FILE, PER_BATCH, PER_WINDOW
from mlplatform.ml.windows import UNKNOWN_MODEL, Window

if TYPE_CHECKING:
    from mlplatform.resources.snapshots import Snapshots

_SETS = ("training_set", "validation_set")


def needed(instance: dg.DagsterInstance, use_case: str, snapshots: Snapshots) -> set[str]:
    """Paths of the snapshots that must stay, as the records name them.

    Needed is the latest version of every asset of every batch that counts and of every window; every model
    that is approved (or waits for more approvals), live, gone back to by a rollback, champion, or was asked
    in a window; all that these were made from; and every verdict and card about any model that stays: an
    approval rests on what its approver read, which need not be what was said last.
    """
    roots = _latest(instance, use_case)
    spoken = _standing_approvals(instance, use_case)
    versions = _versions_that_matter(instance, use_case, [*roots, *spoken])
    for asset, version in (
        ("model", "version"),
        ("evaluation", "model_version"),
        ("model_card", "model_version"),
    ):
        roots += _newest_of(instance, use_case, asset, version, versions)
    walked = walk(instance, use_case, *roots, *spoken)
    models = {str(one.details["version"]) for one in walked if one.asset == "model"}
    paths = _told_of(instance, use_case, models)
    for record in walked:
        paths |= _stored_with(record)
        if record.asset in _SETS:
            paths |= _drawn_from(snapshots, record)
    return paths


def never_named(instance: dg.DagsterInstance, hashes: Collection[str]) -> set[str]:
    """Which of these hashes of landed bytes no event names, whatever the use case and however old."""
    unnamed = set(hashes)

    def all_named(one: Record) -> bool:
        unnamed.difference_update(_bytes_named_by(one))
        return not unnamed

    use_cases = [key.path[0] for key in instance.all_asset_keys() if key.path[-1] == LANDED_FILE]
    for use_case in use_cases:
        for one in latest_by_batch(instance, use_case, LANDED_FILE).values():
            unnamed -= _bytes_named_by(one)
    for use_case in use_cases:
        if unnamed:  # most often there is nothing left to look through the whole history for
            newest(instance, use_case, LANDED_FILE, all_named)
    return unnamed


def _bytes_named_by(landing: Record) -> set[str]:
    """The batch's own bytes, and those of the file that it is a part of."""
    whole = landing.details.get("from", {}).get("sha256")
    return {landing.sha256, *([whole] if whole else [])}


def _latest(instance: dg.DagsterInstance, use_case: str) -> list[Record]:
    """The latest version of everything: of the batches that count, and of all windows."""
    batches = landed_batches(instance, use_case)
    found: list[Record] = []
    for asset in (*ASSETS, "endpoint", *sorted(PER_WINDOW)):  # the latest approval may be a rejection
        found += latest_of(instance, use_case, asset, batches if asset in PER_BATCH else None)
    return found


def _standing_approvals(instance: dg.DagsterInstance, use_case: str) -> list[Record]:
    """The last word about every version, where it is not a rejection."""
    last: dict[str, Record] = {}

    def never(one: Record) -> bool:
        last.setdefault(str(one.details["model_version"]), one)
        return False

    newest(instance, use_case, "approval", never)
    return [one for one in last.values() if one.details["outcome"] != "rejected"]


def _versions_that_matter(
    instance: dg.DagsterInstance, use_case: str, records: Collection[Record]
) -> set[str]:
    """Model versions that are latest, approved, live, gone back to by a rollback, champion, or were asked."""
    versions = {str(one.details["model_version"]) for one in records if "model_version" in one.details}
    versions |= {str(one.details["version"]) for one in records if one.asset == "model"}
    versions |= {Window.named(str(one.batch)).model_version for one in records if one.asset in PER_WINDOW}
    versions.discard(UNKNOWN_MODEL)
    with suppress(WrongUsage):  # nothing is live, or there is nothing to go back to
        versions.add(version_before(instance, use_case))
    judged = latest(instance, use_case, "evaluation")
    champions = [judged.details[name] for name in (CHAMPION_AFTER, CHAMPION_BEFORE)] if judged else []
    ids = {one for one in champions if one is not None}
    return versions | {str(one.details["version"]) for one in by_storage_id(instance, use_case, "model", ids)}


def _newest_of(
    instance: dg.DagsterInstance, use_case: str, asset: str, name: str, versions: Collection[str]
) -> list[Record]:
    """The newest record about each of these model versions; `name` is the detail that holds the version."""
    found: dict[str, Record] = {}

    def all_found(one: Record) -> bool:
        if one.details[name] in versions:
            found.setdefault(str(one.details[name]), one)
        return len(found) == len(versions)

    newest(instance, use_case, asset, all_found)
    return list(found.values())


def _told_of(instance: dg.DagsterInstance, use_case: str, versions: Collection[str]) -> set[str]:
    """Paths of every evaluation and card about these model versions, with their pictures.

    Paths and not records: the events hold pictures too, and a long history of them is large.
    """
    paths: set[str] = set()

    def never(one: Record) -> bool:
        if one.details.get("model_version") in versions:
            paths.update(_stored_with(one))
        return False

    for asset in ("evaluation", "model_card"):
        newest(instance, use_case, asset, never)
    return paths


def _stored_with(record: Record) -> set[str]:
    """A version's own path and those of its pictures."""
    return {record.path, *record.details.get("pictures", {}).values()}


def _drawn_from(snapshots: Snapshots, record: Record) -> set[str]:
    """What a stored set names: for the same features it may be an earlier validated snapshot than theirs."""
    with suppress(DamagedSnapshot, KeyError, TypeError):  # a damaged one names nothing that can be used
        parts = snapshots.read_json(record.path)["parts"]
        return {str(part[name]) for part in parts for name in ("path", "validated")}
    return set()

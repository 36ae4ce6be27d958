"""Taking batches out, and what each had reached that is out of date without it."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from mlplatform.lineage.deployments import live
from mlplatform.lineage.records import Record, latest, newest
from mlplatform.lineage.walk import walk
from mlplatform.lineage.withdrawals import counted, withdraw
from mlplatform.ml.errors import DamagedSnapshot
from mlplatform.ml.steps import LANDED_FILE
from mlplatform.resources.home import current_user

if TYPE_CHECKING:
    from dagster import DagsterInstance

    from mlplatform.resources.snapshots import Snapshots

Reached = list[dict[str, Any]]
_SETS = ("training_set", "validation_set")


def taken_out(
    instance: DagsterInstance, use_case: str, snapshots: Snapshots, batches: Sequence[str], reason: str
) -> list[dict[str, Any]]:
    """Take these batches out: for each, `withdrawn` (batch, sha256, file, by, reason) and what it `reached`.

    WrongUsage, before any is taken out, where one of them does not count.
    """
    for batch in batches:
        counted(instance, use_case, batch)
    reached = [reached_by(instance, use_case, snapshots, batch) for batch in batches]
    done = []
    for batch, of_batch in zip(batches, reached, strict=True):
        withdrawn = asdict(withdraw(instance, use_case, batch, by=current_user(), reason=reason))
        del withdrawn["time"]
        done.append({"withdrawn": withdrawn, "reached": of_batch})
    return done


def reached_by(instance: DagsterInstance, use_case: str, snapshots: Snapshots, batch: str) -> Reached:
    """The latest sets, model and verdict, and what is live, as far as rows of this batch are behind them.

    Each as asset, sha256, and `rows` (of a set) or `model_version`; `live` marks the model that answers now.
    """
    found: Reached = []
    rows = {}
    for asset in _SETS:
        record = latest(instance, use_case, asset)
        rows[asset] = _rows_of(snapshots, record, batch) if record else 0
        if record and rows[asset]:
            found.append({"asset": asset, "sha256": record.sha256, "rows": rows[asset]})
    now = live(instance, use_case)
    answering = str(now.details["model_version"]) if now else None
    versions = set()
    for record in (latest(instance, use_case, "model"), _model(instance, use_case, answering)):
        if record is None or record.details["version"] in versions:
            continue
        versions.add(version := str(record.details["version"]))
        if _is_behind(instance, use_case, snapshots, record, batch):
            found.append(
                {
                    "asset": "model",
                    "sha256": record.sha256,
                    "model_version": version,
                    "live": version == answering,
                }
            )
    verdict = latest(instance, use_case, "evaluation")
    judged = {one["model_version"] for one in found if one["asset"] == "model"}
    if verdict and (rows["validation_set"] or verdict.details["model_version"] in judged):
        version = str(verdict.details["model_version"])
        found.append({"asset": "evaluation", "sha256": verdict.sha256, "model_version": version})
    return found


def in_words(reached: Reached) -> list[str]:
    """One line for each."""
    lines = []
    for one in reached:
        if one["asset"] in _SETS:
            lines.append(f"{one['asset']}: {one['rows']:,} rows of it")
        else:
            is_live = ", which is live" if one.get("live") else ""
            lines.append(f"{one['asset']} {'of ' * (one['asset'] != 'model')}{one['model_version']}{is_live}")
    return lines


def _model(instance: DagsterInstance, use_case: str, version: str | None) -> Record | None:
    if version is None:
        return None
    return newest(instance, use_case, "model", lambda one: one.details["version"] == version)


def _is_behind(
    instance: DagsterInstance, use_case: str, snapshots: Snapshots, model: Record, batch: str
) -> bool:
    """Whether a model was trained on rows of the batch. A set that cannot be read counts as if it was."""
    walked = walk(instance, use_case, model)
    if not any(one.asset == LANDED_FILE and one.batch == batch for one in walked):
        return False
    training_set = next((one for one in walked if one.asset == "training_set"), None)
    return training_set is None or _rows_of(snapshots, training_set, batch) != 0


def _rows_of(snapshots: Snapshots, drawn: Record, batch: str) -> int:
    """How many rows of the batch a stored set has; -1 where the set cannot be read."""
    with suppress(DamagedSnapshot, ValueError, KeyError, TypeError):
        parts = snapshots.read_json(drawn.path)["parts"]
        return sum(int(part["rows"]) for part in parts if part["batch"] == batch)
    return -1

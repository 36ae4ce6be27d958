"""Taking batches out, and what each had reached that is out of date without it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from mlplatform.lineage.about import About
from mlplatform.lineage.impact import impact
from mlplatform.lineage.records import latest
from mlplatform.lineage.withdrawals import counted, withdraw
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
    graph = impact(instance, use_case, About(batch=batch), snapshots=snapshots).graph
    latest_of = {asset: latest(instance, use_case, asset) for asset in (*_SETS, "model", "evaluation")}
    ids = {f"{asset}:{record.storage_id}" for asset, record in latest_of.items() if record}
    found: Reached = []
    for asset in _SETS:
        record = latest_of[asset]
        if record and any(one.id in ids for one in graph.of(asset)):
            rows = record.details.get("rows_per_batch", {}).get(batch)
            found.append({"asset": asset, "sha256": record.sha256, "rows": rows})
    models = {one.facts["version"]: one for one in graph.of("model") if one.live or one.id in ids}
    found += [
        {"asset": "model", "sha256": one.sha256, "model_version": version, "live": bool(one.live)}
        for version, one in models.items()
    ]
    found += [
        {"asset": one.asset, "sha256": one.sha256, "model_version": one.facts["model_version"]}
        for one in graph.of("evaluation")
        if one.id in ids
    ]
    return found


def in_words(reached: Reached) -> list[str]:
    """One line for each."""
    lines = []
    for one in reached:
        if one["asset"] in _SETS:
            # early records do not say how many
            rows = "rows" if one["rows"] is None else f"{one['rows']:,} rows"
            lines.append(f"{one['asset']}: {rows} of it")
        else:
            is_live = ", which is live" if one.get("live") else ""
            lines.append(f"{one['asset']} {'of ' * (one['asset'] != 'model')}{one['model_version']}{is_live}")
    return lines

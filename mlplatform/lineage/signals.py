"""Signals and the decisions about them, read from and written to Dagster's event log.

A signal is a window whose check failed; the window is its name, so judging the same window again raises no
second one. A decision is a materialization of the external asset `decision`, in the window's partition.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from typing import Any

import dagster as dg
from dagster._core.storage.asset_check_execution_record import AssetCheckExecutionRecordStatus

from mlplatform.lineage.records import RECORD, Record, Version, by_storage_id, record_metadata
from mlplatform.ml.hashing import digest
from mlplatform.ml.response import Attempt, Decision, Signal

DECISION = "decision"
SIGNAL_TAG, REASON_TAG = "mlplatform/signal", "mlplatform/reason"
_AT_ONCE = 20


def signal_id(window: str) -> str:
    """Name of the signal that a window's drift is."""
    return f"drift:{window}"


def signal_of(drift: Record) -> Signal | None:
    """The signal that a version of `drift` is; None where the window has not drifted."""
    found = drift.details
    if not found["drifted"]:
        return None
    return Signal(
        id=signal_id(str(drift.batch)),
        window=str(drift.batch),
        model_version=str(found["model_version"]),
        feature=str(found["feature"]),
        value=float(found["max_psi"]),
        threshold=float(found["threshold"]),
        rows=int(found["rows"]),
    )


def open_signals(instance: dg.DagsterInstance, use_case: str) -> list[Signal]:
    """Signals without a decision, oldest first.

    They are decided in the order in which they were raised, so among the failed evaluations of the check,
    newest first, nothing is open behind a whole page of decided ones.
    """
    key = dg.AssetCheckKey(dg.AssetKey([use_case, "drift"]), "psi")
    failed = {AssetCheckExecutionRecordStatus.FAILED}
    waiting: dict[str, int] = {}
    cursor = None
    while True:
        page = instance.event_log_storage.get_asset_check_execution_history(
            key, limit=_AT_ONCE, cursor=cursor, status=failed
        )
        windows = {str(one.partition): one for one in reversed(page) if one.partition}
        decided = decisions_of(instance, use_case, windows)
        undecided = [window for window in windows if signal_id(window) not in decided]
        for window in undecided:  # the newest evaluation of a window was seen first
            evaluation = windows[window].evaluation
            target = evaluation.target_materialization_data if evaluation else None
            if target:
                waiting.setdefault(window, target.storage_id)
        if len(page) < _AT_ONCE or not undecided:
            break
        cursor = page[-1].id
    drifts = by_storage_id(instance, use_case, "drift", waiting.values())
    in_order = sorted(drifts, key=lambda drift: drift.storage_id)
    return [signal for signal in map(signal_of, in_order) if signal]


def decisions_of(
    instance: dg.DagsterInstance, use_case: str, windows: Collection[str]
) -> dict[str, Decision]:
    """The decisions about these windows' signals, by signal."""
    if not windows:
        return {}  # to Dagster, no names mean all
    which = dg.AssetRecordsFilter(
        asset_key=dg.AssetKey([use_case, DECISION]), asset_partitions=sorted(windows)
    )
    found, cursor = [], None
    while True:
        page = instance.fetch_materializations(which, limit=100, cursor=cursor)
        found += _decisions(page.records)
        if not page.has_more:
            return {one.signal: one for one in reversed(found)}  # the first one counts
        cursor = page.cursor


def latest_decisions(instance: dg.DagsterInstance, use_case: str, limit: int = 50) -> list[Decision]:
    """The last decisions, newest first."""
    which = dg.AssetRecordsFilter(asset_key=dg.AssetKey([use_case, DECISION]))
    return _decisions(instance.fetch_materializations(which, limit=limit).records)


def record(instance: dg.DagsterInstance, use_case: str, decision: Decision) -> None:
    """Write a decision down. Callers hold the lock of the decisions, so that there is one per signal."""
    document = {**vars(decision), "time": decision.time.isoformat()}
    instance.report_runless_asset_event(
        dg.AssetMaterialization(
            asset_key=dg.AssetKey([use_case, DECISION]),
            partition=decision.window,
            tags={"dagster/data_version": digest(document)},
            metadata={**document, **record_metadata(Version(digest(document)), details=document)},
        )
    )


def _decisions(events: Sequence[dg.EventLogRecord]) -> list[Decision]:
    found = []
    for event in events:
        materialization = event.asset_materialization
        if materialization is None or RECORD not in materialization.metadata:
            continue  # reported by hand in the UI
        document: Any = materialization.metadata[RECORD].value
        details = document["details"]
        found.append(Decision(**{**details, "time": datetime.fromisoformat(details["time"])}))
    return found


def attempts_of(instance: dg.DagsterInstance, tag: str, values: Collection[str]) -> dict[str, list[Attempt]]:
    """The runs that carry each of these values of a tag."""
    found: dict[str, list[Attempt]] = {value: [] for value in values}
    if values:
        for one in instance.get_run_records(dg.RunsFilter(tags={tag: sorted(values)})):
            found[one.dagster_run.tags[tag]].append(_attempt(one))
    return found


def _attempt(found: dg.RunRecord) -> Attempt:
    end = datetime.fromtimestamp(found.end_time, UTC) if found.end_time else None
    run = found.dagster_run
    if run.status is dg.DagsterRunStatus.FAILURE:
        # a run whose process died is about to be started again by Dagster itself
        return Attempt("unfinished" if run.is_complete_and_waiting_to_retry else "failed", end)
    return Attempt("ended" if run.is_finished else "unfinished", end)

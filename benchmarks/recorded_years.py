"""Years of a use case as records in an event log, for benchmarks: what runs would have written, without them.

Every day a batch of `ROWS` rows lands and becomes raw, validated, quarantine and features. Every week a model
is trained on the last 365 batches, judged and described; every second one is approved and goes live. Every
hour a window of traffic is captured and judged. Rows are stored only where a store is given.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import dagster as dg
import numpy as np
import pandas as pd
from dagster._core.events import DagsterEvent, StepMaterializationData
from dagster._core.storage.event_log.schema import SqlEventLogStorageTable

from mlplatform.lineage.records import Record, Stamp, Version, inputs_metadata, record_metadata
from mlplatform.ml.splits import EntitySplit
from mlplatform.resources.snapshots import Snapshots

NAME, ROWS, SET_BATCHES = "recorded", 2740, 365
DAY = 86_400.0
_FIRST = 1_600_000_000.0
_AT_ONCE = 2000
RULE = EntitySplit()


@dataclass
class Years:
    """What was recorded: batches, model versions and moments to ask about."""

    batches: list[str] = field(default_factory=list)
    versions: list[str] = field(default_factory=list)
    times: tuple[float, float] = (0.0, 0.0)
    events: int = 0


class Recorder:
    """Writes records with explicit ids, many in one statement."""

    def __init__(self, instance: dg.DagsterInstance, snapshots: Snapshots | None) -> None:
        self.instance, self.snapshots = instance, snapshots
        self.years, self.time = Years(), _FIRST
        self._waiting: list[dict[str, Any]] = []
        self._last: dict[str, tuple[int, Any]] = {}
        self._features: list[Record] = []
        self._quarantines: list[Record] = []
        self._live: Record | None = None
        self._champion: Record | None = None

    def record(self, asset: str, inputs: list[Record], batch: str | None = None, **said: Any) -> Record:
        """One event."""
        self.years.events += 1
        id_, details = self.years.events, said.pop("details", {})
        sha256 = hashlib.sha256(f"{asset} {id_}".encode()).hexdigest()
        version = Version(sha256, said.pop("path", f"{NAME}/{asset}/{sha256}"), said.pop("rows", None))
        stamp = Stamp(sha256, hashlib.sha256(asset.encode()).hexdigest(), sha256)
        metadata = {
            **record_metadata(version, stamp=stamp, seconds=0.1, details=details),
            **inputs_metadata(inputs),
        }
        made = dg.AssetMaterialization(
            dg.AssetKey([NAME, asset]), partition=batch, metadata={**metadata, **said}
        )
        event = DagsterEvent(
            "ASSET_MATERIALIZATION", "job", event_specific_data=StepMaterializationData(made, [])
        )
        entry = dg.EventLogEntry(None, 20, "", f"run-{id_}", self.time, job_name="job", dagster_event=event)
        self._waiting.append({"id": id_, **self.instance.event_log_storage._event_to_row(entry)})
        self._last[asset] = (id_, entry)
        if len(self._waiting) >= _AT_ONCE:
            self.flush()
        return Record(
            asset,
            batch,
            sha256,
            id_,
            entry.run_id,
            self.time,
            version.path,
            rows=version.rows,
            details=details,
        )

    def flush(self) -> None:
        """Write what waits, and tell Dagster the last event of each asset."""
        storage: Any = self.instance.event_log_storage
        with storage.index_transaction() as connection:
            if self._waiting:
                connection.execute(SqlEventLogStorageTable.insert(), self._waiting)
            for id_, entry in self._last.values():
                storage._store_asset_event(connection, entry, id_)
        self._waiting, self._last = [], {}

    def day(self) -> None:
        """A batch lands; once a week a model is made of the last ones."""
        number = len(self.years.batches)
        batch = f"day{number:05}"
        self.years.batches.append(batch)
        self.time += DAY
        landed = self.record("landed_file", [], batch, details={"file": f"{batch}.csv"})
        raw = self.record("raw", [landed], batch, rows=ROWS, details={"file": f"{batch}.csv"})
        counts = {"rows_in": ROWS, "validated": ROWS, "quarantined": 0}
        paths = self._stored(batch, number)
        validated = self.record("validated", [raw], batch, rows=ROWS, details=counts, path=paths[0])
        aside = {**counts, "rows_per_rule": {}}
        self._quarantines.append(
            self.record("quarantine", [raw], batch, rows=0, details=aside, path=paths[1])
        )
        made = {"validated": validated.path}
        self._features.append(
            self.record("features", [validated], batch, rows=ROWS, details=made, path=paths[2])
        )

    def retraining(self) -> None:
        """Sets of the last batches, a model, its verdict and card; every second one goes live."""
        features = self._features[-SET_BATCHES:]
        sets = [self._set(features, side) for side in ("training_set", "validation_set")]
        version = hashlib.sha256(f"model {self.years.events}".encode()).hexdigest()[:12]
        environment = {"python": "3.11.7", "libraries": {"numpy": "2"}, "sha256": "0" * 64}
        named = {"version": version, "artifact_sha256": version, "code_sha256": version, "trained_by": "anna"}
        shown = {"hyperparameters": {"max_iter": 10}, "environment": environment}
        model = self.record("model", [sets[0]], details=named, **shown)
        judged = [model, *([self._champion] if self._champion else []), sets[1]]
        metric = {"name": "roc_auc", "value": 0.8, "low": 0.79, "high": 0.81}
        verdict = {"model_version": version, "verdict": "PROMOTE", "reason": "better", "metric": metric}
        evaluation = self.record("evaluation", judged, details={**verdict, "validation_rows": sets[1].rows})
        about = {"model_version": version}
        self.record(
            "model_card", [evaluation, model, *sets, *self._quarantines[-SET_BATCHES:]], details=about
        )
        self._champion = model
        self.years.versions.append(version)
        if len(self.years.versions) % 2:
            self._release(version, [model, evaluation, *sets])

    def _release(self, version: str, evidence: list[Record]) -> None:
        said = [{"approver": "ben", "reason": "seen", "approves": True}]
        approved = {"model_version": version, "outcome": "approved", "statements": said, "evidence": "0" * 64}
        approval = self.record("approval", evidence, details=approved)
        before = self._live.details["model_version"] if self._live else None
        deployed = {"model_version": version, "action": "deployed", "before": before, "since": self.time}
        self._live = self.record("endpoint", [approval, evidence[0]], details=deployed)

    def hour(self, number: int) -> None:
        """A window of traffic."""
        if self._live is None:
            return
        version = self._live.details["model_version"]
        window = f"{len(self.years.batches):05}T{number:02}_{version}"
        details = {"model_version": version, "span": window[:8], "files": {}, "exchanges": 100}
        captured = self.record("captured", [self._live], window, rows=500, details=details)
        self.record("drift", [captured], window, details={"model_version": version, "drifted": False})

    def _set(self, features: list[Record], asset: str) -> Record:
        share = RULE.validation_share if asset == "validation_set" else 1 - RULE.validation_share
        per_batch = {str(one.batch): round(ROWS * share) for one in features}
        details = {
            "rows_per_class": {},
            "batches": len(features),
            "rows_per_batch": per_batch,
            "entity": "entity",
        }
        rule = RULE.model_dump(mode="json")
        return self.record(asset, features, rows=sum(per_batch.values()), details=details, rule=rule)

    def _stored(self, batch: str, number: int) -> tuple[str, str, str]:
        """Paths of validated, quarantine and features; with rows behind them where there is a store."""
        if self.snapshots is None:
            return f"{NAME}/validated/{batch}", f"{NAME}/quarantine/{batch}", f"{NAME}/features/{batch}"
        entity = np.arange(number * ROWS, (number + 1) * ROWS)
        rows = pd.DataFrame({"row_id": [f"{batch}:{one:09}" for one in range(1, ROWS + 1)], "entity": entity})
        random = np.random.default_rng(number)
        for column in range(2):
            rows[f"x{column}"] = random.normal(size=ROWS)
        aside = pd.DataFrame({"row_id": pd.Series(dtype=str), "landed": pd.Series(dtype=str)})
        write = self.snapshots.write_table
        tables = (("validated", rows), ("quarantine", aside), ("features", rows))
        return tuple(write(NAME, asset, batch, table).path for asset, table in tables)  # type: ignore[return-value]


def record_years(instance: dg.DagsterInstance, events: int, snapshots: Snapshots | None = None) -> Years:
    """At least so many events; a year of batches comes first, so that every set has the same size."""
    recorder = Recorder(instance, snapshots)
    for _ in range(SET_BATCHES):
        recorder.day()
    recorder.retraining()
    start = recorder.time
    for number in _until(recorder, events):
        recorder.day()
        for hour in range(24):
            recorder.hour(hour)
        if number % 7 == 6:
            recorder.retraining()
    recorder.flush()
    recorder.years.times = (start, recorder.time)
    return recorder.years


def _until(recorder: Recorder, events: int) -> Iterator[int]:
    number = 0
    while recorder.years.events < events:
        yield number
        number += 1


def stored_in(home: Path) -> Snapshots:
    """Where the rows of a home lie."""
    return Snapshots(root=str(home / "snapshots"))

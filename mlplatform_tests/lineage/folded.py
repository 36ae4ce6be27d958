"""Lineage by brute force: the raw event log, read from one end to the other and folded in plain loops.

What tests hold answers against. It shares no code with the questions, their index or the records' reader.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import dagster as dg

Id = int


@dataclass(frozen=True)
class Event:
    """One materialization as it stands in the log."""

    id: Id
    asset: str
    batch: str | None
    time: float
    run_id: str
    record: dict[str, Any]
    inputs: list[dict[str, Any]]

    @property
    def version(self) -> str | None:
        details = self.record["details"]
        return details.get("version") if self.asset == "model" else details.get("model_version")


class Fold:
    """All events of a use case, and what follows from them."""

    def __init__(self, instance: dg.DagsterInstance, use_case: str, snapshots: Path) -> None:
        self.snapshots, self._rows = snapshots, dict[str, dict[str, int]]()
        self.events: dict[Id, Event] = {}
        for key in instance.all_asset_keys():
            if key.path[0] != use_case:
                continue
            for one in instance.fetch_materializations(key, limit=10_000).records:
                made = one.asset_materialization
                assert made is not None
                if "mlplatform/record" not in made.metadata:
                    continue
                record: Any = made.metadata["mlplatform/record"].value
                inputs: Any = made.metadata["mlplatform/inputs"].value
                self.events[one.storage_id] = Event(
                    one.storage_id,
                    key.path[1],
                    made.partition,
                    one.timestamp,
                    one.run_id,
                    record,
                    inputs,
                )

    def of(self, asset: str) -> list[Event]:
        return [self.events[id_] for id_ in sorted(self.events) if self.events[id_].asset == asset]

    def parents(self, event: Event) -> list[Id]:
        """What it was made from; of the models that a verdict reads, only the one that is judged."""
        ids = [one["storage_id"] for one in event.inputs]
        if event.asset == "evaluation":
            models = [one["storage_id"] for one in event.inputs if one["asset"] == "model"]
            ids = [one for one in ids if one not in models[1:] or one == models[0]]
        return ids

    def back(self, ids: Iterable[Id]) -> set[Id]:
        """These and everything behind them."""
        return _reached(ids, lambda one: self.parents(self.events[one]))

    def trace(self, version: str) -> set[Id]:
        """Everything behind a model and what was said and done about it; champions without their own past."""
        about = [one for one in self.events.values() if one.version == version]
        roots = [one.id for one in about if one.asset in ("evaluation", "model_card", "approval", "endpoint")]
        roots.append(max(one.id for one in about if one.asset == "model"))
        found = self.back(roots)
        rivals = {
            one["storage_id"]
            for id_ in found
            if self.events[id_].asset == "evaluation"
            for one in self.events[id_].inputs
        }
        return found | rivals

    @cached_property
    def children(self) -> dict[Id, list[Id]]:
        """What any rows of an event went into."""
        found: dict[Id, list[Id]] = {id_: [] for id_ in self.events}
        for one in self.events.values():
            for parent in self.parents(one):
                if self._went(self.events[parent], one):
                    found[parent].append(one.id)
        return found

    def forward(self, ids: Iterable[Id]) -> set[Id]:
        """These and everything that any of their rows went into."""
        return _reached(ids, lambda one: self.children[one])

    def _went(self, source: Event, target: Event) -> bool:
        if target.asset not in ("training_set", "validation_set"):
            return True
        return self.rows_in(target)[str(source.batch)] > 0

    def rows_in(self, drawn: Event) -> dict[str, int]:
        """Rows per batch of a set, from its stored manifest."""
        path = drawn.record["path"]
        if path not in self._rows:
            parts = json.loads((self.snapshots / path).read_text())["parts"]
            self._rows[path] = {part["batch"]: part["rows"] for part in parts}
        return self._rows[path]

    def live_at(self, time: float) -> str | None:
        """The version that answered; deployments that changed nothing have the time of the one before."""
        version = None
        for one in self.of("endpoint"):
            if one.record["details"]["since"] <= time:
                version = one.version
        return version

    def alive(self, reached: set[Id]) -> set[Id]:
        """Of what was reached, what leads to the deployment that counts now, or to its model."""
        if not self.of("endpoint"):
            return set()
        last = self.of("endpoint")[-1]
        roots = {one for one in reached if one == last.id or self._is_model(one, last.version)}
        return {one for one in reached if self.forward([one]) & roots}

    def _is_model(self, id_: Id, version: str | None) -> bool:
        return self.events[id_].asset == "model" and self.events[id_].version == version


def _reached(ids: Iterable[Id], step: Callable[[Id], list[Id]]) -> set[Id]:
    """These and all that steps lead to."""
    found: set[Id] = set()
    waiting = list(ids)
    while waiting:
        one = waiting.pop()
        if one not in found:
            found.add(one)
            waiting += step(one)
    return found

"""Which model answered when: the deployment history as periods, and what was live at a moment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import dagster as dg

from mlplatform.lineage.entries import SETS, Entry
from mlplatform.lineage.graph import Graph, shown_time
from mlplatform.lineage.index import Index, ask
from mlplatform.lineage.paths import behind, graph_of
from mlplatform.ml.errors import WrongUsage
from mlplatform.ml.moments import moment_named
from mlplatform.ml.steps import LANDED_FILE

ALREADY_LIVE = "already live"


@dataclass(frozen=True)
class Period:
    """A time in which one deployment answered. Seconds since 1970; `until` is None while it still does.

    `confirmed` are later deployments of the same version, which changed nothing.
    """

    deployment: Entry
    since: float
    until: float | None = None
    confirmed: tuple[Entry, ...] = ()

    @property
    def version(self) -> str:
        """The model that answered."""
        return str(self.deployment.version)


@dataclass(frozen=True)
class Live:
    """What answered at a moment, with all that it rested on; `period` is None where nothing did."""

    at: float
    period: Period | None
    graph: Graph

    def document(self) -> dict[str, Any]:
        """As JSON: `at`, `live` (None where nothing answered), then the graph's."""
        return {"at": shown_time(self.at), "live": self._said(), **self.graph.document()}

    def _said(self) -> dict[str, Any] | None:
        if self.period is None:
            return None
        one = self.period.deployment
        approval, sets = self.graph.of("approval"), {name: self.graph.of(name) for name in SETS}
        files = self.graph.of(LANDED_FILE)
        return {
            "endpoint": one.details.get("endpoint"),
            "model_version": self.period.version,
            "action": one.details["action"],
            "since": shown_time(self.period.since),
            "until": None if self.period.until is None else shown_time(self.period.until),
            "deployment": one.id,
            "approval": _approval(approval[-1].facts, approval[-1].time) if approval else None,
            **{
                name: _set(found[-1].facts, found[-1].sha256) if found else None
                for name, found in sets.items()
            },
            "landed_files": [
                {"batch": file.batch, "sha256": file.sha256, "file": file.facts.get("file")} for file in files
            ],
        }


def live(
    instance: dg.DagsterInstance, use_case: str, at: datetime | str, *, index: Path | None = None
) -> Live:
    """Which model, with which approval and data, answered at a moment; rollbacks count as they happened.

    A text is ISO 8601, UTC unless it names a zone; so is a datetime without one. `index` as for `trace`.
    WrongUsage for a moment that lies ahead.
    """
    moment = moment_named(at) if isinstance(at, str) else at if at.tzinfo else at.replace(tzinfo=UTC)
    now = datetime.now(UTC)
    if moment > now:
        raise WrongUsage(
            f"{moment.isoformat()} lies ahead, it is {now.isoformat(timespec='seconds')}. "
            "Times without a zone are UTC."
        )

    def question(found: Index) -> Live:
        periods = periods_of(found)
        answered = period_at(periods, moment.timestamp())
        subject: dict[str, Any] = {"use_case": use_case, "kind": "moment", "at": moment.isoformat()}
        subject["model_version"] = answered.version if answered else None
        behind_it = behind(found, [answered.deployment]) if answered else {}
        return Live(moment.timestamp(), answered, graph_of(subject, behind_it))

    return ask(instance, use_case, question, index)


def periods_of(index: Index) -> list[Period]:
    """The deployment history, oldest first."""
    deployments: list[tuple[Entry, list[Entry]]] = []
    for one in index.of_asset("endpoint"):
        if deployments and one.details["action"] == ALREADY_LIVE:
            deployments[-1][1].append(one)
        else:
            deployments.append((one, []))
    ends = [one.since for one, _ in deployments[1:]]
    return [
        Period(one, one.since, until, tuple(confirmed))
        for (one, confirmed), until in zip(deployments, [*ends, None], strict=False)
    ]


def period_at(periods: Sequence[Period], at: float) -> Period | None:
    """The period that a moment (seconds since 1970) lies in; None before the first."""
    return next((one for one in reversed(periods) if one.since <= at), None)


def _approval(facts: Mapping[str, Any], time: str) -> dict[str, Any]:
    return {**{name: facts[name] for name in ("outcome", "evidence", "statements")}, "time": time}


def _set(facts: Mapping[str, Any], sha256: str) -> dict[str, Any]:
    return {"sha256": sha256, "rows": facts.get("rows"), "batches": facts.get("batches")}

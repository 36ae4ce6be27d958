"""The state of a use case from its records, as `run` and `status` report it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from mlplatform.cli.world import Records
from mlplatform.ml.steps import ASSETS, LANDED_FILE

if TYPE_CHECKING:
    from dagster import DagsterInstance

    from mlplatform.cli.job_runs import Executed
    from mlplatform.lineage.records import Record


@dataclass(frozen=True)
class Refused:
    """What is not in use, and why: batches by name, and the training as a whole."""

    batches: Mapping[str, str] = field(default_factory=dict)
    training: str | None = None


def refused_now(instance: DagsterInstance, use_case: str, records: Records) -> Refused:
    """What the blocking checks said about batches that wait, and about the sets."""
    from mlplatform.lineage.refusals import refusals, training_refused

    drawn = records.get(("training_set", None))
    return Refused(
        refusals(instance, use_case, waiting_batches(records)),
        training_refused(instance, use_case, drawn.time if drawn else 0.0),
    )


def run_summary(use_case: str, done: Executed, records: Records, refused: Refused) -> dict[str, Any]:
    """What `run --json` prints."""
    ran = {asset for asset, _ in done.ran}
    return {
        "use_case": use_case,
        "run_ids": done.run_ids,
        "ran": [f"{use_case}/{asset}" for asset in ASSETS if asset in ran],
        "skipped": [f"{use_case}/{asset}" for asset in ASSETS if asset not in ran],
        "failed": [
            {"step": f.step, "batch": f.batch, "error": f.message, "run_id": f.run_id} for f in done.failures
        ],
        **state(records, refused),
    }


def waiting_batches(records: Records) -> set[str]:
    """Batches whose landed bytes have not become validated rows: not run yet, or refused."""

    def reached(asset: str, before: str, batch: str | None) -> bool:
        made, read = records.get((asset, batch)), records.get((before, batch))
        return made is not None and read is not None and read.as_input() in made.read_inputs()

    landed = [batch for asset, batch in records if asset == LANDED_FILE]
    return {
        str(one) for one in landed
        if not (reached("raw", LANDED_FILE, one) and reached("validated", "raw", one))
    }  # fmt: skip


def state(records: Records, refused: Refused) -> dict[str, Any]:
    """Batches, model and verdict as last recorded; the part that `run` and `status` share."""
    model, evaluation = records.get(("model", None)), records.get(("evaluation", None))
    judged = (
        evaluation is not None and model is not None and evaluation.details["model_sha256"] == model.sha256
    )
    return {
        "batches": [
            {**_batch(records, str(batch)), "refused": refused.batches.get(str(batch))}
            for asset, batch in sorted(records, key=str)
            if asset == LANDED_FILE
        ],
        "training_refused": refused.training,
        "model_version": model.details["version"] if model else None,
        "metric": dict(evaluation.details["metric"]) if evaluation and judged else None,
        "verdict": evaluation.details["verdict"] if evaluation and judged else None,
        "reason": evaluation.details["reason"] if evaluation and judged else None,
        "looks": evaluation.details.get("looks") if evaluation and judged else None,
        "model_card": _path_of_card(records),
        "approval": _approval(records.get(("approval", None))),
        "endpoint": live_endpoint(records.get(("endpoint", None))),
    }


def live_endpoint(endpoint: Record | None) -> dict[str, Any] | None:
    """What is live; None while nothing was deployed."""
    if endpoint is None:
        return None
    keys = ("endpoint", "model_version", "action", "before", "deployment", "running_servers")
    since = datetime.fromtimestamp(endpoint.details["since"], UTC).isoformat(timespec="seconds")
    url = endpoint.details.get("url")  # records of earlier versions have none
    return {**{key: endpoint.details[key] for key in keys}, "url": url, "since": since}


def _approval(approval: Record | None) -> dict[str, Any] | None:
    """The last thing that people decided, about whatever version."""
    if approval is None:
        return None
    keys = ("model_version", "outcome", "statements", "evidence")
    return {**{key: approval.details[key] for key in keys}, "time": _time(approval)}


def _time(record: Record) -> str:
    return datetime.fromtimestamp(record.time, UTC).isoformat(timespec="seconds")


def _path_of_card(records: Records) -> str | None:
    card = records.get(("model_card", None))
    return str(card.metadata["page"].value) if card else None


def _batch(records: Records, batch: str) -> dict[str, Any]:
    """Row counts of a batch; None while it has not been validated."""
    quarantine, landed = records.get(("quarantine", batch)), records[(LANDED_FILE, batch)]
    counts = quarantine.details if quarantine else {}
    raw = records.get(("raw", batch))
    return {
        "batch": batch,
        "file": landed.details["file"],
        "rows_in": counts.get("rows_in", raw.rows if raw else None),
        "validated": counts.get("validated"),
        "quarantined": counts.get("quarantined"),
        "rows_per_rule": dict(counts.get("rows_per_rule", {})),
    }


def timings(records: Records) -> list[dict[str, Any]]:
    """Per asset: how often it is there, the seconds its latest versions took, and when the last was made."""
    lines = []
    for asset in ASSETS:
        found = [record for (name, _), record in records.items() if name == asset]
        if found:
            newest = max(found, key=lambda record: record.time)
            seconds = [record.seconds or 0.0 for record in found]
            lines.append(
                {
                    "asset": asset,
                    "versions": len(found),
                    "seconds": round(newest.seconds or 0.0, 3),
                    "seconds_total": round(sum(seconds), 3),
                    "time": _time(newest),
                    "sha256": newest.sha256,
                    "run_id": newest.run_id,
                }
            )
    return lines

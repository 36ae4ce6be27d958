"""The state of a use case, as `run` and `status` report it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from mlplatform.cli.output import columns
from mlplatform.cli.world import latest_records
from mlplatform.ml.planning import Address
from mlplatform.ml.steps import ASSETS, LANDED_FILE

if TYPE_CHECKING:
    from mlplatform.cli.execution import Executed
    from mlplatform.cli.location import Location
    from mlplatform.lineage.records import Record
    from mlplatform.ml.declaration import Declaration

_RULES_SHOWN = 5


def run_summary(location: Location, declaration: Declaration, done: Executed) -> dict[str, Any]:
    """What `run --json` prints."""
    name = declaration.name
    ran = {asset for asset, _ in done.ran}
    return {
        "use_case": name,
        "run_ids": done.run_ids,
        "ran": [f"{name}/{asset}" for asset in ASSETS if asset in ran],
        "skipped": [f"{name}/{asset}" for asset in ASSETS if asset not in ran],
        "failed": [
            {"step": f.step, "batch": f.batch, "error": f.message, "run_id": f.run_id} for f in done.failures
        ],
        **state(latest_records(location.instance, name)),
    }


def state(records: Mapping[Address, Record]) -> dict[str, Any]:
    """Batches, model and verdict as last recorded; the part that `run` and `status` share."""
    model, evaluation = records.get(("model", None)), records.get(("evaluation", None))
    judged = evaluation is not None and model is not None and evaluation.details["model_sha256"] == model.sha256
    return {
        "batches": [_batch(records, str(batch)) for asset, batch in sorted(records, key=str) if asset == LANDED_FILE],
        "model_version": model.details["version"] if model else None,
        "metric": dict(evaluation.details["metric"]) if evaluation and judged else None,
        "verdict": evaluation.details["verdict"] if evaluation and judged else None,
        "reason": evaluation.details["reason"] if evaluation and judged else None,
        "approval": None,
        "endpoint": None,
    }


def _batch(records: Mapping[Address, Record], batch: str) -> dict[str, Any]:
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


def timings(records: Mapping[Address, Record]) -> list[dict[str, Any]]:
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
                    "time": datetime.fromtimestamp(newest.time, UTC).isoformat(timespec="seconds"),
                    "sha256": newest.sha256,
                    "run_id": newest.run_id,
                }
            )
    return lines


def summary_text(summary: Mapping[str, Any]) -> list[str]:
    """A summary for a person."""
    lines = []
    if "ran" in summary:
        ran = ", ".join(key.rpartition("/")[2] for key in summary["ran"])
        nothing = "Nothing was made." if summary["failed"] else "Nothing to run: everything is up to date."
        lines.append(f"Ran: {ran}." if ran else nothing)
    lines += batch_lines(summary["batches"])
    if summary["model_version"]:
        lines.append(f"Model {summary['model_version']}")
    if summary["metric"]:
        metric = summary["metric"]
        interval = f"{metric['low']:.4f} to {metric['high']:.4f}"
        lines.append(f"  {metric['name']} {metric['value']:.4f} on the validation set (95 % interval {interval})")
        lines.append(f"  {summary['verdict']}: {summary['reason']}")
    return lines


def batch_lines(batches: list[dict[str, Any]]) -> list[str]:
    """One line per batch, and why rows were set aside."""
    if not batches:
        return ["No batches yet."]

    def number(value: int | None) -> str:
        return "-" if value is None else f"{value:,}"

    header = ("batch", "rows in", "validated", "quarantined")
    body = [(b["batch"], *(number(b[k]) for k in ("rows_in", "validated", "quarantined"))) for b in batches]
    lines = columns([header, *body])
    rules: dict[str, int] = {}
    for batch in batches:
        for rule, rows in batch["rows_per_rule"].items():
            rules[rule] = rules.get(rule, 0) + rows
    if rules:
        lines.append("Quarantined because of:")
        most = sorted(rules.items(), key=lambda pair: -pair[1])
        lines += columns((f"{rows:,}", rule[:90]) for rule, rows in most[:_RULES_SHOWN])
        if len(most) > _RULES_SHOWN:
            lines.append(f"  and {len(most) - _RULES_SHOWN} more rules")
    return lines

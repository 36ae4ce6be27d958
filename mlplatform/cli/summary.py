"""A use case's state in words. Knows nothing of Dagster, so that a report of no news comes at once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mlplatform.cli.output import columns
from mlplatform.ml.looks import warning

_RULES_SHOWN = 5
_BATCHES_SHOWN = 20
_COUNTS = ("rows_in", "validated", "quarantined")


def summary_text(summary: Mapping[str, Any]) -> list[str]:
    """A summary for a person."""
    lines = []
    if "ran" in summary:
        ran = ", ".join(key.rpartition("/")[2] for key in summary["ran"])
        nothing = "Nothing was made." if summary["failed"] else "Nothing to run: everything is up to date."
        lines.append(f"Ran: {ran}." if ran else nothing)
    lines += batch_lines(summary["batches"])
    return lines + model_lines(summary)


def model_lines(summary: Mapping[str, Any]) -> list[str]:
    """The model, its metric and the verdict; before it, why there is no later one."""
    lines = []
    if summary.get("training_refused"):
        lines.append(f"Training is refused: {summary['training_refused']}")
    if not summary["model_version"]:
        return lines
    lines.append(f"  model {summary['model_version']}")
    if summary["metric"]:
        metric = summary["metric"]
        interval = f"{metric['low']:.4f} to {metric['high']:.4f}"
        lines.append(
            f"  {metric['name']} {metric['value']:.4f} on the validation set (95 % interval {interval})"
        )
        lines.append(f"  {summary['verdict']}: {summary['reason']}")
        if warned := warning(summary.get("looks") or 0):
            lines.append(f"  {warned}")
    if summary["model_card"]:
        lines.append(f"  model card: {summary['model_card']}")
    return lines + release_lines(summary)


def release_lines(summary: Mapping[str, Any]) -> list[str]:
    """What was said about which model, and what is live."""
    lines = []
    if approval := summary["approval"]:
        against = [one for one in approval["statements"] if not one["approves"]]
        who = ", ".join(one["approver"] for one in against or approval["statements"])
        lines.append(f"  approval: model {approval['model_version']} {approval['outcome']} ({who})")
    spoken_of = approval["model_version"] if approval else None
    if summary["verdict"] == "PROMOTE" and spoken_of != summary["model_version"]:
        lines.append(f"  approval: nobody has spoken about model {summary['model_version']} yet")
    if live := summary["endpoint"]:
        lines.append(f"  live: model {live['model_version']} at {live['endpoint']} since {live['since']}")
    return lines


def batch_lines(batches: list[dict[str, Any]]) -> list[str]:
    """One line per batch, the last of many; why rows were set aside, and which batches are refused."""
    if not batches:
        return ["No batches yet."]

    def number(value: int | None) -> str:
        return "-" if value is None else f"{value:,}"

    def line(name: str, one: Mapping[str, Any]) -> tuple[str, ...]:
        return (name, *(number(one[key]) for key in _COUNTS))

    shown = batches if len(batches) <= _BATCHES_SHOWN else batches[-_BATCHES_SHOWN:]
    body = [line(one["batch"], one) for one in shown]
    if len(batches) > 1:
        used = [one for one in batches if one["validated"] is not None]
        total = {key: sum(one[key] or 0 for one in used) for key in _COUNTS}
        body.append(line(f"all {len(used):,} in use", total))
    lines = columns([("batch", "rows in", "validated", "quarantined"), *body])
    if len(shown) < len(batches):
        lines.append(f"  ({len(batches) - len(shown):,} earlier batches are not listed; --json lists all)")
    return lines + _rule_lines(batches) + _refused_lines(batches)


def _rule_lines(batches: list[dict[str, Any]]) -> list[str]:
    rules: dict[str, int] = {}
    for batch in batches:
        for rule, rows in batch["rows_per_rule"].items():
            rules[rule] = rules.get(rule, 0) + rows
    if not rules:
        return []
    most = sorted(rules.items(), key=lambda pair: -pair[1])
    lines = ["Quarantined because of:"]
    lines += columns((f"{rows:,}", rule[:90]) for rule, rows in most[:_RULES_SHOWN])
    if len(most) > _RULES_SHOWN:
        lines.append(f"  and {len(most) - _RULES_SHOWN} more rule(s)")
    return lines


def _refused_lines(batches: list[dict[str, Any]]) -> list[str]:
    refused = [one for one in batches if one["refused"]]
    lines = [f"  {one['batch']}: {one['refused']}" for one in refused[:_BATCHES_SHOWN]]
    return [f"Refused: {len(refused)} batch(es).", *lines] if refused else []

"""`mlplatform replay`: rows that were set aside are judged again, once contract or code are mended."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

import click

from mlplatform.cli.output import columns, json_option, report, report_json, show_progress, tell
from mlplatform.ml.errors import WrongUsage

if TYPE_CHECKING:
    from mlplatform.cli.job_runs import Executed
    from mlplatform.cli.world import Records
    from mlplatform.ml.planning import Decision


@click.command(
    help="Judge the quarantined rows of USE_CASE again, of one BATCH or of all that have any, and batches "
    "that were refused. A batch is judged as a whole, so it becomes what it would be had the contract "
    "been right from the start."
)
@click.argument("use_case")
@click.argument("batch", required=False)
@json_option
def command(use_case: str, batch: str | None, as_json: bool) -> int:
    """Replay batches."""
    from mlplatform.cli.execution import execute, refuse_no_batches
    from mlplatform.cli.job_runs import Executed, end_orphans
    from mlplatform.cli.location import open_location
    from mlplatform.cli.run import exit_code, tell_failures
    from mlplatform.cli.world import latest_records, world_of
    from mlplatform.ml.planning import plan

    location = open_location()
    declaration = location.use_case(use_case)
    show_progress()
    end_orphans(location.instance)
    before = latest_records(location.instance, declaration.name)
    refuse_no_batches(declaration, before)
    chosen = to_replay(before, batch)
    decisions = [one for one in plan(world_of(location, declaration, before)) if one.batch in chosen]
    done = execute(location, declaration, decisions, progress=tell) if chosen else Executed()
    after = latest_records(location.instance, declaration.name) if done.run_ids else before
    document = replayed(declaration.name, chosen, decisions, done, before, after)
    if as_json:
        report_json(document)
    else:
        for line in replay_text(document):
            report(line)
    tell_failures(done)
    return exit_code(done)


def to_replay(records: Records, batch: str | None) -> list[str]:
    """The batches that have quarantined rows, or have landed and were never validated; or the one named.

    WrongUsage for a batch that is not there, with the one that was probably meant.
    """
    landed = sorted(str(one) for asset, one in records if asset == "landed_file")
    if batch is not None and batch not in landed:
        near = get_close_matches(batch, landed, n=1)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        raise WrongUsage(f"there is no batch {batch!r}.{hint} `mlplatform status` lists them.")
    if batch is not None:
        return [batch]
    return [one for one in landed if _set_aside(records, one) or ("validated", one) not in records]


def replayed(
    use_case: str,
    chosen: list[str],
    decisions: list[Decision],
    done: Executed,
    before: Records,
    after: Records,
) -> dict[str, Any]:
    """What `replay --json` prints."""
    judged = {one.batch for one in decisions if one.runs and one.step in ("raw", "validated")}
    batches = []
    for batch in chosen:
        quarantine = after.get(("quarantine", batch))
        counts = dict(quarantine.details) if quarantine else {}
        batches.append(
            {
                "batch": batch,
                "rows_in": counts.get("rows_in"),
                "validated": counts.get("validated"),
                "quarantined_before": _set_aside(before, batch),
                "quarantined": counts.get("quarantined"),
                "rows_per_rule": dict(counts.get("rows_per_rule", {})),
                "judged_again": batch in judged and batch not in done.failed_batches,
            }
        )
    failed = [
        {"step": f.step, "batch": f.batch, "error": f.message, "run_id": f.run_id} for f in done.failures
    ]
    return {"use_case": use_case, "run_ids": done.run_ids, "batches": batches, "failed": failed}


def _set_aside(records: Records, batch: str) -> int | None:
    """Rows in quarantine; None for a batch that was never validated."""
    quarantine = records.get(("quarantine", batch))
    return int(quarantine.details["quarantined"]) if quarantine else None


def replay_text(document: dict[str, Any]) -> list[str]:
    """The same for a person."""
    use_case, batches = document["use_case"], document["batches"]
    if not batches:
        return [f"Nothing to replay: {use_case} has no quarantined row and no refused batch."]
    again = [one for one in batches if one["judged_again"]]
    lines = columns(
        [
            ("batch", "quarantined before", "now"),
            *(
                (one["batch"], _number(one["quarantined_before"]), _number(one["quarantined"]))
                for one in batches
            ),
        ]
    )
    unchanged = len(batches) - len(again) - len(document["failed"])
    if unchanged > 0:
        lines.append(
            f"{unchanged} batch(es) would come out the same: neither contract nor code has changed since. "
            "Mend contracts.py, or land a mended file under the batch's name (--batch)."
        )
    rules: dict[str, int] = {}
    for one in batches:
        for rule, rows in one["rows_per_rule"].items():
            rules[rule] = rules.get(rule, 0) + rows
    if rules:
        lines.append("Still in quarantine because of:")
        lines += columns(
            (f"{rows:,}", rule) for rule, rows in sorted(rules.items(), key=lambda pair: -pair[1])
        )
    if again:
        lines.append(f"Next: mlplatform run {use_case}")
    return lines


def _number(value: int | None) -> str:
    return "-" if value is None else f"{value:,}"

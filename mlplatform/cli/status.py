"""`mlplatform status`: what there is."""

from __future__ import annotations

from typing import Any

import click

from mlplatform.cli.output import columns, json_option, report, report_json

_DECISIONS = 10


@click.command(help="Batches, versions, timings per step and verdicts of USE_CASE, or of all use cases.")
@click.argument("use_case", required=False)
@json_option
def command(use_case: str | None, as_json: bool) -> int:
    """Report the state."""
    from mlplatform.cli.location import open_location
    from mlplatform.cli.monitor import decision_document
    from mlplatform.cli.state import refused_now, state, timings
    from mlplatform.cli.summary import summary_text
    from mlplatform.cli.world import latest_records
    from mlplatform.lineage.signals import latest_decisions

    location = open_location()
    names = [location.use_case(use_case).name] if use_case else sorted(location.declarations)
    reports: list[dict[str, Any]] = []
    for name in names:
        records = latest_records(location.instance, name)
        refused = refused_now(location.instance, name, records)
        shared = {"use_case": name, **state(records, refused), "timings": timings(records)}
        decided = latest_decisions(location.instance, name, limit=_DECISIONS)
        decisions = [decision_document(one) for one in decided]
        reports.append({**shared, "live": shared["endpoint"], "decisions": decisions})
    if as_json:
        report_json(reports[0] if use_case else {"use_cases": reports})
        return 0
    for one in reports:
        report(f"{one['use_case']}")
        for line in summary_text(one):
            report(line)
        for decision in one["decisions"]:
            report(f"{decision['time']}  {decision['signal']}: {decision['decision']}, {decision['why']}")
        if one["timings"]:
            report("Seconds per step (latest version):")
            for line in columns((t["asset"], f"{t['seconds']:.2f}", t["time"]) for t in one["timings"]):
                report(line)
    return 0

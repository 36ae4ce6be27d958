"""`mlplatform status`: what there is."""

from __future__ import annotations

from typing import Any

import click

from mlplatform.cli.output import columns, json_option, report, report_json


@click.command(help="Batches, versions, timings per step and verdicts of USE_CASE, or of all use cases.")
@click.argument("use_case", required=False)
@json_option
def command(use_case: str | None, as_json: bool) -> int:
    """Report the state."""
    from mlplatform.cli.location import open_location
    from mlplatform.cli.state import state, timings
    from mlplatform.cli.summary import summary_text
    from mlplatform.cli.world import latest_records

    location = open_location()
    names = [location.use_case(use_case).name] if use_case else sorted(location.declarations)
    reports: list[dict[str, Any]] = []
    for name in names:
        records = latest_records(location.instance, name)
        shared = {"use_case": name, **state(records)}
        reports.append({**shared, "timings": timings(records), "live": shared["endpoint"], "decisions": []})
    if as_json:
        report_json(reports[0] if use_case else {"use_cases": reports})
        return 0
    for one in reports:
        report(f"{one['use_case']}")
        for line in summary_text(one):
            report(line)
        if one["timings"]:
            report("Seconds per step (latest version):")
            for line in columns((t["asset"], f"{t['seconds']:.2f}", t["time"]) for t in one["timings"]):
                report(line)
    return 0

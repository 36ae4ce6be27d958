"""`mlplatform doctor`: what is configured, reachable and missing, for the chosen environment."""

from __future__ import annotations

import click

from mlplatform.cli.output import json_option, report, report_json, tell

_MARKS = {"ok": "ok     ", "missing": "MISSING", "unknown": "unknown"}


@click.command(
    help="Look at everything that the chosen environment needs, and name all that is missing in one pass. "
    "Ends with 1 where something is."
)
@json_option
def command(as_json: bool) -> int:
    """Examine and report."""
    from mlplatform.resources.doctor import examine

    findings = []
    for one in examine():
        findings.append(one)
        if as_json:
            continue
        report(f"{_MARKS[one.state]}  {one.subject}: {one.said}")
        if one.way_out and one.state != "ok":
            report(f"         {one.way_out}")
    lacking = sum(one.state == "missing" for one in findings)
    if as_json:
        report_json({"healthy": not lacking, "findings": [one.document() for one in findings]})
    elif lacking:
        tell(f"{lacking} missing.")
    return 1 if lacking else 0

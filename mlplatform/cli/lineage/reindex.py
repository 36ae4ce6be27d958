"""`mlplatform lineage reindex`: the index is made again from the records."""

from __future__ import annotations

import click

from mlplatform.cli.output import json_option, report, report_json, show_progress


@click.command(
    help="Make the lineage index again from Dagster's records. It is brought up to date by itself, so this "
    "is only needed after records were deleted in the middle (a run or some partitions, in the UI)."
)
@json_option
def command(as_json: bool) -> int:
    """Read everything again."""
    from mlplatform.cli.location import open_location
    from mlplatform.lineage import reindex

    show_progress()
    location = open_location()
    events = reindex(location.instance, sorted(location.declarations))
    if as_json:
        report_json({"events": events})
    else:
        report(f"The lineage index was made again from {events:,} events.")
    return 0

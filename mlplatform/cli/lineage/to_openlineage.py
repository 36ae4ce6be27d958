"""OpenLineage events, to a file or to stdout."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from mlplatform.cli.output import report, report_json, tell

if TYPE_CHECKING:
    from mlplatform.cli.location import Location


def export(location: Location, use_case: str, out: Path | None, as_json: bool) -> int:
    """Write them; with a file and `--json`, what was written is the report."""
    from mlplatform.lineage.exports.history import history
    from mlplatform.lineage.exports.openlineage import lines
    from mlplatform.resources.snapshots import whole_file

    written = lines(use_case, history(location.instance, use_case))
    if out is None:
        if as_json:
            raise click.UsageError("--json reports on a file, so it needs --out FILE.")
        for line in written:
            report(line)
        return 0
    count = 0
    with whole_file(out.absolute()) as temporary, temporary.open("w", encoding="utf-8") as file:
        for line in written:
            file.write(f"{line}\n")
            count += 1
    if as_json:
        report_json({"use_case": use_case, "to": "openlineage", "events": count, "file": str(out)})
    else:
        tell(f"{count:,} events in {out}")
    return 0

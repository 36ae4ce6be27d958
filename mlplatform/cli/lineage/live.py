"""`mlplatform lineage live`: which model answered at a moment."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from mlplatform.cli.output import json_option, report, report_json

if TYPE_CHECKING:
    from mlplatform.lineage import Live


@click.command(
    help="Show which model of USE_CASE answered at a moment, by whose approval and from which data. "
    "Rollbacks count as they happened."
)
@click.argument("use_case")
@click.option(
    "--at", "moment", required=True, metavar="TIME", help="ISO 8601; UTC unless it names a zone (+01:00)."
)
@json_option
def command(use_case: str, moment: str, as_json: bool) -> int:
    """Look back."""
    from mlplatform.cli.location import open_location
    from mlplatform.lineage import live

    location = open_location()
    name = location.use_case(use_case).name
    found = live(location.instance, name, moment)
    if as_json:
        report_json(found.document())
    else:
        for line in _in_words(found):
            report(line)
    return 0


def _in_words(found: Live) -> Iterator[str]:
    said = found.document()
    name, at, now = found.graph.subject["use_case"], said["at"], said["live"]
    if now is None:
        yield f"At {at} no model of {name} answered: none had been deployed."
        return
    until = f"until {now['until']}" if now["until"] else "and still does"
    yield f"At {at} model {now['model_version']} of {name} answered, since {now['since']} {until}."
    yield f"  {now['action']} by {now['deployment']}"
    if now["approval"]:
        yield f"  approved {now['approval']['time']}"
        for one in now["approval"]["statements"]:
            yield f"    {one['approver']}: {one['reason']}"
    for side in ("training_set", "validation_set"):
        if now[side]:
            rows, batches, sha256 = (now[side][one] for one in ("rows", "batches", "sha256"))
            yield f"  {side.replace('_', ' ')}: {rows:,} rows of {batches:,} batches, {sha256[:12]}"
    files = now["landed_files"]
    more = f"mlplatform lineage trace {name} --version {now['model_version']}"
    yield f"  from {len(files):,} landed files: {more}"

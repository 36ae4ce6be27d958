"""`mlplatform lineage impact`: what was reached, and what to do now."""

from __future__ import annotations

from pathlib import Path

import click

from mlplatform.cli.output import json_option, report, report_json


@click.command(
    help="Show what a batch of USE_CASE, a landed file, a row or all rows of an entity reached, what is "
    "behind the live model first, and say what to do if it was wrong."
)
@click.argument("use_case")
@click.option("--batch", metavar="NAME", help="A batch, whatever landed as it.")
@click.option("--file", type=click.Path(path_type=Path), help="A file, known by its bytes.")
@click.option("--row", metavar="ROW_ID", help="One row: its batch and number, such as june:17.")
@click.option("--entity", metavar="VALUE", help="All rows of an entity, whichever batch they came with.")
@json_option
def command(
    use_case: str,
    batch: str | None,
    file: Path | None,
    row: str | None,
    entity: str | None,
    as_json: bool,
) -> int:
    """Follow."""
    from mlplatform.cli.lineage.reached import in_words
    from mlplatform.cli.location import open_location
    from mlplatform.lineage import About, impact

    if sum(one is not None for one in (batch, file, row, entity)) != 1:
        raise click.UsageError("name one of --batch, --file, --row and --entity.")
    location = open_location()
    name = location.use_case(use_case).name
    about = About(batch, file, row, entity)
    found = impact(location.instance, name, about, snapshots=location.snapshots)
    if as_json:
        report_json(found.document())
    else:
        for line in in_words(found):
            report(line)
    return 0

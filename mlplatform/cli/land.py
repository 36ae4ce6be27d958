"""`mlplatform land`: files become batches."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from mlplatform.cli.output import columns, json_option, report, report_json


@click.command(help="Make each FILE a batch of USE_CASE. The same bytes again change nothing.")
@click.argument("use_case")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--batch", help="Name of the batch; by default the file's name without its ending.")
@json_option
def command(use_case: str, files: tuple[Path, ...], batch: str | None, as_json: bool) -> int:
    """Land files."""
    from mlplatform.cli.location import open_location
    from mlplatform.lineage.records import latest_by_batch
    from mlplatform.ml.naming import batch_name_of, checked_batch_name
    from mlplatform.ml.steps import LANDED_FILE
    from mlplatform.resources.landed_files import refuse_another_file, refuse_what_is_no_file

    if batch is not None and len(files) > 1:
        raise click.UsageError(f"--batch names one batch, but {len(files)} files are given.")
    names = [checked_batch_name(batch) if batch is not None else batch_name_of(file.name) for file in files]
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        raise click.UsageError(f"two files would become batch {min(twice)!r}; land them apart with --batch.")
    for file in files:  # before the first of them lands
        refuse_what_is_no_file(file)
    location = open_location()
    name = location.use_case(use_case).name
    if batch is None:
        before = latest_by_batch(location.instance, name, LANDED_FILE, names)
        for file, one in zip(files, names, strict=True):
            refuse_another_file(file, one, before.get(one))
    landed = [
        location.landed_files.land(location.instance, name, file, one)
        for file, one in zip(files, names, strict=True)
    ]
    if as_json:
        report_json({"use_case": name, "landed": [asdict(one) for one in landed]})
        return 0
    for line in columns((one.batch, one.change, f"{one.bytes:,} bytes", one.sha256[:12]) for one in landed):
        report(line)
    report(f"Next: mlplatform run {name}")
    return 0

"""`mlplatform lineage export`: the records for other programs."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

import click

from mlplatform.cli.output import json_option

EXPORTERS = {
    "openlineage": "mlplatform.cli.lineage.to_openlineage",
    "sagemaker": "mlplatform.cli.lineage.to_sagemaker",
}
"""Where to -> module with `export(location, use_case, out, as_json)`, which gives the exit code."""


@click.command(
    help="Write what is recorded of USE_CASE for another program: OpenLineage run events, one JSON object "
    "per line, or entities of SageMaker Lineage. Exporting again adds nothing."
)
@click.argument("use_case")
@click.option("--to", "target", required=True, type=click.Choice(sorted(EXPORTERS)), help="Which program.")
@click.option(
    "--out", type=click.Path(dir_okay=False, path_type=Path), help="File to write; without it, stdout."
)
@json_option
def command(use_case: str, target: str, out: Path | None, as_json: bool) -> int:
    """Export."""
    from mlplatform.cli.location import open_location

    location = open_location()
    name = location.use_case(use_case).name
    return int(import_module(EXPORTERS[target]).export(location, name, out, as_json))

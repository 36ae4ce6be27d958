"""`mlplatform deploy`: an approved model answers requests."""

from __future__ import annotations

import click

from mlplatform.cli.output import json_option


@click.command(help="Deploy VERSION of USE_CASE, or the version approved last. It must be approved.")
@click.argument("use_case")
@click.argument("version", required=False)
@json_option
def command(use_case: str, version: str | None, as_json: bool) -> int:
    """Deploy."""
    from mlplatform.cli.location import open_location
    from mlplatform.cli.release import release

    location = open_location()
    return release(location, location.use_case(use_case), version, as_json=as_json)

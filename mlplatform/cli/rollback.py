"""`mlplatform rollback`: the version that was live before answers again."""

from __future__ import annotations

import click

from mlplatform.cli.output import json_option


@click.command(help="Go back to the version of USE_CASE that was live before the one that is live now.")
@click.argument("use_case")
@json_option
def command(use_case: str, as_json: bool) -> int:
    """Roll back."""
    from mlplatform.cli.location import open_location
    from mlplatform.cli.release import release
    from mlplatform.lineage.deployments import version_before

    location = open_location()
    declaration = location.use_case(use_case)
    version = version_before(location.instance, declaration.name)
    return release(location, declaration, version, as_json=as_json)

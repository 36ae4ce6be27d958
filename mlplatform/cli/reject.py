"""`mlplatform reject`: a person says no to a model version."""

from __future__ import annotations

import click

from mlplatform.cli.output import json_option
from mlplatform.cli.statement import state


@click.command(help="Keep VERSION of USE_CASE from going live. What is live stays live.")
@click.argument("use_case")
@click.argument("version")
@click.option("--by", required=True, help="Who says so; a name that nobody checks.")
@click.option("--reason", required=True, help="Why, for whoever asks later.")
@json_option
def command(use_case: str, version: str, by: str, reason: str, as_json: bool) -> int:
    """Reject."""
    return state(use_case, version, by, reason, "reject", as_json=as_json)

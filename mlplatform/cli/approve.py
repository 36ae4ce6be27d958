"""`mlplatform approve`: a person says yes to a model version."""

from __future__ import annotations

import click

from mlplatform.cli.output import json_option
from mlplatform.cli.statement import state


@click.command(help="Let VERSION of USE_CASE go live, if its verdict is PROMOTE.")
@click.argument("use_case")
@click.argument("version")
@click.option("--by", required=True, help="Who says so; a name that nobody checks.")
@click.option("--reason", required=True, help="Why, for whoever asks later.")
@json_option
def command(use_case: str, version: str, by: str, reason: str, as_json: bool) -> int:
    """Approve."""
    return state(use_case, version, by, reason, "approve", as_json=as_json)

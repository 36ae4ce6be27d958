"""`mlplatform lineage reproduce`: whether a recorded model comes out again."""

from __future__ import annotations

import click

from mlplatform.cli.output import json_option, report, report_json, tell

_UNKNOWN, _DIFFERENT = 2, 3


@click.command(
    help="Make model VERSION of USE_CASE again from its landed files, in a scratch folder and a new process, "
    "and say whether the same comes out: identical, within_tolerance (other bytes, the same predictions) or "
    "different, and because of what. Ends with 3 where it is different."
)
@click.argument("use_case")
@click.argument("version")
@click.option(
    "--at-most",
    type=click.FloatRange(min=1),
    default=3600,
    show_default=True,
    metavar="SECONDS",
    help="Stop after this time.",
)
@json_option
def command(use_case: str, version: str, at_most: float, as_json: bool) -> int:
    """Reproduce."""
    from pathlib import Path
    from tempfile import TemporaryDirectory

    from mlplatform.cli.location import open_location
    from mlplatform.lineage.approvals import model_named
    from mlplatform.lineage.reproduction import reproduce
    from mlplatform.ml.errors import WrongUsage

    location = open_location()
    declaration = location.use_case(use_case)
    try:
        model_named(location.instance, declaration.name, version)
    except WrongUsage as error:
        tell(f"error: {error}")
        return _UNKNOWN
    tell(f"{declaration.name} model {version}, made again from its records:")
    with TemporaryDirectory(prefix="mlplatform-reproduce-") as scratch:
        found = reproduce(
            location.instance,
            declaration,
            version,
            location.snapshots,
            location.landed_files,
            Path(scratch),
            at_most=at_most,
        )
    if as_json:
        report_json(found.document())
    else:
        report(found.result.replace("_", " "))
        for reason in found.because:
            report(f"  {reason}")
    return _DIFFERENT if found.result == "different" else 0

"""Released models in SageMaker Lineage, tied to what the service knows of them."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import click

from mlplatform.cli.output import report, report_json, show_progress
from mlplatform.ml.errors import WrongUsage

if TYPE_CHECKING:
    from mlplatform.cli.location import Location
    from mlplatform.resources.aws.snapshots import S3Snapshots


def export(location: Location, use_case: str, out: Path | None, as_json: bool) -> int:
    """Make what is missing there; the report counts what was created and what was there."""
    if out is not None:
        raise click.UsageError("--to sagemaker writes no file: leave out --out.")
    environment = os.environ.get("MLPLATFORM_ENV", "local")
    if environment != "aws":
        raise WrongUsage(
            f"the {environment} environment has no SageMaker to export to: its files, models and endpoints "
            "have no URIs there. Export where the use case runs on AWS, with MLPLATFORM_ENV=aws."
        )
    from mlplatform.resources.aws.lineage.export import export as to_sagemaker

    show_progress()
    snapshots = cast("S3Snapshots", location.snapshots)
    document = to_sagemaker(location.instance, use_case, snapshots).document()
    if as_json:
        report_json({"use_case": use_case, "to": "sagemaker", **document})
    else:
        for line in _in_words(use_case, document):
            report(line)
    return 0


def _in_words(use_case: str, document: Mapping[str, Any]) -> Iterator[str]:
    yield f"The released models of {use_case} are in SageMaker Lineage."
    for kind, created in document["created"].items():
        yield f"  {kind:12} {created:6,} new, {document['existing'][kind]:6,} there before"
    for uri in document["absent"]:
        yield f"  no lineage of the service's own (yet): {uri}"

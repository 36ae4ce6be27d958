"""`mlplatform lineage trace`: everything behind a model, a prediction, or what is live."""

from __future__ import annotations

import click

from mlplatform.cli.output import json_option, report, report_json


@click.command(
    help="Show everything behind what USE_CASE answers with now (else behind its latest model), down to the "
    "files that landed: data, code, parameters, environment, verdicts, approvals, deployments."
)
@click.argument("use_case")
@click.option("--version", help="A model version instead.")
@click.option("--prediction", metavar="INFERENCE_ID", help="A prediction instead: its request and its model.")
@click.option("--all", "everything", is_flag=True, help="Every batch, however many there are.")
@json_option
def command(
    use_case: str, version: str | None, prediction: str | None, everything: bool, as_json: bool
) -> int:
    """Trace."""
    from mlplatform.cli.lineage.traced import traced
    from mlplatform.cli.location import open_location
    from mlplatform.lineage import Stores, trace

    if version is not None and prediction is not None:
        raise click.UsageError("--version and --prediction: choose one.")
    location = open_location()
    name = location.use_case(use_case).name
    stores = Stores(location.snapshots, location.captured_traffic)
    graph = trace(location.instance, name, version=version, prediction=prediction, stores=stores)
    if as_json:
        report_json(graph.document())
    else:
        for line in traced(graph, everything=everything):
            report(line)
    return 0

"""`mlplatform lineage page`: what is behind a model as one HTML file."""

from __future__ import annotations

from pathlib import Path

import click

from mlplatform.cli.output import json_option, report, report_json


@click.command(
    help="Write what is behind what USE_CASE answers with now (else behind its latest model) as one HTML "
    "file to look at, to print and to keep: it needs neither a server nor a network."
)
@click.argument("use_case")
@click.option("--version", help="A model version instead.")
@click.option(
    "--out", type=click.Path(path_type=Path, dir_okay=False), required=True, help="The file to write."
)
@json_option
def command(use_case: str, version: str | None, out: Path, as_json: bool) -> int:
    """Write the page."""
    from mlplatform.cli.location import open_location
    from mlplatform.lineage import trace
    from mlplatform.lineage.page import page_of
    from mlplatform.resources.snapshots import whole_file

    location = open_location()
    name = location.use_case(use_case).name
    graph = trace(location.instance, name, version=version)
    with whole_file(out) as temporary:
        temporary.write_text(page_of(graph), encoding="utf-8")
    if as_json:
        told = {"use_case": name, "model_version": graph.subject["model_version"], "page": str(out)}
        report_json({**told, "records": len(graph.nodes)})
    else:
        report(f"{out}: model {graph.subject['model_version']}, {len(graph.nodes):,} records")
    return 0

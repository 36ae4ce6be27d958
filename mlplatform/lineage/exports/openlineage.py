"""Records as OpenLineage run events (https://openlineage.io), which catalogues of data read.

A job is an asset of a use case, a run is one materialization of it: a START and a COMPLETE event each. A
dataset is an asset, or a batch of one; the version facet holds the sha256. Everything follows from the
record, so the same history gives the same events, byte for byte, however often it is exported.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import version
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

from mlplatform.lineage.records import Record

NAMESPACE = "mlplatform"
_SPEC = "https://openlineage.io/spec"
_RUN_EVENT = f"{_SPEC}/2-0-2/OpenLineage.json#/$defs/RunEvent"
_RUNS = uuid5(NAMESPACE_URL, "urn:mlplatform:runs")
_FACETS = {
    "version": "1-0-1/DatasetVersionDatasetFacet",
    "schema": "1-2-0/SchemaDatasetFacet",
    "documentation": "1-1-0/DocumentationDatasetFacet",
    "outputStatistics": "1-0-2/OutputStatisticsOutputDatasetFacet",
    "dataQualityMetrics": "1-0-3/DataQualityMetricsInputDatasetFacet",
    "dataQualityAssertions": "1-1-0/DataQualityAssertionsDatasetFacet",
    "parent": "1-2-0/ParentRunFacet",
    "processing_engine": "1-1-1/ProcessingEngineRunFacet",
    "executionParameters": "1-0-0/ExecutionParametersRunFacet",
    "jobType": "2-0-4/JobTypeJobFacet",
    "sourceCodeLocation": "1-1-0/SourceCodeLocationJobFacet",
}
"""Facet -> version and name of its published schema."""


def events(use_case: str, records: Iterable[Record]) -> Iterator[dict[str, Any]]:
    """Two run events for each record, in the order of the records."""
    for record in records:
        start = record.time - (record.seconds or 0.0)
        run = {"runId": run_id(use_case, record), "facets": _run_facets(use_case, record)}
        job = {
            "namespace": NAMESPACE,
            "name": f"{use_case}.{record.asset}",
            "facets": _job_facets(record),
        }
        inputs = _inputs(use_case, record)
        common = {"run": run, "job": job, "inputs": inputs, "producer": _producer(), "schemaURL": _RUN_EVENT}
        yield {"eventType": "START", "eventTime": _time(start), **common, "outputs": []}
        yield {
            "eventType": "COMPLETE",
            "eventTime": _time(record.time),
            **common,
            "outputs": [_output(use_case, record)],
        }


def lines(use_case: str, records: Iterable[Record]) -> Iterator[str]:
    """The events as JSON, one per line."""
    for event in events(use_case, records):
        yield json.dumps(event, sort_keys=True, separators=(",", ":"))


def run_id(use_case: str, record: Record) -> str:
    """A UUID for one materialization, the same in every export."""
    return str(uuid5(_RUNS, f"{use_case}/{record.asset}/{record.storage_id}/{record.sha256}"))


def _run_facets(use_case: str, record: Record) -> dict[str, Any]:
    found = {"processing_engine": _facet("processing_engine", name="mlplatform", version=_version())}
    if _is_uuid(record.run_id):
        job = {"namespace": NAMESPACE, "name": f"{use_case}.run"}
        found["parent"] = _facet("parent", run={"runId": record.run_id}, job=job)
    parameters = record.metadata.get("hyperparameters")
    if record.asset == "model" and parameters is not None:
        given: Any = parameters.value
        found["executionParameters"] = _facet(
            "executionParameters",
            parameters=[{"key": name, "value": json.dumps(value)} for name, value in sorted(given.items())],
        )
    return found


def _job_facets(record: Record) -> dict[str, Any]:
    kind = _facet("jobType", processingType="BATCH", integration="DAGSTER", jobType="ASSET")
    if not record.code_version:
        return {"jobType": kind}
    code = _facet(
        "sourceCodeLocation",
        type="mlplatform",
        url=f"urn:mlplatform:code:{record.code_version}",
        version=record.code_version,
    )
    return {"jobType": kind, "sourceCodeLocation": code}


def _inputs(use_case: str, record: Record) -> list[dict[str, Any]]:
    """What was read; what the step's checks judged stands with the first of them."""
    read = [
        {
            "namespace": NAMESPACE,
            "name": _name(use_case, one["asset"], one["batch"]),
            "facets": {"version": _facet("version", datasetVersion=one["sha256"])},
        }
        for one in record.inputs
    ]
    if read and (facets := _quality(record)):
        read[0]["inputFacets"] = facets
    return read


def _quality(record: Record) -> dict[str, Any]:
    found = {}
    if record.checks:
        assertions = [
            {"assertion": str(check["name"]), "success": bool(check["passed"])} for check in record.checks
        ]
        found["dataQualityAssertions"] = _facet("dataQualityAssertions", assertions=assertions)
    if (rows := record.details.get("rows_in")) is not None:
        found["dataQualityMetrics"] = _facet("dataQualityMetrics", rowCount=int(rows), columnMetrics={})
    return found


def _output(use_case: str, record: Record) -> dict[str, Any]:
    facets = {"version": _facet("version", datasetVersion=record.sha256)}
    if columns := _columns(record.metadata):
        facets["schema"] = _facet("schema", fields=columns)
    if said := _said(record):
        facets["documentation"] = _facet("documentation", description=said)
    made = {
        "namespace": NAMESPACE,
        "name": _name(use_case, record.asset, record.batch),
        "facets": facets,
    }
    if record.rows is not None:
        made["outputFacets"] = {"outputStatistics": _facet("outputStatistics", rowCount=record.rows)}
    return made


def _columns(metadata: Mapping[str, Any]) -> list[dict[str, Any]]:
    schema = getattr(metadata.get("dagster/column_schema"), "value", None)
    fields = []
    for column in getattr(schema, "columns", ()):
        field = {"name": column.name, "type": column.type}
        fields.append({**field, "description": column.description} if column.description else field)
    return fields


def _said(record: Record) -> str:
    """What people would look for, of assets that are no tables."""
    found = record.details
    if record.asset == "evaluation":
        return f"model {found['model_version']}: {found['verdict']}. {found['reason']}"
    if record.asset == "approval":
        who = "; ".join(
            f"{one['approver']} {'approves' if one['approves'] else 'rejects'}: {one['reason']}"
            for one in found["statements"]
        )
        return f"model {found['model_version']} is {found['outcome']}. {who}"
    if record.asset == "endpoint":
        return f"model {found['model_version']}: {found['action']}"
    if record.asset == "model":
        return f"model {found['version']}, trained by {found.get('trained_by', 'somebody')}"
    if record.asset == "quarantine":
        return f"{found['quarantined']} of {found['rows_in']} rows were set aside"
    return ""


def _name(use_case: str, asset: str, batch: str | None) -> str:
    return "/".join(one for one in (use_case, asset, batch) if one)


def _facet(facet: str, **members: Any) -> dict[str, Any]:
    version, _, name = _FACETS[facet].partition("/")
    return {
        "_producer": _producer(),
        "_schemaURL": f"{_SPEC}/facets/{version}/{name}.json#/$defs/{name}",
        **members,
    }


def _producer() -> str:
    return f"urn:mlplatform:{_version()}"


@cache
def _version() -> str:
    return version("mlplatform")


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _is_uuid(text: str) -> bool:
    try:
        return str(UUID(text)) == text
    except ValueError:
        return False

"""OpenLineage events of a use case's history."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mlplatform.lineage.exports.history import history
from mlplatform.lineage.exports.openlineage import events
from mlplatform.lineage.records import Record
from mlplatform_tests.cli.conftest import command_in
from mlplatform_tests.conftest import MadeOnce
from mlplatform_tests.history import NAME, history_in, several_models
from mlplatform_tests.lineage.exports.published import refuse_what_is_not_published


@pytest.fixture(scope="module")
def home(made_once: MadeOnce) -> Path:
    """A home through which several models went."""
    return made_once("several_models_exported", lambda folder: several_models(folder / "home")) / "home"


@pytest.fixture(scope="module")
def records(home: Path) -> Iterator[list[Record]]:
    with history_in(home) as opened:
        yield list(history(opened.instance, NAME))


@pytest.fixture(scope="module")
def exported(records: list[Record]) -> list[dict[str, Any]]:
    return list(events(NAME, records))


def test_every_event_is_one_of_the_published_form(exported: list[dict[str, Any]]) -> None:
    assert len(exported) > 100
    for event in exported:
        refuse_what_is_not_published(json.loads(json.dumps(event)))


@pytest.mark.parametrize(
    "spoil",
    [
        lambda event: event["run"].update(runId="not a uuid"),
        lambda event: event.update(eventTime="yesterday"),
        lambda event: event["job"]["facets"]["jobType"].update(unknown=1),
        lambda event: event["outputs"][0]["facets"]["version"].pop("datasetVersion"),
    ],
)
def test_the_judge_refuses_what_is_not(exported: list[dict[str, Any]], spoil: Any) -> None:
    event = json.loads(json.dumps(exported[1]))
    spoil(event)
    with pytest.raises((TypeError, ValueError)):
        refuse_what_is_not_published(event)


def test_every_record_is_a_run_that_starts_and_completes(
    records: list[Record], exported: list[dict[str, Any]]
) -> None:
    assert [one["eventType"] for one in exported] == ["START", "COMPLETE"] * len(records)
    runs = [one["run"]["runId"] for one in exported]
    assert runs[::2] == runs[1::2]
    assert len(set(runs)) == len(records)
    assert [record.storage_id for record in records] == sorted(record.storage_id for record in records)
    for start, complete in zip(exported[::2], exported[1::2], strict=True):
        assert start["eventTime"] <= complete["eventTime"]


def test_inputs_and_outputs_join_into_the_graph_of_the_records(
    records: list[Record], exported: list[dict[str, Any]]
) -> None:
    """Whatever was read under a version had been written under it before: names and versions are enough."""
    written: set[tuple[str, str]] = set()
    for record, event in zip(records, exported[1::2], strict=True):
        read = {(one["name"], one["facets"]["version"]["datasetVersion"]) for one in event["inputs"]}
        assert read <= written
        assert len(event["inputs"]) == len(record.inputs)
        (output,) = event["outputs"]
        written.add((output["name"], output["facets"]["version"]["datasetVersion"]))
    assert {"job_change/landed_file/monday", "job_change/model", "job_change/endpoint"} <= {
        name for name, _ in written
    }


def by_asset(exported: list[dict[str, Any]], asset: str) -> list[dict[str, Any]]:
    return [one for one in exported if one["job"]["name"] == f"{NAME}.{asset}" and one["outputs"]]


def test_columns_counts_checks_and_words_are_there(exported: list[dict[str, Any]]) -> None:
    features = by_asset(exported, "features")[0]["outputs"][0]
    assert {"name": "training_hours", "type": "double"}.items() <= next(
        field for field in features["facets"]["schema"]["fields"] if field["name"] == "training_hours"
    ).items()
    assert features["outputFacets"]["outputStatistics"]["rowCount"] == 1000
    judged = by_asset(exported, "validated")[0]["inputs"][0]["inputFacets"]
    assert judged["dataQualityMetrics"]["rowCount"] == 1000
    assert all(one["success"] for one in judged["dataQualityAssertions"]["assertions"])
    model = by_asset(exported, "model")[0]
    parameters = {
        one["key"]: one["value"] for one in model["run"]["facets"]["executionParameters"]["parameters"]
    }
    assert parameters["max_leaf_nodes"] == "2"
    assert model["job"]["facets"]["sourceCodeLocation"]["version"]
    said = [
        one["outputs"][0]["facets"]["documentation"]["description"] for one in by_asset(exported, "approval")
    ]
    assert "anna approves: seen" in said[0]
    assert any("ben rejects" in one for one in said)


def test_the_command_writes_the_same_events_every_time(home: Path, tmp_path: Path) -> None:
    mlplatform = command_in(home)
    first, second = tmp_path / "first.jsonl", tmp_path / "second.jsonl"
    done = mlplatform("lineage", "export", NAME, "--to", "openlineage", "--out", first, "--json")
    assert done.code == 0, done.err
    count = len(first.read_text().splitlines())
    assert done.json == {"use_case": NAME, "to": "openlineage", "events": count, "file": str(first)}
    assert mlplatform("lineage", "export", NAME, "--to", "openlineage", "--out", second).code == 0
    assert second.read_bytes() == first.read_bytes()
    shown = mlplatform("lineage", "export", NAME, "--to", "openlineage")
    assert shown.out == first.read_text()
    assert mlplatform("lineage", "export", NAME, "--to", "openlineage", "--json").code == 2
    assert mlplatform("lineage", "export", NAME, "--to", "nowhere").code == 2

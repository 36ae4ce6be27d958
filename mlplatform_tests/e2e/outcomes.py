"""What has come of a click, asked over GraphQL. Nothing here does what a user would click."""

from __future__ import annotations

import json
import time
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

Found = TypeVar("Found")

_ENDED = {"SUCCESS", "FAILURE", "CANCELED", "COMPLETED", "COMPLETED_SUCCESS", "COMPLETED_FAILED", "FAILED"}

_MATERIALIZATIONS = """query ($key: AssetKeyInput!) {assetOrError(assetKey: $key) {... on Asset {
  assetMaterializations {
    partition runId tags {key value} metadataEntries {label ... on TextMetadataEntry {text}}
  }
}}}"""
_PARTITIONS = """query ($key: AssetKeyInput!) {assetNodeOrError(assetKey: $key) {... on AssetNode {
  partitionStats {numPartitions numMaterialized numFailed}}}}"""
_BACKFILLS = """{partitionBackfillsOrError(limit: 50) {... on PartitionBackfills {results {id status}}}}"""
_RUNS = """query ($filter: RunsFilter) {runsOrError(filter: $filter, limit: 50) {... on Runs {results {
  runId status tags {key value}
}}}}"""
_FAILURES = """query ($run: ID!) {logsForRun(runId: $run, limit: 1000) {... on EventConnection {events {
  __typename ... on MessageEvent {message} ... on ErrorEvent {error {message}}
}}}}"""
_SENSORS = """{sensorsOrError(repositorySelector: {
  repositoryLocationName: "mlplatform", repositoryName: "__repository__"
}) {... on Sensors {results {name sensorState {status}}}}}"""


@dataclass(frozen=True)
class Materialization:
    """One materialization of an asset."""

    batch: str | None
    run: str
    version: str
    metadata: dict[str, str | None]


def asked(address: str, query: str, **variables: Any) -> dict[str, Any]:
    """Dagster's answer to a query."""
    body = json.dumps({"query": query, "variables": variables}).encode()
    request = urllib.request.Request(f"{address}/graphql", body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=60) as answer:
        document: dict[str, Any] = json.load(answer)
    assert not document.get("errors"), document["errors"]
    return document["data"]


def materializations(address: str, use_case: str, asset: str) -> list[Materialization]:
    """The asset's materializations, latest first."""
    data = asked(address, _MATERIALIZATIONS, key={"path": [use_case, asset]})
    return [
        Materialization(
            batch=one["partition"],
            run=one["runId"],
            version=next(tag["value"] for tag in one["tags"] if tag["key"] == "dagster/data_version"),
            metadata={entry["label"]: entry.get("text") for entry in one["metadataEntries"]},
        )
        for one in data["assetOrError"].get("assetMaterializations", [])
    ]


def batches_of(address: str, use_case: str, asset: str) -> set[str]:
    """The batches of which the asset has been made."""
    return {one.batch for one in materializations(address, use_case, asset) if one.batch}


def partitions(address: str, use_case: str, asset: str) -> dict[str, int]:
    """How many partitions there are, are materialized, and failed, as the asset's page counts them."""
    data = asked(address, _PARTITIONS, key={"path": [use_case, asset]})
    stats: dict[str, int] = data["assetNodeOrError"]["partitionStats"]
    return stats


def backfills(address: str) -> dict[str, str]:
    """Status by id."""
    found = asked(address, _BACKFILLS)["partitionBackfillsOrError"]["results"]
    return {one["id"]: one["status"] for one in found}


def runs(address: str, job: str, **tags: str) -> dict[str, str]:
    """Status by id of a job's runs, of those with these tags."""
    wanted = [{"key": key, "value": value} for key, value in tags.items()]
    found = asked(address, _RUNS, filter={"pipelineName": job, "tags": wanted})["runsOrError"]["results"]
    return {one["runId"]: one["status"] for one in found}


def failures(address: str, run: str) -> list[str]:
    """What the run's failures say."""
    events = asked(address, _FAILURES, run=run)["logsForRun"]["events"]
    failed = ("ExecutionStepFailureEvent", "RunFailureEvent")
    return [(one.get("error") or one)["message"] for one in events if one["__typename"] in failed]


def sensors_on(address: str) -> set[str]:
    """Names of the sensors that run."""
    found = asked(address, _SENSORS)["sensorsOrError"]["results"]
    return {one["name"] for one in found if one["sensorState"]["status"] == "RUNNING"}


def eventually(look: Callable[[], Found], what: str, seconds: float = 120) -> Found:
    """The first true answer of `look`."""
    end = time.monotonic() + seconds
    while True:
        if answer := look():
            return answer
        assert time.monotonic() < end, f"not within {seconds:.0f} s: {what}"
        time.sleep(0.5)


def the_new_one(look: Callable[[], dict[str, str]], before: dict[str, str], what: str) -> str:
    """Id of what has been launched since `before`, as soon as it is there."""
    return eventually(lambda: sorted(look().keys() - before.keys()), f"{what} is launched", seconds=60)[0]


def ended(look: Callable[[], dict[str, str]], identity: str, seconds: float = 300) -> str:
    """Status in which the run or backfill with this id has ended."""
    what = f"{identity} ends"
    return eventually(lambda: status if (status := look()[identity]) in _ENDED else None, what, seconds) or ""

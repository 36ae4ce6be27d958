"""Released models in SageMaker Lineage, asked for with boto3 alone, as other people's programs do."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from mlplatform.lineage import trace
from mlplatform.ml.hashing import file_sha256
from mlplatform.resources.aws.endpoint_names import hosted_name
from mlplatform.resources.aws.lineage.export import export, export_plan, exported
from mlplatform.resources.aws.lineage.sending import Sent
from mlplatform_tests.cli.conftest import command_in
from mlplatform_tests.container.served import until
from mlplatform_tests.history import NAME
from mlplatform_tests.lifecycle.places import ENDPOINT, Place
from mlplatform_tests.lifecycle.test_lifecycle import first_model, second_model
from mlplatform_tests.sagemaker_emulator.server import BUCKET, Emulator

MAKING = ("CreateArtifact", "CreateAction", "CreateContext", "AddAssociation")


def sent(place: Place) -> Sent:
    return export(place.history.instance, NAME, place.history.resources["snapshots"])


def vertices(service: Any, start: str) -> Iterator[dict[str, Any]]:
    """Everything behind an entity, a few at a time."""
    request = {"StartArns": [start], "Direction": "Ascendants", "IncludeEdges": False, "MaxResults": 5}
    while True:
        page = service.query_lineage(**request)
        yield from page["Vertices"]
        if "NextToken" not in page:
            return
        request["NextToken"] = page["NextToken"]


def artifacts_behind(service: Any, start: str) -> list[dict[str, Any]]:
    return [
        service.describe_artifact(ArtifactArn=one["Arn"])
        for one in vertices(service, start)
        if one["LineageType"] == "Artifact"
    ]


def actions_behind(service: Any, start: str) -> list[dict[str, Any]]:
    return [
        service.describe_action(ActionName=one["Arn"].rpartition("/")[2])
        for one in vertices(service, start)
        if one["LineageType"] == "Action"
    ]


def endpoint_context(service: Any) -> str:
    endpoint = service.describe_endpoint(EndpointName=hosted_name(ENDPOINT))["EndpointArn"]
    [context] = service.list_contexts(SourceUri=endpoint)["ContextSummaries"]
    return str(context["ContextArn"])


def package_artifact(service: Any, arn: str) -> str:
    [artifact] = service.list_artifacts(SourceUri=arn)["ArtifactSummaries"]
    return str(artifact["ArtifactArn"])


def raw_files(emulator: Emulator, artifacts: list[dict[str, Any]]) -> set[tuple[str, str]]:
    """Batch and sha256 of every landed file that documents among these name; the bytes are there."""
    found = set()
    for one in artifacts:
        if one.get("Properties", {}).get("asset") != "landed_files":
            continue
        key = one["Source"]["SourceUri"].removeprefix(f"s3://{BUCKET}/")
        document = json.loads(emulator.client("s3").get_object(Bucket=BUCKET, Key=key)["Body"].read())
        for file in document["files"]:
            landed = file["uri"].removeprefix(f"s3://{BUCKET}/")
            assert emulator.client("s3").get_object(Bucket=BUCKET, Key=landed)["Body"].read()
            found.add((file["batch"], file["sha256"]))
    return found


def landed(place: Place, version: str) -> set[tuple[str | None, str]]:
    graph = trace(place.history.instance, NAME, version=version)
    return {(one.batch, one.sha256) for one in graph.of("landed_file")}


def test_an_endpoint_and_a_model_package_reach_the_raw_files(
    sagemaker_place: Place, emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLPLATFORM_PROCESSING", "sagemaker")
    place, service = sagemaker_place, emulator.client("sagemaker")
    first = first_model(place)
    assert sent(place).absent == []
    second = second_model(place)
    place.history.deploy(second)
    done = sent(place)
    assert done.absent == []
    assert done.created["artifacts"] and done.existing["artifacts"]

    behind_endpoint = artifacts_behind(service, endpoint_context(service))
    assert raw_files(emulator, behind_endpoint) == landed(place, first) | landed(place, second)
    actions = actions_behind(service, endpoint_context(service))
    own = [one["Properties"] for one in actions if "Properties" in one]
    assert {one["asset"] for one in own} == {"training", "evaluation", "approval", "deployment"}
    approvals = [one for one in own if one["asset"] == "approval"]
    assert {(one["approver"], one["reason"], one["outcome"]) for one in approvals} == {
        ("anna", "seen", "approved")
    }
    assert {one["model_version"] for one in approvals} == {first, second}

    card = place.history.latest("model_card")
    behind_package = artifacts_behind(service, package_artifact(service, card.details["package"]))
    assert raw_files(emulator, behind_package) == landed(place, second)
    files = [one for one in behind_package if one.get("Properties", {}).get("asset") == "landed_file"]
    assert {one["Source"]["SourceTypes"][0]["Value"] for one in files} == {
        file_sha256(place.history.home.parent / f"{batch}.csv") for batch in ("monday", "tuesday")
    }
    verdicts = [one["Properties"] for one in behind_package if one["ArtifactType"] == "Evaluation"]
    assert [one["verdict"] for one in verdicts] == ["PROMOTE"]

    components = {
        one["Arn"].rpartition("/")[2]
        for one in vertices(service, endpoint_context(service))
        if one["LineageType"] == "TrialComponent"
    }
    jobs = {
        f"{job['TrainingJobName']}-aws-training-job"
        for job in service.list_training_jobs()["TrainingJobSummaries"]
    }
    jobs |= {
        f"{job['ProcessingJobName']}-aws-processing-job"
        for job in service.list_processing_jobs()["ProcessingJobSummaries"]
    }
    assert len(jobs) >= 4
    assert components == jobs


def test_what_is_read_back_is_what_was_planned(sagemaker_place: Place, emulator: Emulator) -> None:
    place = sagemaker_place
    version = first_model(place)
    store = place.history.resources["snapshots"]
    assert exported(NAME, store).nodes == ()
    sent(place)
    planned = export_plan(place.history.instance, NAME, store).graph()
    assert exported(NAME, store) == planned
    hashes = {one.sha256 for one in planned.nodes}
    behind = trace(place.history.instance, NAME, version=version)
    for asset in (
        "landed_file",
        "training_set",
        "validation_set",
        "model",
        "evaluation",
        "model_card",
        "approval",
        "endpoint",
    ):
        assert {one.sha256 for one in behind.of(asset)} <= hashes, asset
    second_model(place)
    sent(place)
    assert exported(NAME, store) == export_plan(place.history.instance, NAME, store).graph()


def test_the_command_line_counts_and_repeating_makes_nothing(
    sagemaker_place: Place, emulator: Emulator
) -> None:
    place = sagemaker_place
    first_model(place)
    mlplatform = command_in(place.history.home)
    arguments = ("lineage", "export", NAME, "--to", "sagemaker")
    first = mlplatform(*arguments, "--json", MLPLATFORM_ENV="aws")
    assert first.code == 0, first.err
    assert first.json["existing"] == dict.fromkeys(first.json["created"], 0)
    assert {one: first.json["created"][one] for one in ("actions", "contexts")} == {
        "actions": 4,
        "contexts": 2,
    }
    before = {one: emulator.calls[one] for one in MAKING}
    again = mlplatform(*arguments, "--json", MLPLATFORM_ENV="aws")
    assert again.json["existing"] == first.json["created"]
    assert {one: emulator.calls[one] for one in MAKING} == before
    assert "artifacts" in mlplatform(*arguments, MLPLATFORM_ENV="aws").out
    refused = mlplatform(*arguments)
    assert refused.code == 1
    assert "MLPLATFORM_ENV=aws" in refused.first_error


@pytest.mark.parametrize("operation", ["CreateArtifact", "AddAssociation"])
def test_an_export_that_is_killed_and_repeated_is_the_same_export(
    sagemaker_place: Place, emulator: Emulator, operation: str
) -> None:
    place = sagemaker_place
    first_model(place)
    planned = export_plan(place.history.instance, NAME, place.history.resources["snapshots"])
    command = [sys.executable, "-m", "mlplatform", "lineage", "export", NAME, "--to", "sagemaker"]
    with subprocess.Popen(command, env=dict(os.environ), stderr=subprocess.DEVNULL) as killed:
        try:
            until(lambda: emulator.calls[operation] >= 4, "some of it")
        finally:
            killed.kill()
    assert killed.returncode == -9
    rest = sent(place)
    assert rest.created.total() > 0
    assert rest.existing.total() >= 3
    assert exported(NAME, place.history.resources["snapshots"]) == planned.graph()
    assert sent(place).created.total() == 0

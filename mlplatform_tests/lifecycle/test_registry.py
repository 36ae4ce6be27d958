"""Promoted models in the Model Registry, and what people say there."""

from __future__ import annotations

import json
from typing import Any

import dagster as dg
import pytest
from sagemaker.core.shapes.model_card_shapes import ModelCardContent

from mlplatform.definitions import defs
from mlplatform.lineage.approvals import approval_of
from mlplatform.lineage.deployments import live
from mlplatform.ml.errors import MLPlatformError
from mlplatform.resources.aws.endpoint_names import hosted_name
from mlplatform_tests.history import NAME
from mlplatform_tests.lifecycle.places import ENDPOINT, Place
from mlplatform_tests.lifecycle.test_lifecycle import tree
from mlplatform_tests.sagemaker_emulator.server import Emulator

SENSOR = "job_change_release"
trained_here = pytest.mark.usefixtures("trained_here")


def promoted(place: Place, batch: str = "monday", leaves: int = 2, seed: int = 1) -> str:
    """A promoted model, waiting for somebody's word; its version."""
    history = place.history
    history.declaration = tree(leaves)
    history.land(batch, seed=seed)
    return history.update(batch)


def packages(emulator: Emulator) -> list[dict[str, Any]]:
    """Everything that is described of the packages, oldest first."""
    sagemaker = emulator.client("sagemaker")
    found = sagemaker.list_model_packages(ModelPackageGroupName=hosted_name(ENDPOINT))
    return [
        sagemaker.describe_model_package(ModelPackageName=one["ModelPackageArn"])
        for one in found["ModelPackageSummaryList"]
    ]


def judge(emulator: Emulator, package: str, status: str, reason: str | None = None, who: str = "bob") -> None:
    """As somebody does in the console of the registry."""
    said = {"ApprovalDescription": reason} if reason else {}
    emulator.client("sagemaker", access_key=who).update_model_package(
        ModelPackageArn=package, ModelApprovalStatus=status, **said
    )


def tick(place: Place) -> Any:
    """One evaluation of the sensor."""
    return place.history.tick(SENSOR)


def run(place: Place, request: dg.RunRequest) -> bool:
    """What the daemon does with a request: once per key."""
    instance, key = place.history.instance, str(request.run_key)
    if instance.get_runs(dg.RunsFilter(tags={"dagster/run_key": key})):
        return False
    result = (
        defs()
        .resolve_job_def(str(request.job_name))
        .execute_in_process(
            instance=instance,
            run_config=request.run_config,
            tags={**request.tags, "dagster/run_key": key},
            raise_on_error=False,
        )
    )
    return result.success


def test_a_promoted_model_becomes_one_package_with_all_that_it_rests_on(
    sagemaker_place: Place, emulator: Emulator
) -> None:
    version = promoted(sagemaker_place)
    (package,) = packages(emulator)
    history = sagemaker_place.history
    store = history.resources["snapshots"]
    assert package["ModelApprovalStatus"] == "PendingManualApproval"
    assert history.latest("model_card").details["package"] == package["ModelPackageArn"]
    (container,) = package["InferenceSpecification"]["Containers"]
    assert container["ModelDataUrl"] == store.uri(history.latest("model").path)
    facts = package["CustomerMetadataProperties"]
    assert facts["model_version"] == version
    assert facts["training_set"] == history.latest("training_set").sha256
    assert facts["validation_set_uri"] == store.uri(history.latest("validation_set").path)
    assert facts["training_job"] == history.latest("model").details["job"]["arn"]
    quality = package["ModelMetrics"]["ModelQuality"]["Statistics"]["S3Uri"]
    assert quality == store.uri(history.latest("evaluation").path)
    card = ModelCardContent.model_validate_json(package["ModelCard"]["ModelCardContent"])
    assert card.intended_uses is not None
    (evaluation,) = json.loads(package["ModelCard"]["ModelCardContent"])["evaluation_details"]
    assert evaluation["metadata"]["verdict"] == "PROMOTE"

    store.discard(history.latest("model_card").path)  # so that the card is made, and registered, again
    assert history.materialize("model_card").success
    assert len(packages(emulator)) == 1


@trained_here
@pytest.mark.parametrize("fault", ["lost answer", "throttling"])
def test_registering_happens_once_whatever_becomes_of_the_answer(
    sagemaker_place: Place, emulator: Emulator, fault: str
) -> None:
    emulator.faults.add("CreateModelPackage", fault, 1)
    promoted(sagemaker_place)
    assert emulator.calls["CreateModelPackage"] >= 2
    assert len(packages(emulator)) == 1


@trained_here
def test_an_approval_here_is_passed_on_and_comes_back_no_second_time(
    sagemaker_place: Place, emulator: Emulator
) -> None:
    version = promoted(sagemaker_place)
    sagemaker_place.history.say(version, by="anna")
    (package,) = packages(emulator)
    assert (package["ModelApprovalStatus"], package["ApprovalDescription"]) == ("Approved", "anna: seen")
    (request,) = tick(sagemaker_place).run_requests
    assert request.job_name == "job_change_release"
    sagemaker_place.history.say(version, decision="reject", by="ben")
    assert packages(emulator)[0]["ModelApprovalStatus"] == "Rejected"
    assert tick(sagemaker_place).run_requests == []


@trained_here
def test_an_approval_there_is_recorded_with_who_and_when_and_goes_live(
    sagemaker_place: Place, emulator: Emulator
) -> None:
    version = promoted(sagemaker_place)
    instance = sagemaker_place.history.instance
    assert tick(sagemaker_place).run_requests == []
    (package,) = packages(emulator)
    judge(emulator, package["ModelPackageArn"], "Approved", "good slices")
    (request,) = tick(sagemaker_place).run_requests
    assert [one.run_key for one in tick(sagemaker_place).run_requests] == [request.run_key]
    assert run(sagemaker_place, request)

    approval = approval_of(instance, NAME, version)
    assert approval is not None
    (statement,) = approval.details["statements"]
    assert statement["approver"] == "bob"
    assert statement["identity"] == "arn:aws:iam::123456789012:user/bob"
    assert statement["reason"] == "good slices"
    assert statement["source"] == package["ModelPackageArn"]
    changed = packages(emulator)[0]["LastModifiedTime"]
    assert statement["when"].startswith(changed.strftime("%Y-%m-%dT%H:%M:%S"))

    (release,) = tick(sagemaker_place).run_requests
    assert (release.job_name, run(sagemaker_place, release)) == ("job_change_release", True)
    record = live(instance, NAME)
    assert record is not None
    assert record.details["model_version"] == version
    assert tick(sagemaker_place).run_requests == []

    judge(emulator, package["ModelPackageArn"], "Rejected", "it was a mistake", who="carla")
    (request,) = tick(sagemaker_place).run_requests
    assert run(sagemaker_place, request)
    approval = approval_of(instance, NAME, version)
    assert approval is not None
    assert approval.details["outcome"] == "rejected"


@trained_here
def test_what_was_rolled_back_does_not_return_by_itself(sagemaker_place: Place) -> None:
    history = sagemaker_place.history
    first = promoted(sagemaker_place)
    history.say(first)
    history.deploy(first)
    second = promoted(sagemaker_place, "tuesday", leaves=12, seed=2)
    history.say(second)
    (request,) = tick(sagemaker_place).run_requests
    assert run(sagemaker_place, request)
    history.deploy(first)
    assert tick(sagemaker_place).run_requests == []
    history.say(second, by="ben")  # a new word is a new wish
    (request,) = tick(sagemaker_place).run_requests
    assert second in str(request.run_config)


@trained_here
def test_whoever_may_not_approve_in_the_registry_does_not_approve_here(
    sagemaker_place: Place, emulator: Emulator
) -> None:
    version = promoted(sagemaker_place)
    emulator.faults.deny("sagemaker:UpdateModelPackage")
    said = {"approver": "anna", "reason": "seen", "model_version": version}
    refused = sagemaker_place.history.materialize("approval", config=said)
    assert not refused.success
    (check,) = refused.get_asset_check_evaluations()
    assert "access denied" in str(check.description)
    assert "job_change_release takes it over" in str(check.description)
    assert approval_of(sagemaker_place.history.instance, NAME, version) is None
    # a rejection makes nothing less safe
    sagemaker_place.history.say(version, decision="reject")


@trained_here
def test_an_approval_of_other_evidence_is_void(sagemaker_place: Place, emulator: Emulator) -> None:
    history = sagemaker_place.history
    promoted(sagemaker_place)
    second = promoted(sagemaker_place, "tuesday", leaves=12, seed=2)
    old = packages(emulator)[0]["ModelPackageArn"]
    judge(emulator, old, "Approved", "fine")
    said = {"approver": "x", "reason": "x", "model_version": second, "package": old}
    refused = history.materialize("approval", config=said)
    assert not refused.success
    (check,) = refused.get_asset_check_evaluations()
    assert "was registered for model" in str(check.description)


@trained_here
def test_a_package_nobody_judged_says_nothing(sagemaker_place: Place, emulator: Emulator) -> None:
    promoted(sagemaker_place)
    registry = sagemaker_place.history.resources["registry"]
    with pytest.raises(MLPlatformError, match="nobody has approved or rejected it"):
        registry.statement(packages(emulator)[0]["ModelPackageArn"])
    assert list(registry.spoken_of("worker_productivity")) == []


def test_a_registry_that_cannot_be_read_is_said_by_the_sensor(
    sagemaker_place: Place, emulator: Emulator
) -> None:
    emulator.faults.deny("sagemaker:ListModelPackages")
    assert "cannot be read" in tick(sagemaker_place).skip_message

"""What can go wrong between an approved model and an endpoint of SageMaker; the old model answers on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from mlplatform.lineage.deployments import live
from mlplatform.resources.aws.endpoint_names import hosted_name, variant_of
from mlplatform_tests.history import NAME
from mlplatform_tests.lifecycle.places import ENDPOINT, Place, asking
from mlplatform_tests.lifecycle.test_lifecycle import ROWS, first_model, second_model, tree
from mlplatform_tests.sagemaker_emulator.server import Emulator

pytestmark = pytest.mark.usefixtures("trained_here")
LIAR = Path(__file__).with_name("lying_container.py")


def described(emulator: Emulator) -> dict[str, Any]:
    return emulator.client("sagemaker").describe_endpoint(EndpointName=hosted_name(ENDPOINT))  # type: ignore[no-any-return]


def live_version(place: Place) -> str | None:
    record = live(place.history.instance, NAME)
    return str(record.details["model_version"]) if record else None


@contextmanager
def refused(place: Place, version: str) -> Iterator[list[str]]:
    """A deployment that fails while the first model goes on answering; what was said, by its end."""
    said: list[str] = []
    before = live_version(place)
    with asking(place, ROWS[:2]) as client:
        done = place.history.materialize("endpoint", config={"model_version": version})
    assert not done.success
    said += [str(check.description) for check in done.get_asset_check_evaluations()]
    yield said
    assert client.errors == []
    assert client.answered[-1] == before
    assert live_version(place) == before


def test_an_alarm_during_the_bake_takes_the_update_back(
    sagemaker_place: Place, emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    emulator.set_alarm("errors", "OK")
    monkeypatch.setenv("MLPLATFORM_ALARMS", "errors")
    first_model(sagemaker_place)
    second = second_model(sagemaker_place)
    emulator.set_alarm("errors", "ALARM")
    with refused(sagemaker_place, second) as said:
        assert "did not take" in said[0]
        assert "answers on" in said[0]
    emulator.set_alarm("errors", "OK")
    sagemaker_place.history.deploy(second)
    assert live_version(sagemaker_place) == second


def test_a_container_that_answers_otherwise_is_taken_back(sagemaker_place: Place, emulator: Emulator) -> None:
    """The trial in this process passes; the one behind the endpoint does not."""
    first = first_model(sagemaker_place)
    second = second_model(sagemaker_place)
    image = emulator.environment()["MLPLATFORM_IMAGE"]
    emulator.push(image, ["python", str(LIAR)])
    done = sagemaker_place.history.materialize("endpoint", config={"model_version": second})
    assert not done.success
    (check,) = done.get_asset_check_evaluations()
    assert "answers otherwise than the batch path" in str(check.description)
    config = described(emulator)["EndpointConfigName"]
    assert first in config
    assert live_version(sagemaker_place) == first


def test_a_first_model_that_does_not_start_leaves_no_endpoint(
    sagemaker_place: Place, emulator: Emulator
) -> None:
    history = sagemaker_place.history
    history.declaration = tree(leaves=2)
    history.land("monday", seed=1)
    version = history.update("monday")
    history.say(version)
    emulator.faults.add("CreateEndpoint", "failing container", 1)
    assert not history.materialize("endpoint", config={"model_version": version}).success
    assert emulator.client("sagemaker").list_endpoints()["Endpoints"] == []
    history.deploy(version)
    assert described(emulator)["EndpointStatus"] == "InService"


def test_creations_whose_answers_are_lost_happen_once(sagemaker_place: Place, emulator: Emulator) -> None:
    creations = ("CreateModel", "CreateEndpointConfig", "CreateEndpoint")
    for operation in creations:
        emulator.faults.add(operation, "lost answer", 1)
    version = first_model(sagemaker_place)
    assert all(emulator.calls[operation] >= 2 for operation in creations)
    sagemaker = emulator.client("sagemaker")
    assert len(sagemaker.list_models()["Models"]) == 1
    assert len(sagemaker.list_endpoint_configs()["EndpointConfigs"]) == 1
    (variant,) = described(emulator)["ProductionVariants"]
    assert variant["VariantName"] == variant_of(version)


def test_an_update_whose_answer_is_lost_or_whose_process_died_is_waited_for(
    sagemaker_place: Place, emulator: Emulator
) -> None:
    first_model(sagemaker_place)
    second = second_model(sagemaker_place)
    emulator.faults.add("UpdateEndpoint", "lost answer", 1)
    sagemaker_place.history.deploy(second)
    assert live_version(sagemaker_place) == second
    sagemaker = emulator.client("sagemaker")
    configs = {one["EndpointConfigName"] for one in sagemaker.list_endpoint_configs()["EndpointConfigs"]}
    (other,) = configs - {described(emulator)["EndpointConfigName"]}
    # as a process leaves it that was killed after its update to the other model
    sagemaker.update_endpoint(EndpointName=hosted_name(ENDPOINT), EndpointConfigName=other)
    sagemaker_place.history.deploy(second)
    assert second in described(emulator)["EndpointConfigName"]
    assert sagemaker_place.ask(ROWS)["model_version"] == second


def test_what_is_asked_of_the_service(
    sagemaker_place: Place, emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLPLATFORM_ENDPOINT_INSTANCES", "2")
    monkeypatch.setenv("MLPLATFORM_TAGS", "team=people")
    version = first_model(sagemaker_place)
    found = described(emulator)
    sagemaker = emulator.client("sagemaker")
    config = sagemaker.describe_endpoint_config(EndpointConfigName=found["EndpointConfigName"])
    (variant,) = config["ProductionVariants"]
    assert variant["InitialInstanceCount"] == 2
    assert config["DataCaptureConfig"]["DestinationS3Uri"].endswith("/mlplatform/captured")
    tags = {one["Key"]: one["Value"] for one in sagemaker.list_tags(ResourceArn=found["EndpointArn"])["Tags"]}
    assert tags["team"] == "people"
    assert tags["mlplatform:model_version"] == version
    record = live(sagemaker_place.history.instance, NAME)
    assert record is not None
    assert record.details["document"]["endpoint_arn"] == found["EndpointArn"]
    # with two instances, one takes its share first
    second = second_model(sagemaker_place)
    sagemaker_place.history.deploy(second)
    policy = described(emulator).get("LastDeploymentConfig", {})["BlueGreenUpdatePolicy"]
    assert policy["TrafficRoutingConfiguration"]["Type"] == "CANARY"


def test_what_somebody_else_serves_under_the_name_is_not_deleted(
    sagemaker_place: Place, emulator: Emulator
) -> None:
    """As after the loss of the database: nothing is recorded, and something answers."""
    history = sagemaker_place.history
    first = first_model(sagemaker_place)
    config = described(emulator)["EndpointConfigName"]
    second = second_model(sagemaker_place)
    history.instance.wipe_assets([dg.AssetKey([NAME, "endpoint"])])
    assert live_version(sagemaker_place) is None
    emulator.faults.add("UpdateEndpoint", "failing container", 1)
    assert not history.materialize("endpoint", config={"model_version": second}).success
    assert described(emulator)["EndpointConfigName"] == config
    assert sagemaker_place.ask(ROWS)["model_version"] == first

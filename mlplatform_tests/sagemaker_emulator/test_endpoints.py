"""Endpoints are made, asked and deleted with boto3 and its own waiters."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError, WaiterError

from mlplatform_tests.sagemaker_emulator.asked import is_gone, until
from mlplatform_tests.sagemaker_emulator.endpoints import ENDPOINTS
from mlplatform_tests.sagemaker_emulator.hosted import ENDPOINT, IMAGE, Hosted
from mlplatform_tests.sagemaker_emulator.server import BUCKET, ROLE


@pytest.fixture
def hosted(emulator: Any) -> Hosted:
    return Hosted(emulator)


def test_the_life_of_an_endpoint(hosted: Hosted) -> None:
    service, tags = hosted.sagemaker, [{"Key": "platform:use-case", "Value": "some"}]
    arn = service.create_endpoint(
        EndpointName=ENDPOINT, EndpointConfigName=hosted.config("one", Tags=tags), Tags=tags
    )["EndpointArn"]
    assert service.list_endpoints()["Endpoints"][0]["EndpointStatus"] == "Creating"
    for change in (service.delete_endpoint, lambda **name: hosted.update("one")):
        with pytest.raises(ClientError, match="Cannot update in-progress endpoint"):
            change(EndpointName=ENDPOINT)
    described = hosted.settled()
    assert described["EndpointArn"] == arn and described["EndpointConfigName"] == "one"
    assert described["ProductionVariants"][0]["DeployedImages"][0]["SpecifiedImage"] == IMAGE
    assert "FailureReason" not in described and "DataCaptureConfig" not in described
    assert service.list_tags(ResourceArn=arn)["Tags"] == tags
    config = service.describe_endpoint_config(EndpointConfigName="one")
    assert service.list_tags(ResourceArn=config["EndpointConfigArn"])["Tags"] == tags
    assert config["ProductionVariants"][0]["ModelName"] == "one"
    assert service.describe_model(ModelName="one")["PrimaryContainer"]["Image"] == IMAGE

    answer = hosted.runtime.invoke_endpoint(
        EndpointName=ENDPOINT, Body=b"\xff", ContentType="text/csv", InferenceId="mine", CustomAttributes="c"
    )
    assert answer["InvokedProductionVariant"] == "AllTraffic"
    assert (answer["ContentType"], answer["CustomAttributes"]) == ("application/json", "model-version=one")
    said = hosted.asked(b"\xff", ContentType="text/csv", Accept="a/b", InferenceId="mine")
    headers = {name.lower(): value for name, value in said["headers"].items()}
    assert (said["name"], said["body"]) == ("one", "ff")
    assert (headers["content-type"], headers["accept"], headers["x-amzn-sagemaker-inference-id"]) == (
        "text/csv",
        "a/b",
        "mine",
    )
    assert "authorization" not in headers and "x-amz-date" not in headers

    fleet = ENDPOINTS.named(ENDPOINT).live
    assert fleet is not None
    pid = fleet.containers["AllTraffic"].pid
    service.delete_endpoint(EndpointName=ENDPOINT)
    waiter = service.get_waiter("endpoint_deleted")
    waiter.wait(EndpointName=ENDPOINT, WaiterConfig={"Delay": 0.1, "MaxAttempts": 600})
    assert pid is not None and is_gone(pid)
    with pytest.raises(ClientError, match=rf'Could not find endpoint "{arn}"'):
        service.describe_endpoint(EndpointName=ENDPOINT)
    for delete, name in (
        (service.delete_endpoint_config, "EndpointConfigName"),
        (service.delete_model, "ModelName"),
    ):
        delete(**{name: "one"})
        with pytest.raises(ClientError, match=r"Could not find .*/one"):
            delete(**{name: "one"})


def test_names_that_are_taken_and_things_that_are_not_there(hosted: Hosted) -> None:
    service = hosted.sagemaker
    hosted.config("one")
    with pytest.raises(ClientError, match=r'Cannot create already existing model "arn:.*model/one"') as error:
        hosted.model("one")
    assert error.value.response["Error"]["Code"] == "ValidationException"
    with pytest.raises(ClientError, match="Could not find model data at s3://"):
        container = {"Image": IMAGE, "ModelDataUrl": f"s3://{BUCKET}/nothing.tar.gz"}
        service.create_model(ModelName="none", ExecutionRoleArn=ROLE, PrimaryContainer=container)
    variant = {"VariantName": "a", "ModelName": "one", "InstanceType": "ml.m5.large"}
    with pytest.raises(ClientError, match=r'existing endpoint configuration "arn:.*endpoint-config/one"'):
        service.create_endpoint_config(EndpointConfigName="one", ProductionVariants=[variant])
    with pytest.raises(ClientError, match=r'Could not find model "arn:.*model/two"'):
        service.create_endpoint_config(
            EndpointConfigName="two", ProductionVariants=[{**variant, "ModelName": "two"}]
        )
    with pytest.raises(
        ClientError, match=r'Could not find endpoint configuration "arn:.*endpoint-config/two"'
    ):
        service.create_endpoint(EndpointName=ENDPOINT, EndpointConfigName="two")
    with pytest.raises(ClientError, match=f"Endpoint {ENDPOINT} of account 123456789012 not found") as error:
        hosted.asked()
    assert error.value.response["Error"]["Code"] == "ValidationError"
    hosted.endpoint("one")
    with pytest.raises(ClientError, match=rf'already existing endpoint "arn:.*endpoint/{ENDPOINT}"'):
        service.create_endpoint(EndpointName=ENDPOINT, EndpointConfigName="one")


@pytest.mark.parametrize("broken", ["dead", "ill", "gone"])
def test_a_first_model_that_does_not_come_up_fails_the_endpoint(hosted: Hosted, broken: str) -> None:
    hosted.emulator.pace.startup_seconds = 1.0 if broken == "ill" else None
    config = hosted.config("bad", broken)
    if broken == "gone":
        hosted.emulator.client("s3").delete_object(Bucket=BUCKET, Key="models/bad/model.tar.gz")
    with pytest.raises(WaiterError, match='"Failed"'):
        hosted.endpoint(config)
    said = "Failed to download model data" if broken == "gone" else "did not pass the ping health check"
    assert said in hosted.described()["FailureReason"]
    with pytest.raises(ClientError, match="not found"):
        hosted.asked()
    hosted.sagemaker.delete_endpoint(EndpointName=ENDPOINT)
    until(lambda: not hosted.sagemaker.list_endpoints()["Endpoints"])


def test_what_the_container_refuses_is_the_models_error(hosted: Hosted) -> None:
    hosted.endpoint(hosted.config("one"))
    for status, side in ((400, "client"), (500, "server")):
        with pytest.raises(ClientError, match=rf"Received {side} error \({status}\)") as error:
            hosted.asked(str(status).encode())
        response = error.value.response
        assert response["Error"]["Code"] == "ModelError"
        assert (response["OriginalStatusCode"], response["OriginalMessage"]) == (status, f"no, {status}")
        assert response["ResponseMetadata"]["HTTPStatusCode"] == 424


def test_faults_of_endpoints(hosted: Hosted) -> None:
    faults, config = hosted.emulator.faults, hosted.config("one")
    faults.add("CreateEndpoint", "no capacity")
    with pytest.raises(WaiterError, match='"Failed"'):
        hosted.endpoint(config)
    assert "Unable to provision requested ML compute capacity" in hosted.described()["FailureReason"]
    hosted.sagemaker.delete_endpoint(EndpointName=ENDPOINT)
    until(lambda: not hosted.sagemaker.list_endpoints()["Endpoints"])
    faults.add("CreateEndpoint", "lost answer")  # the client asks again, and is told what it has done
    with pytest.raises(ClientError, match="Cannot create already existing endpoint"):
        hosted.endpoint(config)
    hosted.settled()
    faults.add("UpdateEndpoint", "failing container")
    hosted.update(hosted.config("two"))
    described = hosted.settled()
    assert (described["EndpointConfigName"], hosted.asked()["name"]) == ("one", "one")
    assert "ping health check" in described["FailureReason"]


def test_traffic_goes_to_variants_by_their_weights(hosted: Hosted) -> None:
    variants = [
        {
            "VariantName": name,
            "ModelName": hosted.model(name),
            "InstanceType": "ml.m5.large",
            "InitialVariantWeight": weight,
        }
        for name, weight in (("one", 1), ("two", 0))
    ]
    hosted.sagemaker.create_endpoint_config(EndpointConfigName="both", ProductionVariants=variants)
    hosted.emulator.pace.slow_start_seconds = 0.5
    hosted.emulator.faults.add("CreateEndpoint", "slow start")
    hosted.endpoint("both")
    assert {hosted.asked()["name"] for _ in range(10)} == {"one"}
    assert hosted.asked(TargetVariant="two")["name"] == "two"
    hosted.sagemaker.update_endpoint_weights_and_capacities(
        EndpointName=ENDPOINT,
        DesiredWeightsAndCapacities=[
            {"VariantName": "one", "DesiredWeight": 0},
            {"VariantName": "two", "DesiredWeight": 1},
        ],
    )
    assert {hosted.asked()["name"] for _ in range(10)} == {"two"}
    assert [one["CurrentWeight"] for one in hosted.described()["ProductionVariants"]] == [0, 1]
    with pytest.raises(ClientError, match="Variant three was not found"):
        hosted.asked(TargetVariant="three")

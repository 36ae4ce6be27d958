"""What the service would refuse is refused, in its words, by the member's path."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from mlplatform_tests.sagemaker_emulator.asked import channel, training

TAGS = [{"Key": f"tag-{number}", "Value": "x"} for number in range(51)]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"TrainingJobName": "a" * 64}, "'trainingJobName' .* length less than or equal to 63"),
        ({"TrainingJobName": "no_underscores"}, "'trainingJobName' .* regular expression pattern: "),
        ({"HyperParameters": {"a": "x" * 2501}}, "'hyperParameters.a.member' .* or equal to 2500"),
        ({"Environment": {"A": "x" * 513}}, "'environment.A.member' .* length less than or equal to 512"),
        ({"Environment": {"1A": "x"}}, "'environment.key' .* pattern"),
        ({"Tags": TAGS}, "'tags' .* length less than or equal to 50"),
        ({"Tags": [{"Key": "a", "Value": "a|b"}]}, r"'tags\.1\.member\.value' .* pattern"),
        ({"StoppingCondition": {"MaxPendingTimeInSeconds": 10**8}}, "maxPendingTimeInSeconds' .* 2419200"),
        ({"RetryStrategy": {"MaximumRetryAttempts": 31}}, "value less than or equal to 30"),
        (
            {"ResourceConfig": {"InstanceType": "ml.huge", "InstanceCount": 1, "VolumeSizeInGB": 1}},
            r"Value 'ml.huge' at 'resourceConfig.instanceType' .* enum value set: \[ml\.",
        ),
        (
            {"InputDataConfig": [channel("a b", "s3://b/c"), channel("c", "ftp://b")]},
            r"2 validation errors.*'inputDataConfig\.1\.member\.channelName'.*'inputDataConfig\.2\.member",
        ),
        ({"InputDataConfig": [channel("a", "s3://b/c")] * 2}, "Channel names must be unique"),
        ({"EnableManagedSpotTraining": True}, "MaxWaitTimeInSeconds must be specified"),
    ],
)
def test_a_request_that_the_model_does_not_allow(emulator: Any, changes: Any, said: str) -> None:
    service = emulator.client("sagemaker")
    with pytest.raises(ClientError, match=said) as error:
        service.create_training_job(**{**training("refused", "true"), **changes})
    assert error.value.response["Error"]["Code"] == "ValidationException"
    assert service.list_training_jobs()["TrainingJobSummaries"] == []


def test_requests_that_moto_answers_are_checked_too(emulator: Any) -> None:
    with pytest.raises(ClientError, match=r"'modelPackageGroupName' .* equal to 63"):
        emulator.client("sagemaker").create_model_package_group(ModelPackageGroupName="a" * 64)


def test_an_operation_that_nobody_answers_is_said_at_once(emulator: Any) -> None:
    with pytest.raises(ClientError, match="does not know ListMonitoringAlertHistory") as error:
        emulator.client("sagemaker").list_monitoring_alert_history()
    assert error.value.response["ResponseMetadata"]["RetryAttempts"] == 0


def test_what_is_required_is_missed(emulator: Any) -> None:
    """By clients that do not look before they send."""
    import boto3
    from botocore.config import Config

    careless = boto3.client(
        "sagemaker",
        endpoint_url=emulator.url,
        region_name="us-east-1",
        aws_access_key_id="a",
        aws_secret_access_key="a",
        config=Config(parameter_validation=False),
    )
    with pytest.raises(ClientError, match=r"Value null at 'roleArn' .* Member must not be null"):
        careless.create_training_job(
            **{name: value for name, value in training("a", "true").items() if name != "RoleArn"}
        )


def test_a_regular_expression_of_a_metric_that_is_none(emulator: Any) -> None:
    request = training("metric", "true")
    request["AlgorithmSpecification"]["MetricDefinitions"] = [{"Name": "loss", "Regex": "loss=(["}]
    with pytest.raises(ClientError, match="Invalid regex"):
        emulator.client("sagemaker").create_training_job(**request)

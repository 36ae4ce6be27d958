"""Requests that the service would refuse are refused here, by the name of the member."""

from typing import Any

import pytest
from botocore.session import Session
from botocore.validate import ParamValidator

from mlplatform.ml.errors import WrongUsage
from mlplatform.resources.aws.jobs.services import tag_list
from mlplatform.resources.aws.limits import refuse_processing_over_limits, refuse_training_over_limits
from mlplatform.resources.processing.sagemaker_request import processing_members
from mlplatform.resources.training.sagemaker_request import Channels, training_members
from mlplatform_tests.resources.aws.configured import settings

CHANNELS = Channels("s3://some-bucket/c/snapshots.manifest", "s3://some-bucket/s/", "s3://some-bucket/k/")


def training(hyperparameters: dict[str, Any] | None = None, **changes: str) -> dict[str, Any]:
    """A whole request, as it is sent."""
    members = training_members(settings(**changes), CHANNELS, hyperparameters or {}, "s3://some-bucket/p/")
    resources = {**members["ResourceConfig"], "InstanceType": "ml.m5.large"}
    tags = tag_list({**settings(**changes).tags, "mlplatform:run:1": "waits"})
    return {**members, "TrainingJobName": "a-1", "ResourceConfig": resources, "Tags": tags}


def processing(inputs: int = 3, **changes: str) -> dict[str, Any]:
    named = {f"input{number}": "s3://some-bucket/i/" for number in range(inputs)}
    members = processing_members(settings(**changes), named, "s3://some-bucket/o/")
    cluster = {**members["ProcessingResources"]["ClusterConfig"], "InstanceType": "ml.m5.large"}
    tags = tag_list(settings(**changes).tags)
    return {
        **members,
        "ProcessingJobName": "a-1",
        "ProcessingResources": {"ClusterConfig": cluster},
        "Tags": tags,
    }


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {
            "MLPLATFORM_SPOT": "yes",
            "MLPLATFORM_SUBNETS": "subnet-1,subnet-2",
            "MLPLATFORM_SECURITY_GROUPS": "sg-1",
            "MLPLATFORM_KMS_KEY": "arn:aws:kms:us-east-1:123456789012:key/1",
            "MLPLATFORM_TAGS": "team=people,cost centre=12",
        },
    ],
)
def test_requests_are_what_the_services_model_says(changes: dict[str, str]) -> None:
    model = Session().get_service_model("sagemaker")
    for operation, request in [
        ("CreateTrainingJob", training({"max_iter": 5}, **changes)),
        ("CreateProcessingJob", processing(**changes)),
    ]:
        shape = model.operation_model(operation).input_shape
        report = ParamValidator().validate(request, shape)
        assert not report.has_errors(), report.generate_report()
    refuse_training_over_limits(training({"max_iter": 5}, **changes))
    refuse_processing_over_limits(processing(**changes))


@pytest.mark.parametrize(
    ("hyperparameters", "member"),
    [
        ({f"p{number}": 1 for number in range(101)}, "HyperParameters: 101 entries"),
        ({"vocabulary": "x" * 2499}, r"HyperParameters\['vocabulary'\]: .* has 2501 characters"),
        ({"n" * 257: 1}, "HyperParameters: the name"),
    ],
)
def test_hyperparameters(hyperparameters: dict[str, Any], member: str) -> None:
    with pytest.raises(WrongUsage, match=f"SageMaker would not take {member}.*nothing was sent"):
        refuse_training_over_limits(training(hyperparameters))
    refuse_training_over_limits(training({"vocabulary": "x" * 2498, "n" * 256: 1}))


@pytest.mark.parametrize(
    ("environment", "member"),
    [
        ({"A": "x" * 513}, r"Environment\['A'\]"),
        ({"1A": "x"}, "Environment: '1A' cannot name a variable"),
        ({f"V{number}": "" for number in range(101)}, "Environment: 101 entries"),
    ],
)
def test_environments(environment: dict[str, str], member: str) -> None:
    with pytest.raises(WrongUsage, match=member):
        refuse_training_over_limits({**training(), "Environment": environment})


def test_a_processing_jobs_environment_is_half_as_wide() -> None:
    given = {"A": "x" * 300}
    refuse_training_over_limits({**training(), "Environment": given})
    with pytest.raises(WrongUsage, match="300 characters, the service takes 256"):
        refuse_processing_over_limits({**processing(), "Environment": given})


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("team=a;b", "other characters"),
        ("aws:team=a", "is taken"),
        ("team=" + "x" * 257, "257 characters"),
        (",".join(f"t{number}=1" for number in range(50)), "51 entries"),
    ],
)
def test_tags(given: str, said: str) -> None:
    with pytest.raises(WrongUsage, match=f"Tags.*{said}"):
        refuse_training_over_limits(training(MLPLATFORM_TAGS=given))


@pytest.mark.parametrize(
    ("changes", "member"),
    [
        ({"MLPLATFORM_SPOT": "yes", "MLPLATFORM_MAX_WAIT": "60"}, "MaxWaitTimeInSeconds: 60 s is less"),
        (
            {
                "MLPLATFORM_SUBNETS": ",".join(f"subnet-{n}" for n in range(17)),
                "MLPLATFORM_SECURITY_GROUPS": "sg-1",
            },
            "VpcConfig.Subnets: 17 entries.*MLPLATFORM_SUBNETS",
        ),
        ({"MLPLATFORM_PREFIX": "p" * 1100}, "S3OutputPath"),
    ],
)
def test_settings_that_the_service_would_not_take(changes: dict[str, str], member: str) -> None:
    with pytest.raises(WrongUsage, match=member):
        refuse_training_over_limits(training(**changes))


def test_processing_jobs_have_fewer_inputs_and_a_shorter_life() -> None:
    with pytest.raises(WrongUsage, match="ProcessingInputs: 11 entries, the service takes 10"):
        refuse_processing_over_limits(processing(11))
    with pytest.raises(WrongUsage, match="MaxRuntimeInSeconds: 800000 s is not between 1 and 777600"):
        refuse_processing_over_limits(processing(MLPLATFORM_MAX_RUNTIME="800000"))


def test_arguments_that_are_too_long() -> None:
    request = processing()
    request["AppSpecification"]["ContainerArguments"] = ["x" * 257]
    with pytest.raises(WrongUsage, match="ContainerArguments"):
        refuse_processing_over_limits(request)


def test_spot_training_has_checkpoints_and_an_end() -> None:
    request = training(MLPLATFORM_SPOT="yes", MLPLATFORM_MAX_RUNTIME="600")
    assert request["EnableManagedSpotTraining"] is True
    assert request["CheckpointConfig"] == {"S3Uri": "s3://some-bucket/p/"}
    assert request["StoppingCondition"] == {"MaxRuntimeInSeconds": 600, "MaxWaitTimeInSeconds": 1200}
    assert "EnableManagedSpotTraining" not in training()
    assert training()["StoppingCondition"] == {"MaxRuntimeInSeconds": 3600}

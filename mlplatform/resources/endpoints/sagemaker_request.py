"""What CreateModel, CreateEndpointConfig and UpdateEndpoint are sent. Pure.

Names follow from the content: the same model on the same instances is one configuration, whoever asks for it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mlplatform.resources.aws.endpoint_names import hosted_name, variant_of
from mlplatform.resources.aws.job_names import content_name
from mlplatform.resources.aws.settings import AwsSettings
from mlplatform.resources.training.sagemaker_request import ENVIRONMENT, network

if TYPE_CHECKING:
    from mlplatform.container.deployments import Deployment

CAPTURED = "captured"
_CSV = ["text/csv"]
_JSON = ["application/json", "application/jsonlines"]
# An update that hangs is taken back by the service after this long beyond its bake.
_SECONDS_TO_UPDATE = 3600


@dataclass(frozen=True)
class Hosting:
    """A model on instances: `model` and `config` are the requests that make both, without tags.

    `update` is how traffic moves from what an endpoint serves now.
    """

    endpoint: str
    variant: str
    model: Mapping[str, Any]
    config: Mapping[str, Any]
    update: Mapping[str, Any]
    tags: tuple[Mapping[str, str], ...]

    @property
    def config_name(self) -> str:
        """The configuration that the endpoint is to have."""
        return str(self.config["EndpointConfigName"])


def hosting_of(settings: AwsSettings, wanted: Deployment, data: str) -> Hosting:
    """`data` is the URI of the model's archive."""
    slug = f"{settings['MLPLATFORM_NAME']}-{wanted.endpoint[:24]}-{wanted.model_version}"
    model = _named("ModelName", slug, _model(settings, data))
    config = _named("EndpointConfigName", slug, _config(settings, wanted, model["ModelName"]))
    own = {
        "mlplatform:use_case": wanted.use_case,
        "mlplatform:model_version": wanted.model_version,
        "mlplatform:evidence": wanted.evidence,
        "mlplatform:approval": wanted.approval,
    }
    return Hosting(
        endpoint=hosted_name(wanted.endpoint, settings),
        variant=variant_of(wanted.model_version),
        model=model,
        config=config,
        update=update_policy(settings),
        tags=tuple({"Key": name, "Value": value} for name, value in {**settings.tags, **own}.items()),
    )


def update_policy(settings: AwsSettings) -> dict[str, Any]:
    """Blue/green: a second fleet takes the traffic when it answers /ping, and an alarm takes it back.

    With several instances, one takes its share first. A single one cannot be divided: it takes all at once,
    and the old one stays through the bake; the service's documentation leaves open which of its two waits
    that is, so both are as long.
    """
    bake = int(settings.number("MLPLATFORM_BAKE_SECONDS"))
    several = int(settings.number("MLPLATFORM_ENDPOINT_INSTANCES")) > 1
    one = {"Type": "INSTANCE_COUNT", "Value": 1}
    routing: dict[str, Any] = {"Type": "CANARY", "CanarySize": one} if several else {"Type": "ALL_AT_ONCE"}
    policy: dict[str, Any] = {
        "BlueGreenUpdatePolicy": {
            "TrafficRoutingConfiguration": {**routing, "WaitIntervalInSeconds": bake},
            "TerminationWaitInSeconds": 0 if several else bake,
            "MaximumExecutionTimeoutInSeconds": _SECONDS_TO_UPDATE + 2 * bake,
        }
    }
    if alarms := settings.several("MLPLATFORM_ALARMS"):
        policy["AutoRollbackConfiguration"] = {"Alarms": [{"AlarmName": name} for name in alarms]}
    return policy


def _model(settings: AwsSettings, data: str) -> dict[str, Any]:
    container = {
        "Image": settings["MLPLATFORM_IMAGE"],
        "ModelDataUrl": data,
        "Environment": dict(ENVIRONMENT),
    }
    role = settings["MLPLATFORM_EXECUTION_ROLE"]
    return {"PrimaryContainer": container, "ExecutionRoleArn": role, **network(settings)}


def _config(settings: AwsSettings, wanted: Deployment, model: str) -> dict[str, Any]:
    key = settings["MLPLATFORM_KMS_KEY"]
    variant = {
        "VariantName": variant_of(wanted.model_version),
        "ModelName": model,
        "InitialInstanceCount": int(settings.number("MLPLATFORM_ENDPOINT_INSTANCES")),
        "InstanceType": settings["MLPLATFORM_ENDPOINT_INSTANCE"],
    }
    capture = {
        "EnableCapture": True,
        "InitialSamplingPercentage": 100,
        "DestinationS3Uri": settings.uri(CAPTURED),
        "CaptureOptions": [{"CaptureMode": "Input"}, {"CaptureMode": "Output"}],
        "CaptureContentTypeHeader": {"CsvContentTypes": _CSV, "JsonContentTypes": _JSON},
        **({"KmsKeyId": key} if key else {}),
    }
    return {
        "ProductionVariants": [variant],
        "DataCaptureConfig": capture,
        **({"KmsKeyId": key} if key else {}),
    }


def _named(member: str, slug: str, content: dict[str, Any]) -> dict[str, Any]:
    return {member: content_name(slug, content), **content}

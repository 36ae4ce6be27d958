"""Models and endpoints as other people ask for them, through boto3 alone."""

from __future__ import annotations

import io
import json
import tarfile
from pathlib import Path
from typing import Any

from mlplatform_tests.asking import Asking
from mlplatform_tests.sagemaker_emulator.server import BUCKET, ROLE, Emulator

IMAGE = "123456789012.dkr.ecr.us-east-1.amazonaws.com/somebody:serving"
PROGRAM = ["python", str(Path(__file__).with_name("other_peoples_serving.py"))]
ENDPOINT = "hosted"


class Hosted:
    """What is asked for to serve models of names; see `other_peoples_serving` for those that are special."""

    def __init__(self, emulator: Emulator) -> None:
        emulator.push(IMAGE, PROGRAM)
        self.emulator = emulator
        self.sagemaker = emulator.client("sagemaker")
        self.runtime = emulator.client("sagemaker-runtime")

    def model(self, name: str, *files: str) -> str:
        """A model of this name."""
        url = f"s3://{BUCKET}/models/{name}/model.tar.gz"
        content = packed({"name": name, **dict.fromkeys(files, "")})
        self.emulator.client("s3").put_object(Bucket=BUCKET, Key=f"models/{name}/model.tar.gz", Body=content)
        container = {"Image": IMAGE, "ModelDataUrl": url}
        self.sagemaker.create_model(ModelName=name, ExecutionRoleArn=ROLE, PrimaryContainer=container)
        return name

    def config(self, name: str, *files: str, **more: Any) -> str:
        """A configuration with such a model, of the same name."""
        variant = {
            "VariantName": "AllTraffic",
            "ModelName": self.model(name, *files),
            "InstanceType": "ml.m5.large",
            "InitialInstanceCount": 1,
        }
        self.sagemaker.create_endpoint_config(EndpointConfigName=name, ProductionVariants=[variant], **more)
        return name

    def endpoint(self, config: str) -> None:
        """The endpoint, in service."""
        self.sagemaker.create_endpoint(EndpointName=ENDPOINT, EndpointConfigName=config)
        self.settled()

    def update(self, config: str, **deployment: Any) -> None:
        """Ask for another configuration."""
        more = {"DeploymentConfig": deployment} if deployment else {}
        self.sagemaker.update_endpoint(EndpointName=ENDPOINT, EndpointConfigName=config, **more)

    def settled(self) -> dict[str, Any]:
        """What is described of the endpoint when boto3's own waiter is content."""
        waiter = self.sagemaker.get_waiter("endpoint_in_service")
        waiter.wait(EndpointName=ENDPOINT, WaiterConfig={"Delay": 0.1, "MaxAttempts": 600})
        return self.described()

    def described(self) -> dict[str, Any]:
        """DescribeEndpoint."""
        return self.sagemaker.describe_endpoint(EndpointName=ENDPOINT)  # type: ignore[no-any-return]

    def asked(self, body: bytes = b"", **members: Any) -> dict[str, Any]:
        """What the container says."""
        answer = self.runtime.invoke_endpoint(EndpointName=ENDPOINT, Body=body, **members)
        return json.loads(answer["Body"].read())  # type: ignore[no-any-return]


def asking(hosted: Hosted) -> Asking:
    """Ask the endpoint without a pause: which models answer."""
    return Asking(lambda: str(hosted.asked()["name"]))


def blue_green(wait: int = 0, *alarms: str, canary: int | None = None, last_wait: int = 0) -> dict[str, Any]:
    """A DeploymentConfig; `canary` is the percentage that goes first."""
    routing: dict[str, Any] = {"Type": "ALL_AT_ONCE", "WaitIntervalInSeconds": wait}
    if canary is not None:
        routing |= {"Type": "CANARY", "CanarySize": {"Type": "CAPACITY_PERCENT", "Value": canary}}
    policy = {"TrafficRoutingConfiguration": routing, "TerminationWaitInSeconds": last_wait}
    watched = {"AutoRollbackConfiguration": {"Alarms": [{"AlarmName": name} for name in alarms]}}
    return {"BlueGreenUpdatePolicy": policy, **(watched if alarms else {})}


def packed(files: dict[str, str]) -> bytes:
    """A tar.gz of files."""
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w:gz") as archive:
        for name, text in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(text)
            archive.addfile(member, io.BytesIO(text.encode()))
    return content.getvalue()

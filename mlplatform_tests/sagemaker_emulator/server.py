"""The emulator as a server of this process."""

from __future__ import annotations

import json
import logging
import threading
import urllib.request
from collections import Counter
from collections.abc import Sequence
from types import TracebackType
from typing import Any

from moto.moto_server.werkzeug_app import MotoRequestHandler
from werkzeug.serving import make_server

from mlplatform_tests.sagemaker_emulator import (  # noqa: F401
    callers,
    endpoint_operations,
    invocations,
    lineage_automatic,
    lineage_operations,
    lineage_queries,
    model_cards,
    model_packages,
    permissions,
    processing_jobs,
    tags,
    training_jobs,
)
from mlplatform_tests.sagemaker_emulator.buckets import client, credentials, point_at
from mlplatform_tests.sagemaker_emulator.data_capture import flush, forget_captures
from mlplatform_tests.sagemaker_emulator.dispatch import CALLS, FAULTS, install
from mlplatform_tests.sagemaker_emulator.endpoints import forget_endpoints
from mlplatform_tests.sagemaker_emulator.faults import Faults
from mlplatform_tests.sagemaker_emulator.front import Front
from mlplatform_tests.sagemaker_emulator.images import forget_images, push
from mlplatform_tests.sagemaker_emulator.jobs import forget_jobs
from mlplatform_tests.sagemaker_emulator.lineage_entities import QUOTAS, reset_quotas
from mlplatform_tests.sagemaker_emulator.pace import PACE, Pace
from mlplatform_tests.sagemaker_emulator.processes import end_all
from mlplatform_tests.sagemaker_emulator.shelves import clear_shelves

BUCKET = "emulated-bucket"
IMAGE = "123456789012.dkr.ecr.us-east-1.amazonaws.com/mlplatform:emulated"
ROLE = "arn:aws:iam::123456789012:role/mlplatform-execution"


class Emulator:
    """Runs until it is closed; `url` is where it answers, on loopback."""

    def __init__(self, port: int = 0) -> None:
        install()
        permissions.install()
        callers.install()
        logging.getLogger("werkzeug").setLevel(logging.ERROR)
        self._server = make_server(
            "127.0.0.1", port, Front(), threaded=True, request_handler=MotoRequestHandler
        )
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        point_at(self.url)
        self.reset()

    @property
    def faults(self) -> Faults:
        """What is to go wrong."""
        return FAULTS

    @property
    def calls(self) -> Counter[str]:
        """How often each operation has been asked for."""
        return CALLS

    @property
    def pace(self) -> Pace:
        """How much of the service's waiting is waited."""
        return PACE

    @property
    def quotas(self) -> dict[str, int]:
        """How many entities of lineage there may be: "Artifact", "Action", "Context", "Association"."""
        return QUOTAS

    def push(self, image: str, program: Sequence[str]) -> None:
        """Let an image run another program than the platform's, with `serve` as its argument."""
        push(image, program)

    def client(self, service: str, access_key: str = "service") -> Any:
        """A boto3 client of the emulator, whatever the environment says.

        What asks with an access key such as `bob` is done by `arn:aws:iam::123456789012:user/bob`.
        """
        return client(service, access_key)

    def set_alarm(self, name: str, state: str) -> None:
        """Let an alarm be in a state, "ALARM" or "OK"; it is made where there is none."""
        cloudwatch = client("cloudwatch")
        if not cloudwatch.describe_alarms(AlarmNames=[name])["MetricAlarms"]:
            cloudwatch.put_metric_alarm(
                AlarmName=name,
                Namespace="emulated",
                MetricName=name[:255],
                Statistic="Sum",
                Period=60,
                EvaluationPeriods=1,
                Threshold=1,
                ComparisonOperator="GreaterThanOrEqualToThreshold",
            )
        cloudwatch.set_alarm_state(
            AlarmName=name, StateValue=state, StateReason="so it was asked", StateReasonData=json.dumps({})
        )

    def flush_captures(self) -> None:
        """Let what endpoints have captured so far be in S3."""
        flush()

    def reset(self) -> None:
        """As if it had just been started: no job, no endpoint, no fault, an empty bucket."""
        self._forget()
        request = urllib.request.Request(f"{self.url}/moto-api/reset", method="POST")
        with urllib.request.urlopen(request, timeout=30):
            pass
        client("s3").create_bucket(Bucket=BUCKET)
        permissions.create_role(client("iam"), ROLE.rpartition("/")[2])
        _push_image(client("ecr"))
        FAULTS.clear()
        CALLS.clear()

    def environment(self) -> dict[str, str]:
        """The variables with which the platform finds it, and what is in it."""
        return {
            **credentials(),
            "MLPLATFORM_BUCKET": BUCKET,
            "MLPLATFORM_IMAGE": IMAGE,
            "MLPLATFORM_EXECUTION_ROLE": ROLE,
            "MLPLATFORM_POLL_SECONDS": "0.2",
        }

    def close(self) -> None:
        """End the server, every job and every endpoint."""
        self._forget()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _forget(self) -> None:
        forget_jobs()
        forget_captures()
        forget_endpoints()
        end_all()
        clear_shelves()
        forget_images()
        PACE.as_usual()
        reset_quotas()

    def __enter__(self) -> Emulator:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _push_image(ecr: Any) -> None:
    """The platform's image, as far as a registry shows it."""
    repository, _, tag = IMAGE.partition("/")[2].partition(":")
    ecr.create_repository(repositoryName=repository)
    manifest = {"schemaVersion": 2, "mediaType": "application/vnd.docker.distribution.manifest.v2+json"}
    ecr.put_image(repositoryName=repository, imageTag=tag, imageManifest=json.dumps(manifest))

"""Where a use case lives: on this machine, or on the emulated SageMaker with S3 and PostgreSQL."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from mlplatform.resources.aws.endpoint_names import hosted_name
from mlplatform.resources.environment import aws, local
from mlplatform.resources.home import open_instance
from mlplatform_tests.asking import Asking
from mlplatform_tests.container.served import serving, until
from mlplatform_tests.history import History
from mlplatform_tests.sagemaker_emulator.server import Emulator

ENDPOINT = "job-change"


@dataclass
class Place:
    """A home whose models answer at `url`, to boto3, under the name `endpoint`.

    `fail_next` lets the next deployment fail after the model itself has passed; `settle` waits until all that
    was asked is captured.
    """

    history: History
    url: str
    endpoint: str
    fail_next: Callable[[], None]
    settle: Callable[[], None]

    def ask(self, rows: list[dict[str, Any]]) -> dict[str, Any]:
        """The endpoint's answer: predictions, and the version of the model that made them."""
        client = boto3.client(
            "sagemaker-runtime",
            endpoint_url=self.url,
            region_name="us-east-1",
            aws_access_key_id="x",
            aws_secret_access_key="x",
            config=Config(retries={"total_max_attempts": 1}),
        )
        answer = client.invoke_endpoint(
            EndpointName=self.endpoint,
            ContentType="application/json",
            Accept="application/json",
            Body=json.dumps(rows).encode(),
        )
        return json.loads(answer["Body"].read())  # type: ignore[no-any-return]


def asking(place: Place, rows: list[dict[str, Any]]) -> Asking:
    """Ask the endpoint without a pause: the versions of the models that answer."""
    return Asking(lambda: str(place.ask(rows)["model_version"]))


@contextmanager
def on_this_machine(home: Path) -> Iterator[Place]:
    """MLPLATFORM_HOME names the home, which has a model server."""
    with open_instance() as instance, serving(home) as server:
        history = History(home, instance)

        def fail_next() -> None:
            """The servers are given no time to load the model."""

            def hasty(folder: Path) -> dict[str, Any]:
                history.environment = local
                resources = local(folder)
                endpoints = resources["endpoints"]
                return {**resources, "endpoints": type(endpoints)(**{**vars(endpoints), "patience": 0.0})}

            history.environment = hasty

        def settle() -> None:
            until(server.captured_files, "a captured request")

        yield Place(history, server.url, ENDPOINT, fail_next, settle)


@contextmanager
def on_sagemaker(home: Path, emulator: Emulator) -> Iterator[Place]:
    """The environment names the home, the emulator and a database."""
    with open_instance() as instance:
        history = History(home, instance, environment=aws)

        def fail_next() -> None:
            emulator.faults.add("UpdateEndpoint", "failing container", 1)

        yield Place(history, emulator.url, hosted_name(ENDPOINT), fail_next, emulator.flush_captures)

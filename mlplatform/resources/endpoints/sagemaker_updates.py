"""Moving an endpoint of SageMaker to another configuration, and seeing which one it really has.

The service takes a bad update back by itself and then says InService, which its waiters take for success. So
what counts is the name of the configuration that it serves in the end.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from mlplatform.ml.errors import NotFitToServe
from mlplatform.resources.aws.clients import Clients, error_code, error_message
from mlplatform.resources.aws.jobs.pausing import pause
from mlplatform.resources.aws.refusals import AwsRefused, told
from mlplatform.resources.endpoints.sagemaker_request import Hosting

log = logging.getLogger(__name__)

_SETTLED = {"InService", "OutOfService", "Failed", "UpdateRollbackFailed"}


@dataclass(frozen=True)
class Serving:
    """An endpoint as the service describes it."""

    status: str
    config: str
    arn: str
    reason: str = ""

    def serves(self, config: str) -> bool:
        """Whether it answers with this configuration."""
        return self.status == "InService" and self.config == config


class Updates:
    """The endpoints of an account; `poll` seconds between two looks at one that moves."""

    def __init__(self, clients: Clients, poll: float) -> None:
        self.clients, self._poll = clients, poll

    def look(self, endpoint: str) -> Serving | None:
        """What the endpoint is doing; None where there is none."""
        try:
            with told(f"looking at the endpoint {endpoint}"):
                found = self.clients.sagemaker.describe_endpoint(EndpointName=endpoint)
        except AwsRefused as error:
            if "could not find" in str(error).lower():
                return None
            raise
        config = str(found.get("EndpointConfigName", ""))
        return Serving(
            found["EndpointStatus"], config, found["EndpointArn"], str(found.get("FailureReason", ""))
        )

    def settled(self, endpoint: str) -> Serving | None:
        """The same, when it moves no more. An interrupt leaves it moving: the next to come waits here."""
        before = ""
        while True:
            found = self.look(endpoint)
            if found is None or found.status in _SETTLED:
                return found
            if found.status != before:
                log.info("endpoint %s: %s", endpoint, found.status)
                before = found.status
            pause(self._poll)

    def move(self, hosting: Hosting) -> Serving:
        """Let the endpoint serve this; nothing happens where it does.

        NotFitToServe, in the service's words, where it serves something else in the end.
        """
        self._make(hosting)
        now = self.settled(hosting.endpoint)
        if now is not None and now.status == "Failed":  # it was never created, and cannot be updated
            self.remove(hosting.endpoint)
            now = None
        if now is None:
            self._create(hosting)
        elif not now.serves(hosting.config_name):
            log.info("endpoint %s: from %s to %s", hosting.endpoint, now.config, hosting.config_name)
            self.update(hosting.endpoint, hosting.config_name, hosting.update)
        found = self.settled(hosting.endpoint)
        if found is None or not found.serves(hosting.config_name):
            said = (found.reason or "no reason given") if found else "it is gone"
            old = f"{found.config} answers on" if found and found.status == "InService" else "nothing answers"
            raise NotFitToServe(
                f"endpoint {hosting.endpoint} did not take {hosting.config_name}: {said}. "
                f"{old}; the containers' log is /aws/sagemaker/Endpoints/{hosting.endpoint}."
            )
        return found

    def update(self, endpoint: str, config: str, policy: Any) -> None:
        """Ask the service to move the traffic. An update that is under way already is waited for."""

        def ask() -> None:
            self.clients.sagemaker.update_endpoint(
                EndpointName=endpoint, EndpointConfigName=config, DeploymentConfig=policy
            )

        # botocore repeats a request whose answer was lost, and the repetition meets its own update
        _once(f"updating the endpoint {endpoint}", ask, "in-progress")

    def remove(self, endpoint: str) -> None:
        """Delete an endpoint and see it go; one that is not there stays so."""
        log.info("deleting the endpoint %s", endpoint)

        def ask() -> None:
            self.clients.sagemaker.delete_endpoint(EndpointName=endpoint)

        _once(f"deleting the endpoint {endpoint}", ask, "could not find")
        while self.look(endpoint) is not None:
            pause(self._poll)

    def _make(self, hosting: Hosting) -> None:
        """The model and the configuration; those that are there have the same content, as their names say."""

        def model() -> None:
            self.clients.sagemaker.create_model(**hosting.model, Tags=list(hosting.tags))

        def config() -> None:
            self.clients.sagemaker.create_endpoint_config(**hosting.config, Tags=list(hosting.tags))

        _once(f"creating the model {hosting.model['ModelName']}", model, "already existing")
        _once(f"creating the endpoint configuration {hosting.config_name}", config, "already existing")

    def _create(self, hosting: Hosting) -> None:
        log.info("creating the endpoint %s with %s", hosting.endpoint, hosting.config_name)

        def ask() -> None:
            self.clients.sagemaker.create_endpoint(
                EndpointName=hosting.endpoint,
                EndpointConfigName=hosting.config_name,
                Tags=list(hosting.tags),
            )

        _once(f"creating the endpoint {hosting.endpoint}", ask, "already existing")


def _once(doing: str, ask: Callable[[], None], done: str) -> None:
    """Ask; a refusal with these words means that it was done before, perhaps by this very request."""
    with told(doing):
        try:
            ask()
        except Exception as error:
            said = error_message(error).lower()
            if error_code(error) != "ValidationException" or done not in said:
                raise

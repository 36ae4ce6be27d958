"""The fleet of an endpoint: the containers of one endpoint configuration."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from mlplatform_tests.sagemaker_emulator.data_capture import flush
from mlplatform_tests.sagemaker_emulator.endpoint_configs import EndpointConfig
from mlplatform_tests.sagemaker_emulator.errors import invalid
from mlplatform_tests.sagemaker_emulator.faults import Fault
from mlplatform_tests.sagemaker_emulator.models import MODELS
from mlplatform_tests.sagemaker_emulator.pace import PACE
from mlplatform_tests.sagemaker_emulator.serving_containers import NotHealthyError, ServingContainer
from mlplatform_tests.sagemaker_emulator.shelves import now

_DRAIN_SECONDS = 70.0  # an invocation takes no longer


class Fleet:
    """One container for each variant, however many instances the variant asks for.

    What models are and what the configuration says is taken when the fleet is made: both may be deleted while
    it runs. `fault` is what is to go wrong while it starts.
    """

    def __init__(self, endpoint: str, config: EndpointConfig, fault: Fault | None) -> None:
        self.config, self.since = config, now()
        self.weights = {
            one["VariantName"]: float(one.get("InitialVariantWeight", 1)) for one in config.variants
        }
        self.counts = {one["VariantName"]: int(one.get("InitialInstanceCount", 1)) for one in config.variants}
        self.models = {
            one["VariantName"]: MODELS.named(one["ModelName"]).container for one in config.variants
        }
        self.containers = {
            one["VariantName"]: ServingContainer(
                endpoint, one, self.models[one["VariantName"]], fault == "failing container"
            )
            for one in config.variants
        }
        self._lacks_capacity = fault == "no capacity"
        self._is_slow = fault == "slow start"
        self._ended = threading.Event()
        self._idle = threading.Condition()
        self._under_way = 0

    def come_up(self) -> None:
        """Start every container, and wait until all are healthy. NotHealthyError where one is not."""
        if self._lacks_capacity:
            raise NotHealthyError(
                "Unable to provision requested ML compute capacity due to InsufficientInstanceCapacity "
                "error. Please retry using a different ML instance type or after some time."
            )
        if self._is_slow:
            self._ended.wait(PACE.slow_start_seconds)
        for container in self.containers.values():
            if self._ended.is_set():
                raise NotHealthyError("The endpoint was deleted.")
            container.start()
        for container in self.containers.values():
            container.come_up(self._ended)

    def variant_for(self, asked: str | None) -> ServingContainer:
        """The container that answers the next request: of the variant that it asks for, or by weight."""
        if asked is not None:
            if asked not in self.containers:
                raise invalid(f"Variant {asked} was not found.")
            return self.containers[asked]
        names = list(self.containers)
        weights = [self.weights[name] for name in names]
        chosen = random.choices(names, weights if any(weights) else None)[0]
        return self.containers[chosen]

    def begin_request(self) -> None:
        """A request is under way: the fleet does not end before `end_request`."""
        with self._idle:
            self._under_way += 1

    def end_request(self) -> None:
        """It is answered."""
        with self._idle:
            self._under_way -= 1
            self._idle.notify_all()

    def end(self) -> None:
        """End it when the requests under way are answered."""
        self._ended.set()
        with self._idle:
            self._idle.wait_for(lambda: not self._under_way, _DRAIN_SECONDS)
        with ThreadPoolExecutor(len(self.containers)) as together:
            list(together.map(ServingContainer.end, self.containers.values()))
        flush()  # what it has captured

    def kill(self) -> None:
        """End it at once."""
        self._ended.set()
        for container in self.containers.values():
            container.kill()


@contextmanager
def answered(fleet: Fleet) -> Iterator[None]:
    """A request that `begin_request` has announced."""
    try:
        yield
    finally:
        fleet.end_request()

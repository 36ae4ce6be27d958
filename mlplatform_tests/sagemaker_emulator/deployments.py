"""How traffic moves to a new fleet: in which steps, with which waits, watched by which alarms."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from typing import Any

from mlplatform_tests.sagemaker_emulator.buckets import client
from mlplatform_tests.sagemaker_emulator.errors import invalid
from mlplatform_tests.sagemaker_emulator.pace import PACE

_LOOK_SECONDS = 0.1  # between two looks at the alarms


class AlarmedError(Exception):
    """An alarm went off while a deployment was watched."""


class Deployment:
    """A DeploymentConfig. ValidationException for one that the service does not take."""

    def __init__(self, config: Mapping[str, Any]) -> None:
        self.config = dict(config)
        policy = config.get("BlueGreenUpdatePolicy", {})
        routing = policy.get("TrafficRoutingConfiguration", config.get("RollingUpdatePolicy", {}))
        self._wait = float(routing.get("WaitIntervalInSeconds", 0))
        self._last_wait = float(policy.get("TerminationWaitInSeconds", 0))
        self.shares = _shares(routing)
        self.alarms = [
            one["AlarmName"] for one in config.get("AutoRollbackConfiguration", {}).get("Alarms", ())
        ]
        if len(config.keys() & {"BlueGreenUpdatePolicy", "RollingUpdatePolicy"}) == 2:
            raise invalid("A deployment has either a blue/green or a rolling update policy.")
        limit = policy.get("MaximumExecutionTimeoutInSeconds")
        if limit is not None and limit < self._wait * len(self.shares) + self._last_wait:
            raise invalid("MaximumExecutionTimeoutInSeconds is less than the deployment's waits together.")
        missing = set(self.alarms) - {one["AlarmName"] for one in self._described()}
        if missing:
            raise invalid(f"Alarms do not exist: {', '.join(sorted(missing))}.")

    def bake(self, ended: threading.Event) -> None:
        """Watch the new fleet after one step. AlarmedError where an alarm goes off."""
        self._watch(self._wait, ended)

    def bake_at_last(self, ended: threading.Event) -> None:
        """Watch it before the old fleet ends. AlarmedError where an alarm goes off."""
        self._watch(self._last_wait, ended)

    def _watch(self, seconds: float, ended: threading.Event) -> None:
        end = time.monotonic() + seconds * PACE.waiting
        while True:
            self.look_at_alarms()
            left = end - time.monotonic()
            if left <= 0 or ended.wait(min(_LOOK_SECONDS, left)):
                return

    def look_at_alarms(self) -> None:
        """AlarmedError where one is on."""
        on = sorted(one["AlarmName"] for one in self._described() if one["StateValue"] == "ALARM")
        if on:
            raise AlarmedError(f"One or more alarms went off during the deployment: {', '.join(on)}.")

    def _described(self) -> list[dict[str, Any]]:
        if not self.alarms:
            return []
        found = client("cloudwatch").describe_alarms(AlarmNames=self.alarms)
        return list(found["MetricAlarms"] + found.get("CompositeAlarms", []))


def _shares(routing: Mapping[str, Any]) -> list[float]:
    """Of the traffic, that the new fleet gets in each step."""
    kind, shares = routing.get("Type", "ALL_AT_ONCE"), []
    if kind == "CANARY":
        shares = [_share(routing.get("CanarySize"), "CanarySize", 0.5)]
    elif kind == "LINEAR":
        step = _share(routing.get("LinearStepSize"), "LinearStepSize", 0.5)
        shares = [step * number for number in range(1, int(1 / step) + 1) if step * number < 1]
    return [*shares, 1.0]


def _share(size: Mapping[str, Any] | None, member: str, most: float) -> float:
    if size is None:
        raise invalid(f"{member} is required for this type of traffic routing.")
    # a fleet of the emulator has one instance for each variant: a number of them is as much as is allowed
    share = size["Value"] / 100 if size["Type"] == "CAPACITY_PERCENT" else most
    if not 0 < share <= most:
        raise invalid(f"{member} must be at most {most:.0%} of the capacity.")
    return float(share)

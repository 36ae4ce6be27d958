"""What can be made to go wrong, once for each time it was asked for."""

from __future__ import annotations

import threading
from collections import defaultdict, deque
from typing import Literal, get_args

from mlplatform_tests.sagemaker_emulator.errors import ServiceError

Fault = Literal[
    "throttling",
    "lost answer",
    "access denied",
    "no quota",
    # of what creates a job
    "no capacity",
    "slow start",
    "failing container",
]
FAULTS_BY_NAME: dict[str, Fault] = {name: name for name in get_args(Fault)}
AFTERWARDS: Fault = "lost answer"


class Faults:
    """Faults that wait for the next requests of an operation, first come first served.

    `denied` are actions, such as "sagemaker:CreateTrainingJob", that nobody may do until `clear`.
    """

    def __init__(self) -> None:
        self._waiting: dict[str, deque[Fault]] = defaultdict(deque)
        self._lock = threading.Lock()
        self.denied: set[str] = set()

    def add(self, operation: str, fault: Fault, times: int = 1) -> None:
        """The next `times` requests of this operation go wrong in this way."""
        with self._lock:
            self._waiting[operation].extend([fault] * times)

    def deny(self, action: str) -> None:
        """Nobody may do this any longer; a simulation of policies says so, too."""
        self.denied.add(action)

    def take(self, operation: str) -> Fault | None:
        """The fault of the request that has just come."""
        if f"sagemaker:{operation}" in self.denied:
            return "access denied"
        with self._lock:
            waiting = self._waiting[operation]
            return waiting.popleft() if waiting else None

    def waiting(self) -> dict[str, list[Fault]]:
        """Those that have not happened, by operation."""
        with self._lock:
            return {operation: list(some) for operation, some in self._waiting.items() if some}

    def clear(self) -> None:
        """Forget those that have not happened."""
        with self._lock:
            self._waiting.clear()
            self.denied.clear()


def error_of(fault: Fault | None, operation: str) -> ServiceError | None:
    """The error that a fault answers with instead of doing anything."""
    if fault == "throttling":
        return ServiceError("ThrottlingException", "Rate exceeded")
    if fault == "access denied":
        action = f"sagemaker:{operation}"
        return ServiceError(
            "AccessDeniedException",
            f"User: arn:aws:sts::123456789012:assumed-role/platform/run is not authorized to perform: "
            f"{action} because no identity-based policy allows it",
        )
    if fault == "no quota":
        return ServiceError(
            "ResourceLimitExceeded",
            "The account-level service limit for this instance type is 0 Instances, with current utilization "
            "of 0 Instances and a request delta of 1 Instances.",
        )
    return None


LOST = ServiceError("InternalFailure", "the answer was lost on the way", 500)

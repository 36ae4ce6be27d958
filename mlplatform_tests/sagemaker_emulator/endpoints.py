"""Endpoints: from the first fleet, over those that replace it, to the end."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable

from mlplatform_tests.sagemaker_emulator.deployments import AlarmedError, Deployment
from mlplatform_tests.sagemaker_emulator.endpoint_fleets import Fleet
from mlplatform_tests.sagemaker_emulator.errors import invalid
from mlplatform_tests.sagemaker_emulator.events import tell
from mlplatform_tests.sagemaker_emulator.operations import Request
from mlplatform_tests.sagemaker_emulator.serving_containers import NotHealthyError
from mlplatform_tests.sagemaker_emulator.shelves import Kept, Shelf, now, shelf_in_words

_LONGEST_REASON = 1024
_SETTLED = {"InService", "Failed"}


class Endpoint(Kept):
    """`live` answers; `coming` is on its way to replace it, and answers a `share` of the requests.

    An update that fails leaves the endpoint InService on its old configuration, with a reason.
    """

    def __init__(self, name: str, arn: str, request: Request, fleet: Fleet, deployment: Deployment) -> None:
        super().__init__(name, arn, request)
        self.status, self.reason = "Creating", ""
        self.live: Fleet | None = None
        self.coming: Fleet | None = fleet
        self.share, self.phase = 0.0, "Creating"
        self.deployment = deployment
        self.first = fleet
        self._ended = threading.Event()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    @property
    def shown(self) -> Fleet:
        """The fleet whose configuration the endpoint is said to have."""
        return self.live or self.first

    def create(self) -> None:
        """Bring the first fleet up."""
        self._work_on(self._create)

    def update(self, fleet: Fleet, deployment: Deployment) -> None:
        """Replace the fleet, blue/green. ValidationException while something else is under way."""
        with self._lock:
            self.refuse_unless_settled()
            if self.status == "Failed":
                raise invalid(f'Cannot update failed endpoint "{self.arn}".')
            self.coming, self.deployment, self.share = fleet, deployment, 0.0
            self._enter("Updating", "", "Creating")
        self._work_on(self._replace)

    def delete(self, forget: Callable[[], object]) -> None:
        """End the fleet, then `forget` the endpoint."""
        with self._lock:
            self.refuse_unless_settled()
            self._enter("Deleting")

        def work() -> None:
            if self.live is not None:
                self.live.end()
            forget()

        self._work_on(work)

    def refuse_unless_settled(self) -> None:
        """ValidationException while something is under way, in the service's words."""
        if self.status not in _SETTLED:
            raise invalid(f'Cannot update in-progress endpoint "{self.arn}".')

    def fleet_for_request(self) -> Fleet | None:
        """The fleet that gets the next request, which it has been told of; None where nothing answers."""
        with self._lock:
            if self.live is None or self.status == "Deleting":
                return None
            takes_new = self.coming is not None and random.random() < self.share
            fleet = self.coming if takes_new and self.coming is not None else self.live
            fleet.begin_request()
            return fleet

    def weigh(self, weights: dict[str, float]) -> None:
        """Other weights of variants, from now on."""
        with self._lock:
            self.refuse_unless_settled()
            unknown = sorted(weights.keys() - self.shown.weights.keys())
            if unknown:
                raise invalid(f"Variants do not exist: {', '.join(unknown)}.")
            self.shown.weights |= weights
            self.changed = now()

    def discard(self) -> None:
        """End whatever is left of it, at once."""
        self._ended.set()
        fleets = [fleet for fleet in (self.live, self.coming) if fleet is not None]
        for fleet in fleets:
            fleet.kill()
        if self._thread is not None:
            self._thread.join(timeout=30)
        for fleet in fleets:
            fleet.end()

    def _work_on(self, work: Callable[[], None]) -> None:
        self._thread = threading.Thread(target=work, daemon=True)
        self._thread.start()

    def _create(self) -> None:
        fleet = self.first
        try:
            fleet.come_up()
        except Exception as error:
            fleet.end()
            with self._lock:
                self.coming = None
                self._enter("Failed", _reason(error))
            return
        with self._lock:
            self.live, self.coming = fleet, None
            tell("endpoint deployed", self)
            self._enter("InService")

    def _replace(self) -> None:
        old, new, deployment = self.live, self.coming, self.deployment
        assert old is not None and new is not None
        try:
            new.come_up()
            for share in deployment.shares:
                self._shift(share)
                deployment.bake(self._ended)
            deployment.bake_at_last(self._ended)
        except Exception as error:
            with self._lock:
                self.share = 0.0
                self._enter("RollingBack")
            new.end()
            with self._lock:
                self.coming = None
                self._enter("InService", f"{_reason(error)} The endpoint still has {old.config.name}.")
            return
        with self._lock:
            self.live, self.coming, self.share = new, None, 0.0
            tell("endpoint deployed", self)
        old.end()
        with self._lock:
            self._enter("InService")

    def _shift(self, share: float) -> None:
        with self._lock:
            self.share, self.phase = share, "Baking"

    def _enter(self, status: str, reason: str = "", phase: str = "") -> None:
        self.status, self.phase, self.changed = status, phase, now()
        self.reason = reason[:_LONGEST_REASON]


ENDPOINTS: Shelf[Endpoint] = shelf_in_words("endpoint", "endpoint")


def forget_endpoints() -> None:
    """End and forget every endpoint."""
    left = ENDPOINTS.all()
    ENDPOINTS.clear()
    for endpoint in left:
        endpoint.discard()


def _reason(error: Exception) -> str:
    known = isinstance(error, NotHealthyError | AlarmedError)
    return str(error) if known else f"ClientError: {type(error).__name__}: {error}"

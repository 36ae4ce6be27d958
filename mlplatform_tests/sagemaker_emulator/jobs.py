"""Jobs that really run: a folder is laid out, a process works in it, and what it leaves is stored."""

from __future__ import annotations

import shutil
import tempfile
import threading
from abc import ABC, abstractmethod
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

from mlplatform_tests.sagemaker_emulator.containers import FAILING, start
from mlplatform_tests.sagemaker_emulator.dispatch import fault_of_this_request
from mlplatform_tests.sagemaker_emulator.errors import ServiceError, invalid, not_found, resource_in_use
from mlplatform_tests.sagemaker_emulator.events import tell
from mlplatform_tests.sagemaker_emulator.logs import Log
from mlplatform_tests.sagemaker_emulator.processes import Line, Process
from mlplatform_tests.sagemaker_emulator.shelves import ARN, now

SECONDS_TO_FINISH = 120.0  # between SIGTERM and SIGKILL
_SLOW_START = 5.0
OVER = {"Completed", "Failed", "Stopped"}
_LOCK = threading.RLock()
JOBS: dict[tuple[str, str], Job] = {}
Some = TypeVar("Some", bound="Job")


class Job(ABC):
    """One job, from its creation on. `reason` is what the service says of a failure."""

    kind = ""  # "training" or "processing"
    log_group = ""
    seconds_to_finish = SECONDS_TO_FINISH

    def __init__(self, name: str, request: Mapping[str, Any]) -> None:
        self.name, self.request = name, request
        self.arn = f"{ARN}:{self.kind}-job/{name}"
        self.tags = {tag["Key"]: tag["Value"] for tag in request.get("Tags", ())}
        self.status, self.phase, self.reason = "InProgress", "Starting", ""
        self.exit_code: int | None = None
        self.created = self.changed = now()
        self.started: datetime | None = None
        self.ended: datetime | None = None
        self.phases: list[tuple[str, datetime]] = [("Starting", self.created)]
        self.folder = Path(tempfile.mkdtemp(prefix="sagemaker-job-"))
        self._container: Process | None = None
        self._timers: list[threading.Timer] = []
        self._told = threading.Event()
        self._stopped_as = "Stopped"
        fault = fault_of_this_request()
        self._lacks_capacity = fault == "no capacity"
        self._fails = fault == "failing container"
        self._waits = _SLOW_START if fault == "slow start" else 0.0
        self._is_discarded = False
        self._thread = threading.Thread(target=self._work, daemon=True)

    def begin(self) -> None:
        """Start its work, once it is known by its name."""
        self._thread.start()

    @abstractmethod
    def lay_out(self) -> None:
        """Put the inputs where the container looks for them."""

    @abstractmethod
    def store(self) -> None:
        """Upload what the container has left."""

    @abstractmethod
    def program(self) -> tuple[list[str], list[str], dict[str, str]]:
        """Entry point, arguments and environment of the container."""

    @abstractmethod
    def words(self) -> str:
        """What the container wrote down about its failure."""

    @abstractmethod
    def summary(self) -> dict[str, Any]:
        """Its members in a listing."""

    def hear(self, line: str) -> None:  # noqa: B027 - not every job listens
        """A line that the container has printed."""

    def while_it_runs(self) -> None:  # noqa: B027 - not every job has something to do
        """Once a second."""

    def stop(self, phase: str = "Stopped") -> None:
        """End it, as StopTrainingJob does or a time limit: `phase` is what it is called in the end."""
        with _LOCK:
            if self.status != "InProgress":
                raise invalid(
                    f"The request was rejected because the {self.kind} job is in status {self.status}."
                )
            self._stopped_as = phase
            self._enter("Stopping", "Stopping")
        self._told.set()
        if self._container is not None:
            self._container.terminate()
            self._later(self.seconds_to_finish, self._container.kill)

    def discard(self) -> None:
        """End whatever is left of it, at once."""
        self._is_discarded = True
        self._told.set()
        if self._container is not None:
            self._container.kill()
        self._thread.join(timeout=30)
        for timer in self._timers:
            timer.cancel()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _work(self) -> None:
        try:
            self._told.wait(self._waits)
            if self._lacks_capacity:
                self._end("Failed", "CapacityError: Unable to provision requested ML compute capacity.")
                return
            self._enter("InProgress", "Downloading")
            self.lay_out()
            code = self._run()
            if not self._told.is_set() and code:
                self._end("Failed", f"AlgorithmError: {self.words()}, exit code: {code}")
                return
            if not self._told.is_set():
                self._enter("InProgress", "Uploading")
            self.store()  # of a stopped job, too
            self._end("Stopped" if self._told.is_set() else "Completed")
        except Exception as error:  # the service's own words for what it could not read or write
            self._end("Failed", f"ClientError: {type(error).__name__}: {error}")
        finally:
            for timer in self._timers:
                timer.cancel()

    def _run(self) -> int:
        self._enter("InProgress", "Training")
        self.started = now()
        entrypoint, arguments, environment = self.program()
        if self._told.is_set():
            return 143
        log = Log(self.log_group, self.name)
        if self._fails:
            entrypoint, arguments = FAILING, []
        self._container = start(entrypoint, arguments, self.folder, environment, self._hearing(log))
        if self._is_discarded:  # meanwhile
            self._container.kill()
        elif self._told.is_set():
            self._container.terminate()
        limit = self.request.get("StoppingCondition", {}).get("MaxRuntimeInSeconds", 86400)
        self._later(limit, self._time_is_up)
        while (code := self._container.wait(1.0)) is None:
            self.while_it_runs()
        self.exit_code = code
        self.ended = now()
        return code

    def _hearing(self, log: Log) -> Line:
        def hear(line: str) -> None:
            self.hear(line)
            log.add(line)

        return hear

    def _time_is_up(self) -> None:
        with suppress(ServiceError):  # it is ending anyhow
            self.stop("MaxRuntimeExceeded")

    def _later(self, seconds: float, do: Any) -> None:
        timer = threading.Timer(seconds, do)
        timer.daemon = True
        self._timers.append(timer)
        timer.start()

    def _enter(self, status: str, phase: str) -> None:
        with _LOCK:
            if self.status not in OVER and (self.status != "Stopping" or status in OVER):
                self.status, self.phase, self.changed = status, phase, now()
                self.phases.append((phase, self.changed))

    def _end(self, status: str, reason: str = "") -> None:
        self.ended = self.ended or now()
        self.reason = reason
        tell("job ended", self)  # whoever sees the end sees what has been made of it
        self._enter(status, self._stopped_as if status == "Stopped" else status)


def create(kind: type[Some], name: str, request: Mapping[str, Any]) -> Some:
    """A new job; ResourceInUse where its name is taken."""
    with _LOCK:
        taken = JOBS.get((kind.kind, name))
        if taken is not None:
            raise resource_in_use(f"{kind.kind.capitalize()} job", taken.arn)
        job = kind(name, request)
        JOBS[kind.kind, name] = job
        tell("job created", job)
        job.begin()
        return job


def named(kind: type[Some], name: str) -> Some:
    """The job of this name."""
    found = JOBS.get((kind.kind, name))
    if not isinstance(found, kind):
        raise not_found()
    return found


def delete(kind: type[Job], name: str) -> None:
    """Forget a job that is over; its name is free again."""
    job = named(kind, name)
    if job.status not in OVER:
        raise invalid(f"The {kind.kind} job is in status {job.status}.")
    with _LOCK:
        del JOBS[kind.kind, name]
    job.discard()


def forget_jobs() -> None:
    """End and forget every job."""
    with _LOCK:
        left = list(JOBS.values())
        JOBS.clear()
    for job in left:
        job.discard()

"""One run at a time works on a use case's sets and models; a second waits and then finds the work done."""

from __future__ import annotations

import logging
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import dagster as dg
from dagster._utils.interrupts import check_captured_interrupt
from filelock import FileLock, Timeout
from pydantic import PrivateAttr

log = logging.getLogger(__name__)


class SingleFlight(dg.ConfigurableResource[Any]):
    """A file lock per use case below `folder`, taken at the first step that asks and held to the run's end.

    The operating system frees it when the process dies, however it dies.
    """

    folder: str
    _held: dict[str, FileLock] = PrivateAttr(default_factory=dict)

    def hold(self, use_case: str) -> None:
        """Return once this run is alone with the use case."""
        if use_case in self._held:
            return
        folder = Path(self.folder)
        folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(folder / f"{use_case}.lock")
        try:
            lock.acquire(timeout=0)
        except Timeout:
            log.info("waiting for another run of %s to end", use_case)
            _wait_for(lock)
        self._held[use_case] = lock

    def release(self) -> None:
        """Let the next run go on."""
        for lock in self._held.values():
            lock.release()
        self._held.clear()

    @contextmanager
    def yield_for_execution(self, context: dg.InitResourceContext) -> Generator[SingleFlight, None, None]:
        """Dagster's resource life cycle: released when the run ends."""
        try:
            yield self
        finally:
            self.release()


def _wait_for(lock: FileLock) -> None:
    """Take the lock when it comes free; a run that is stopped meanwhile stops waiting."""
    while True:
        with suppress(Timeout):
            lock.acquire(timeout=0.5)
            return
        if check_captured_interrupt():  # Dagster holds Ctrl-C back while a step works
            raise KeyboardInterrupt

"""One at a time: a run that works on a use case's sets and models, and whoever decides about its signals."""

from __future__ import annotations

import logging
import time
from abc import ABC, abstractmethod
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from typing import Any, Protocol

import dagster as dg
from dagster._utils.interrupts import check_captured_interrupt
from pydantic import PrivateAttr

log = logging.getLogger(__name__)
_LOOK_EVERY = 0.5  # seconds


class Lock(Protocol):
    """A named lock that its holder's death frees, however it dies."""

    def take(self) -> bool:
        """Whether this process has it now; False while another has it."""
        ...

    def prove(self) -> None:
        """OSError where it was taken and has been lost since."""
        ...

    def free(self) -> None:
        """Let the next one take it."""
        ...


class SingleFlight(dg.ConfigurableResource[Any], ABC):
    """A lock per use case, taken at the first step that asks and held to the run's end."""

    _held: dict[str, Lock] = PrivateAttr(default_factory=dict)

    @abstractmethod
    def lock(self, name: str) -> Lock:
        """The lock of that name, not taken yet."""

    def hold(self, use_case: str) -> None:
        """Return once this run is alone with the use case; a second one then finds the work done."""
        if use_case in self._held:
            self._held[use_case].prove()
            return
        lock = self.lock(use_case)
        if not lock.take():
            log.info("waiting for another run of %s to end", use_case)
            _wait_for(lock)
        self._held[use_case] = lock

    def release(self) -> None:
        """Let the next run go on."""
        for lock in self._held.values():
            lock.free()
        self._held.clear()

    @contextmanager
    def deciding(self, use_case: str, *, wait: bool) -> Iterator[bool]:
        """Be the only one who decides for a use case; without `wait`, False where somebody else is at it."""
        lock = self.lock(f"{use_case}.decisions")
        alone = lock.take()
        if wait and not alone:
            _wait_for(lock)
            alone = True
        try:
            yield alone
        finally:
            if alone:
                lock.free()

    @contextmanager
    def yield_for_execution(self, context: dg.InitResourceContext) -> Generator[SingleFlight, None, None]:
        """Dagster's resource life cycle: released when the run ends."""
        try:
            yield self
        finally:
            self.release()


def _wait_for(lock: Lock) -> None:
    """Take the lock when it comes free; a run that is stopped meanwhile stops waiting."""
    while not lock.take():
        if check_captured_interrupt():  # Dagster holds Ctrl-C back while a step works
            raise KeyboardInterrupt
        time.sleep(_LOOK_EVERY)

"""Locks of one machine."""

from __future__ import annotations

from pathlib import Path

from filelock import FileLock, Timeout

from mlplatform.resources.single_flight import Lock, SingleFlight


class LocalSingleFlight(SingleFlight):
    """Locked files below `folder`; the operating system frees them when their holder dies."""

    folder: str

    def lock(self, name: str) -> Lock:
        """The locked file of that name."""
        return LockedFile(Path(self.folder) / f"{name}.lock")


class LockedFile:
    """See the protocol."""

    def __init__(self, path: Path) -> None:
        self._lock = FileLock(path)

    def take(self) -> bool:
        """See the protocol."""
        Path(self._lock.lock_file).parent.mkdir(parents=True, exist_ok=True)
        try:
            self._lock.acquire(timeout=0)
        except Timeout:
            return False
        return True

    def prove(self) -> None:
        """A file stays locked while the process lives."""

    def free(self) -> None:
        """See the protocol."""
        self._lock.release()

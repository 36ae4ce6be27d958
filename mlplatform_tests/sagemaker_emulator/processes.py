"""Processes of containers: each leads a group of its own, which ends as a whole."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

Line = Callable[[str], None]

REPOSITORY = Path(__file__).parents[2]
# what a container does not inherit from whoever runs the emulator
_OUTSIDE = ("AWS_", "DAGSTER_", "MLPLATFORM_", "PYTEST_", "PYTHON")
# a shell cannot trap what was ignored or blocked when it started, as it may be where the emulator runs
_HEARING = ("env", "--default-signal=TERM,INT")
_RUNNING: set[Process] = set()
_LOCK = threading.Lock()


class Process:
    """A running program; `line` gets each line of its output, from a thread of its own."""

    def __init__(self, command: Sequence[str], environment: Mapping[str, str], line: Line) -> None:
        with _LOCK:
            self._process = subprocess.Popen(
                [*_HEARING, *found(command)],
                env={**inherited(), **environment},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                cwd="/",
                text=True,
                errors="replace",
                start_new_session=True,
            )
            _RUNNING.add(self)
        self._reader = threading.Thread(target=self._read, args=[line], daemon=True)
        self._reader.start()

    @property
    def pid(self) -> int:
        """Of the first process, and of the group."""
        return self._process.pid

    @property
    def code(self) -> int | None:
        """Its exit code as a shell says it: 128 + n where signal n ended it; None while it runs."""
        code = self._process.poll()
        return 128 - code if code is not None and code < 0 else code

    def wait(self, seconds: float | None = None) -> int | None:
        """Its exit code, once it has ended and all its output is handed over; None where it has not."""
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(seconds)
            self.kill()  # what it has left running ends with it, as in a container
            self._reader.join()
            with _LOCK:
                _RUNNING.discard(self)
        return self.code

    def terminate(self) -> None:
        """SIGTERM to the first process, as the service sends it: the rest is that one's business."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """The end of the whole group, at once."""
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)

    def end(self, seconds: float) -> int:
        """SIGTERM, and SIGKILL for what still runs so many seconds later; its exit code."""
        self.terminate()
        code = self.wait(seconds)
        if code is None:
            self.kill()
            code = self.wait()
        assert code is not None
        return code

    def _read(self, line: Line) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as lines:
            for one in lines:
                line(one.rstrip("\n"))


def inherited() -> dict[str, str]:
    """The environment that a container starts from: this machine's, without what is set for others."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(_OUTSIDE)}
    programs = os.pathsep.join((str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)))
    return {**kept, "PATH": programs, "PYTHONPATH": str(REPOSITORY), "PYTHONUNBUFFERED": "1"}


def end_all() -> None:
    """End whatever still runs."""
    with _LOCK:
        left = list(_RUNNING)
    for process in left:
        process.kill()
        process.wait()


def found(command: Sequence[str]) -> list[str]:
    """The command, with the interpreter of the tests for an image's."""
    first, *rest = command
    return [sys.executable if first in {"python", "python3"} else first, *rest]

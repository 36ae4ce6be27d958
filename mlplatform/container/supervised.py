"""Runs a container's work in a child process, and says how it ended when the child cannot.

Why a child: compiled code does not look at signals for as long as it works, the first process of a container
ignores those that it has no handler for, and a process that the kernel killed for lack of memory leaves no
word. The parent imports nothing heavy, hears SIGTERM at once, and never leaves half a result behind.
"""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import FrameType

_SECONDS_TO_FINISH = 30  # the service kills a container 120 s after it was told to end


def supervised(module: str, base: Path, failure: Path, result: Path) -> int:
    """Run `python -m module base`; its exit code, or 128 + n where signal n ended it.

    `failure` is where the reason of a failure is written down, and `result` the folder of what is made: it is
    empty unless the child ended with 0. SIGTERM and SIGINT are handed on to the child.
    """
    child = _Child(module, base)
    code = child.wait()
    if code == 0:
        return 0
    _emptied(result)
    if not failure.exists():
        failure.parent.mkdir(parents=True, exist_ok=True)
        failure.write_text(_reason(code, child.told), encoding="utf-8")
    return code if code > 0 else 128 - code


class _Child:
    """The process that works. `told` is the signal that it was asked to end with, or None."""

    def __init__(self, module: str, base: Path) -> None:
        self.told: int | None = None
        self._deadline = float("inf")
        self._process: subprocess.Popen[bytes] | None = None
        for number in (signal.SIGTERM, signal.SIGINT):  # first, so that none is missed
            signal.signal(number, self._end)
        self._process = subprocess.Popen([sys.executable, "-m", module, str(base)])  # noqa: S603 - our own
        if self.told is not None:
            self._process.terminate()

    def wait(self) -> int:
        """The exit code, -n for an end by signal n; a child that does not end when told to is killed."""
        assert self._process is not None  # noqa: S101 - set in __init__
        while True:
            try:
                return self._process.wait(timeout=1)
            except subprocess.TimeoutExpired:
                if time.monotonic() > self._deadline:
                    self._process.kill()

    def _end(self, number: int, frame: FrameType | None) -> None:
        self.told = number
        self._deadline = min(self._deadline, time.monotonic() + _SECONDS_TO_FINISH)
        if self._process is not None:
            self._process.terminate()


def _reason(code: int, told: int | None) -> str:
    if told is not None:
        return f"stopped by {signal.Signals(told).name} before it was finished"
    if code == -signal.SIGKILL:
        return "killed, most likely because memory ran out: choose an instance type with more memory"
    if code < 0:
        return f"ended by {signal.Signals(-code).name}: see the log"
    return f"ended with exit code {code} before it could say why: see the log"


def _emptied(folder: Path) -> None:
    """Remove what is in a folder, not the folder: in a container it may be a mount."""
    for path in folder.iterdir() if folder.is_dir() else ():
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)

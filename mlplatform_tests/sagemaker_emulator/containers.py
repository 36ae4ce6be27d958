"""A job's container: a process that finds below its own folder what a container finds in /opt/ml."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from mlplatform_tests.sagemaker_emulator.buckets import client

OPT_ML = "/opt/ml"
_OUR_PROGRAM = ["python", "-m", "mlplatform.container"]
# unshare gives the process a view of the file system of its own, in which its folder is mounted at /opt/ml
_MOUNTED = (
    'test -d /opt/ml || { mount -t tmpfs none /opt && mkdir -p /opt/ml; }; mount --bind "$0" /opt/ml && '
    'exec "$@"'
)


def command_of(entrypoint: Sequence[str], arguments: Sequence[str], base: Path) -> list[str]:
    """What is started: the image's own program, unless the request names another."""
    words = [*(entrypoint or _OUR_PROGRAM), *arguments]
    if words[0] in {"python", "python3"}:
        words[0] = sys.executable
    if list(entrypoint or _OUR_PROGRAM) == _OUR_PROGRAM:
        return [*words, str(base)]
    return ["unshare", "-rm", "sh", "-c", _MOUNTED, str(base), *words]


class Container:
    """A running container."""

    def __init__(self, command: list[str], environment: Mapping[str, str]) -> None:
        inherited = {
            name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "DAGSTER_"))
        }
        self._process = subprocess.Popen(
            command,
            env={**inherited, **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def follow(self, line: Callable[[str], None]) -> int:
        """Hand over each line until it ends; its exit code."""
        assert self._process.stdout is not None
        with self._process.stdout as lines:
            for one in lines:
                line(one.rstrip("\n"))
        return self._process.wait()

    def terminate(self) -> None:
        """SIGTERM to its first process, as the service sends it."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """The end of all its processes."""
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)


class Log:
    """The log stream of one container."""

    def __init__(self, group: str, job: str) -> None:
        self._logs: Any = client("logs")
        self._where = {"logGroupName": group, "logStreamName": f"{job}/algo-1-{time.time_ns()}"}
        with suppress(self._logs.exceptions.ResourceAlreadyExistsException):
            self._logs.create_log_group(logGroupName=group)
        self._logs.create_log_stream(**self._where)

    def add(self, line: str) -> None:
        """One line; the service keeps no empty ones."""
        if line.strip():
            event = {"timestamp": int(time.time() * 1000), "message": line}
            self._logs.put_log_events(**self._where, logEvents=[event])

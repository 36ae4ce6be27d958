"""What containers print, in CloudWatch, while they run."""

from __future__ import annotations

import threading
import time
from contextlib import suppress
from typing import Any

from mlplatform_tests.sagemaker_emulator.buckets import client

_STREAM = threading.Lock()


class Log:
    """The log stream of one container: `<job>/algo-1-<number>`, or another name that is given."""

    def __init__(self, group: str, job: str, stream: str = "") -> None:
        self._logs: Any = client("logs")
        name = stream or f"{job}/algo-1-{time.time_ns() // 1_000_000}"
        self._where = {"logGroupName": group, "logStreamName": name}
        with _STREAM, suppress(self._logs.exceptions.ResourceAlreadyExistsException):
            self._logs.create_log_group(logGroupName=group)
        with suppress(self._logs.exceptions.ResourceAlreadyExistsException):
            self._logs.create_log_stream(**self._where)

    def add(self, line: str) -> None:
        """One line; the service keeps no empty ones."""
        if line.strip():
            event = {"timestamp": int(time.time() * 1000), "message": line}
            with suppress(self._logs.exceptions.ResourceNotFoundException):  # everything was forgotten
                self._logs.put_log_events(**self._where, logEvents=[event])

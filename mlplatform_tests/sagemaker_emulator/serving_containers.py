"""The container of an endpoint's variant: a process with its model unpacked, asked over HTTP."""

from __future__ import annotations

import http.client
import random
import shutil
import socket
import tempfile
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from uuid import uuid4

from mlplatform.container.packed import unpack
from mlplatform_tests.sagemaker_emulator.buckets import client, download, split
from mlplatform_tests.sagemaker_emulator.containers import FAILING, start
from mlplatform_tests.sagemaker_emulator.images import entrypoint_of
from mlplatform_tests.sagemaker_emulator.logs import Log
from mlplatform_tests.sagemaker_emulator.pace import PACE
from mlplatform_tests.sagemaker_emulator.processes import Process

_STARTUP_SECONDS = 240.0  # "around four minutes"
_PING_SECONDS = 2.0
_INVOCATION_SECONDS = 60.0
_TERMINATION_SECONDS = 30.0
_PORTS = range(20_000, 32_000)  # none of those that the kernel gives to clients by itself


class NotHealthyError(Exception):
    """A container that does not come up, in the service's words."""


class ServingContainer:
    """One container of a variant; `fails` lets it end at once, as a broken image does."""

    def __init__(
        self, endpoint: str, variant: Mapping[str, Any], container: Mapping[str, Any], fails: bool
    ) -> None:
        self.variant = str(variant["VariantName"])
        self.stream = f"{self.variant}/i-{uuid4().hex[:17]}"
        self.group = f"/aws/sagemaker/Endpoints/{endpoint}"
        self._limit = float(variant.get("ContainerStartupHealthCheckTimeoutInSeconds", _STARTUP_SECONDS))
        self._container, self._fails = container, fails
        self._folder: Path | None = None
        self._port = 0
        self._process: Process | None = None

    @property
    def pid(self) -> int | None:
        """Of its first process."""
        return self._process.pid if self._process else None

    def start(self) -> None:
        """Unpack the model and start the process. NotHealthyError where there is no such model."""
        self._folder = Path(tempfile.mkdtemp(prefix="sagemaker-endpoint-"))
        self._unpack(self._folder / "model")
        self._port = _free_port()
        environment = {**self._container.get("Environment", {}), "SAGEMAKER_BIND_TO_PORT": str(self._port)}
        entrypoint, arguments = entrypoint_of(self._container["Image"]), ["serve"]
        if self._fails:
            entrypoint, arguments = FAILING, []
        log = Log(self.group, self.variant, self.stream)
        self._process = start(entrypoint, arguments, self._folder, environment, log.add)

    def come_up(self, ended: threading.Event) -> None:
        """Wait until /ping says 200, or until `ended`. NotHealthyError where it does not in time."""
        assert self._process is not None
        limit = time.monotonic() + (self._limit if PACE.startup_seconds is None else PACE.startup_seconds)
        while not self._is_healthy():
            if self._process.code is not None or time.monotonic() > limit:
                raise NotHealthyError(
                    f"The primary container for production variant {self.variant} did not pass the ping "
                    "health check. Please check CloudWatch logs for this endpoint."
                )
            if ended.wait(0.1):
                raise NotHealthyError("The endpoint was deleted.")

    def invoke(self, headers: Mapping[str, str], body: bytes) -> tuple[int, Mapping[str, str], bytes]:
        """What it answers to /invocations: status, headers, body. OSError where it does not answer."""
        return self._ask("POST", "/invocations", _INVOCATION_SECONDS, headers, body)

    def end(self) -> None:
        """SIGTERM, SIGKILL after the time that the service gives, and nothing left behind."""
        if self._process is not None:
            self._process.end(_TERMINATION_SECONDS)
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)

    def kill(self) -> None:
        """End it at once."""
        if self._process is not None:
            self._process.kill()

    def _is_healthy(self) -> bool:
        try:
            return self._ask("GET", "/ping", _PING_SECONDS, {}, b"")[0] == 200
        except (OSError, http.client.HTTPException):
            return False

    def _ask(
        self, method: str, path: str, seconds: float, headers: Mapping[str, str], body: bytes
    ) -> tuple[int, Mapping[str, str], bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=seconds)
        try:
            connection.request(method, path, body or None, dict(headers))
            answer = connection.getresponse()
            return answer.status, dict(answer.headers.items()), answer.read()
        finally:
            connection.close()

    def _unpack(self, folder: Path) -> None:
        folder.mkdir()
        source = self._container.get("ModelDataSource", {}).get("S3DataSource", {})
        uri = self._container.get("ModelDataUrl") or source.get("S3Uri")
        if uri is None:
            return
        try:
            if source.get("CompressionType") == "None":
                download("S3Prefix", uri, folder)
            else:
                bucket, key = split(uri)
                archive = folder.with_name(f"{folder.name}.tar.gz")
                client("s3").download_file(bucket, key, str(archive))
                folder.rmdir()
                unpack(archive, folder)
                archive.unlink()
        except Exception as error:  # no object, no archive
            raise NotHealthyError(
                f'Failed to download model data for container "container_1" from URL "{uri}". Please ensure '
                "that there is an object located at the URL and that the role passed to CreateModel has "
                f"permissions to download the model. ({type(error).__name__})"
            ) from error


def _free_port() -> int:
    """A port that nobody listens at now."""
    while True:
        port = random.choice(_PORTS)
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("0.0.0.0", port))
            except OSError:
                continue
        return port

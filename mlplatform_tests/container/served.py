"""Models to serve, requests for them, and model servers as processes of their own."""

from __future__ import annotations

import csv
import hashlib
import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mlplatform.container.code import folder_sha256
from mlplatform.container.deployments import Deployment, write_deployment
from mlplatform.defs.job_change.sample import generate

ENDPOINT = "job-change"
FEATURE = '"city_development_index": rows["city_development_index"].astype("float64"),'
OTHER_FEATURE = '"city_development_index": 1 - rows["city_development_index"].astype("float64"),'


def model_folder(home: Path) -> Path:
    """The folder of the model that was trained in this home."""
    folder = home / "snapshots" / "job_change" / "model"
    return next(path for path in sorted(folder.iterdir()) if (path / "manifest.json").exists())


def another_model(home: Path, name: str = "zzzzzzzzzzzz") -> Path:
    """A copy of the trained model that answers otherwise: other code, and a manifest that says so.

    Its name comes after any version, so that `model_folder` still finds the trained one.
    """
    source = model_folder(home)
    folder = source.with_name(name)
    for path in sorted(source.rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts:
            target = folder / path.relative_to(source)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(path.read_bytes())
    features = folder / "code" / "features.py"
    text = features.read_text()
    assert FEATURE in text
    features.write_text(text.replace(FEATURE, OTHER_FEATURE))
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest |= {"version": name, "code_sha256": folder_sha256(folder / "code")}
    (folder / "manifest.json").write_text(json.dumps(manifest))
    return folder


def deployment(home: Path, folder: Path, endpoint: str = ENDPOINT, **changes: str) -> Deployment:
    """What serves the model in this folder."""
    manifest = json.loads((folder / "manifest.json").read_text())
    fields = {
        "endpoint": endpoint,
        "use_case": "job_change",
        "model_version": manifest["version"],
        "model": folder.relative_to(home / "snapshots").as_posix(),
        "artifact_sha256": manifest["artifact_sha256"],
        "code_sha256": manifest["code_sha256"],
        "evidence": hashlib.sha256(b"evidence").hexdigest(),
        "approval": hashlib.sha256(b"approval").hexdigest(),
    }
    return Deployment(**{**fields, **changes})


def deploy(home: Path, folder: Path, endpoint: str = ENDPOINT, **changes: str) -> Deployment:
    """Make an endpoint of this home serve the model in this folder."""
    wanted = deployment(home, folder, endpoint, **changes)
    write_deployment(home / "endpoints", wanted)
    return wanted


def some_rows(count: int, seed: int = 3) -> list[dict[str, Any]]:
    """Rows as a client has them: numbers, texts, and null for what is unknown."""
    lines = generate(rows=count, seed=seed).drop(columns="target").to_csv(index=False).splitlines()
    rows: list[dict[str, Any]] = [{k: v or None for k, v in row.items()} for row in csv.DictReader(lines)]
    for row in rows:
        row["enrollee_id"], row["training_hours"] = int(row["enrollee_id"]), int(row["training_hours"])
        row["city_development_index"] = float(row["city_development_index"])
    return rows


@dataclass(frozen=True)
class Server:
    """A running `mlplatform serve`."""

    url: str
    process: subprocess.Popen[bytes]
    log: Path
    home: Path

    def ask(
        self, body: Any, path: str = f"/endpoints/{ENDPOINT}/invocations", **headers: str
    ) -> tuple[int, dict[str, str], Any]:
        """(status, headers in lower case, JSON) of a POST; a body that is no bytes is sent as JSON."""
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        given = {"Content-Type": "application/json", **{k.replace("_", "-"): v for k, v in headers.items()}}
        return self._asked(urllib.request.Request(self.url + path, data, given))

    def get(self, path: str, **headers: str) -> tuple[int, dict[str, str], Any]:
        """(status, headers, JSON) of a GET; None where there is no body."""
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        return self._asked(urllib.request.Request(self.url + path, headers=given))

    @staticmethod
    def _asked(request: urllib.request.Request) -> tuple[int, dict[str, str], Any]:
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                status, headers, body = answer.status, answer.headers, answer.read()
        except urllib.error.HTTPError as error:
            status, headers, body = error.code, error.headers, error.read()
        return status, {k.lower(): v for k, v in headers.items()}, json.loads(body) if body else None

    def endpoint(self, name: str = ENDPOINT) -> dict[str, Any]:
        """What GET /endpoints says of one; empty where it is not served."""
        described: dict[str, Any] = self.get("/endpoints")[2].get(name, {})
        return described

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self.url.rpartition(":")[2])

    def stop(self) -> int:
        """Ask it to end; its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=60)

    def captured_files(self) -> list[Path]:
        """Capture files of this home."""
        return sorted((self.home / "captured").rglob("*.jsonl"))


def until(is_so: Callable[[], object], what: str) -> None:
    """Wait until something is so."""
    end = time.monotonic() + 60
    while not is_so():
        assert time.monotonic() < end, f"{what} did not come about"
        time.sleep(0.05)


def environment_of(home: Path, **changes: str) -> dict[str, str]:
    """The environment of a program with this home, without what the caller's says of it."""
    dropped = ("DAGSTER_HOME", "MLPLATFORM_ENV", "MLPLATFORM_SERVE_TOKEN")
    inherited = {name: value for name, value in os.environ.items() if name not in dropped}
    return {**inherited, "MLPLATFORM_HOME": str(home), **changes}


@contextmanager
def serving(home: Path, *arguments: str, **environment: str) -> Iterator[Server]:
    """`mlplatform serve` on a free port, until the block ends."""
    log = home.parent / f"server-{time.monotonic_ns()}.log"
    command = [sys.executable, "-m", "mlplatform", "serve", "--port", "0", *arguments]
    with log.open("wb") as file:
        process = subprocess.Popen(
            command, env=environment_of(home, **environment), cwd=home.parent, stderr=file
        )
    try:

        def address() -> str | None:
            assert process.poll() is None, log.read_text()
            found = re.search(r"Model server: http://\S+:(\d+)", log.read_text())
            return found and f"http://127.0.0.1:{found[1]}"

        until(address, "the server's address")
        yield Server(address() or "", process, log, home)
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()


@contextmanager
def container(base: Path, log: Path, *, ready: bool = True) -> Iterator[Server]:
    """The serving program of a container over a base folder, until the block ends.

    Without `ready` the block begins as soon as it listens, else when /ping says that the model answers.
    """
    command = [sys.executable, "-m", "mlplatform.container", "serve", str(base)]
    with log.open("wb") as file:
        process = subprocess.Popen(command, env=environment_of(base, SAGEMAKER_BIND_TO_PORT="0"), stderr=file)
    try:

        def address() -> str | None:
            assert process.poll() is None, log.read_text()
            found = re.search(r"serving at http://\S+:(\d+)", log.read_text())
            return found and f"http://127.0.0.1:{found[1]}"

        until(address, "the container's address")
        server = Server(address() or "", process, log, base)
        if ready:
            until(lambda: server.get("/ping")[0] == 200, "a model that answers")
        yield server
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()

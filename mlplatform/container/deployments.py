"""What is to be served, and what each running server makes of it: small files below one root folder.

<root>/<endpoint>/deployment.json     what is to be served; written whole, by whoever deploys
<root>/servers/<server>.json          what a running server serves; written whole, by that server alone
<root>/servers/<server>.lock          held by that server while it lives, however it dies
"""

from __future__ import annotations

import json
import logging
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path, PurePosixPath
from typing import Any
from uuid import uuid4

from filelock import FileLock, Timeout

from mlplatform.ml.errors import MLPlatformError
from mlplatform.ml.hashing import digest

DEPLOYMENT = "deployment.json"
SERVERS = "servers"
LIVE, REFUSED = "live", "refused"
_NAME = re.compile(r"[a-zA-Z0-9](-?[a-zA-Z0-9]){0,62}")  # SageMaker's rule for endpoints
_VERSION = re.compile(r"[A-Za-z0-9_.:+-]{1,256}")  # it travels in a header
log = logging.getLogger(__name__)


class BrokenDeployment(MLPlatformError):
    """A deployment's file is no deployment."""


@dataclass(frozen=True)
class Deployment:
    """A model and the endpoint it is to answer at, with what proves that it may.

    `model` is the model's folder, a posix path below a root of models. `artifact_sha256` and `code_sha256`
    are what was approved; `evidence` and `approval` name the records that say so.
    """

    endpoint: str
    use_case: str
    model_version: str
    model: str
    artifact_sha256: str
    code_sha256: str
    evidence: str
    approval: str

    @property
    def id(self) -> str:
        """Hex sha256 over all fields."""
        return digest(self.to_json())

    def to_json(self) -> dict[str, str]:
        """All fields, as they stand in the file."""
        return asdict(self)

    @classmethod
    def from_json(cls, document: Any) -> Deployment:
        """The deployment that `to_json` gave; fields it does not know are passed over. BrokenDeployment."""
        names = [one.name for one in fields(cls)]
        lacking = [one for one in names if not isinstance(document, dict) or one not in document]
        if lacking:
            raise BrokenDeployment(f"a deployment needs {', '.join(lacking)}. Deploy again.")
        wrong = [one for one in names if not isinstance(document[one], str)]
        if wrong:
            raise BrokenDeployment(f"{', '.join(wrong)} of a deployment must be text. Deploy again.")
        deployment = cls(**{one: document[one] for one in names})
        path = PurePosixPath(deployment.model)
        if not path.parts or path.is_absolute() or ".." in path.parts or "\\" in deployment.model:
            raise BrokenDeployment(f"{deployment.model!r} is no path below the root of models. Deploy again.")
        if not _NAME.fullmatch(deployment.endpoint) or deployment.endpoint == SERVERS:
            raise BrokenDeployment(
                f"{deployment.endpoint!r} cannot name an endpoint: letters, digits and '-'."
            )
        if not _VERSION.fullmatch(deployment.model_version):
            raise BrokenDeployment(f"{deployment.model_version!r} is no version of a model. Deploy again.")
        return deployment


def deployment_file(root: Path, endpoint: str) -> Path:
    """Where an endpoint's deployment stands; without the file, the endpoint answers no more."""
    return root / endpoint / DEPLOYMENT


def write_deployment(root: Path, deployment: Deployment) -> Path:
    """Make this what the endpoint serves; servers on this root take it over within a second or so.

    The same deployment again changes nothing. Raises BrokenDeployment, OSError.
    """
    Deployment.from_json(deployment.to_json())
    path = deployment_file(root, deployment.endpoint)
    _write_whole(path, deployment.to_json())
    return path


def read_deployments(root: Path) -> dict[str, Deployment | str]:
    """By endpoint, what is to be served; the reason as text where a file cannot be used."""
    found: dict[str, Deployment | str] = {}
    for path in sorted(root.glob(f"*/{DEPLOYMENT}")):
        endpoint = path.parent.name
        try:
            deployment = Deployment.from_json(json.loads(path.read_bytes()))
            if deployment.endpoint != endpoint:
                raise BrokenDeployment(f"it names the endpoint {deployment.endpoint!r}. Deploy again.")
            found[endpoint] = deployment
        except FileNotFoundError:
            continue
        except (OSError, ValueError, RecursionError, BrokenDeployment) as error:
            found[endpoint] = f"{path} cannot be used: {error}"
    return found


@dataclass(frozen=True)
class EndpointState:
    """What a server made of the deployment it saw last: LIVE, or REFUSED with the reason.

    `deployment` is its id; empty where the file could not be read. After a refusal the server goes on with
    the deployment it had before, if any.
    """

    deployment: str
    state: str
    reason: str = ""


@dataclass(frozen=True)
class Report:
    """A running server: where it answers, and its state by endpoint; one still being loaded is absent."""

    server: str
    address: str
    endpoints: Mapping[str, EndpointState] = field(default_factory=dict)


def live_reports(root: Path) -> list[Report]:
    """Reports of the servers that run now. What dead ones left behind is removed."""
    reports = []
    for path in sorted((root / SERVERS).glob("*.json")):
        lock = FileLock(path.with_suffix(".lock"), thread_local=False)
        try:
            with lock.acquire(timeout=0):
                path.unlink(missing_ok=True)
                Path(lock.lock_file).unlink(missing_ok=True)
            continue
        except Timeout:
            pass
        with suppress(FileNotFoundError):  # it ended a moment ago
            reports.append(_report(path))
    return reports


def _report(path: Path) -> Report:
    document = json.loads(path.read_bytes())
    states = {name: EndpointState(**one) for name, one in document["endpoints"].items()}
    return Report(path.stem, document["address"], states)


@contextmanager
def present(root: Path, server: str) -> Iterator[Presence]:
    """While the block runs, the server counts as alive; afterwards nothing of it is left."""
    folder = root / SERVERS
    folder.mkdir(parents=True, exist_ok=True)
    # The lock comes before the report: a report whose lock is free is taken for a dead server's.
    lock = FileLock(folder / f"{server}.lock", thread_local=False)
    with lock.acquire(timeout=10):
        presence = Presence(folder / f"{server}.json")
        try:
            yield presence
        finally:
            presence.path.unlink(missing_ok=True)
            Path(lock.lock_file).unlink(missing_ok=True)


@dataclass(frozen=True)
class Presence:
    """A running server's own report."""

    path: Path

    def tell(self, address: str, endpoints: Mapping[str, EndpointState]) -> None:
        """Replace the report. A full disk is logged: what is served does not depend on it."""
        states = {name: asdict(state) for name, state in endpoints.items()}
        try:
            _write_whole(self.path, {"address": address, "endpoints": states})
        except OSError as error:
            log.warning("the report %s cannot be written: %s", self.path, error)


def _write_whole(path: Path, document: Any) -> None:
    """A reader sees the old file or the new one, after a power cut too."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".tmp-{uuid4().hex}")
    try:
        with temporary.open("wb") as file:
            file.write(json.dumps(document, indent=2, sort_keys=True).encode())
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    finally:
        temporary.unlink(missing_ok=True)

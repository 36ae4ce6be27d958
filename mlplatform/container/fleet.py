"""The models that a server holds, one for each endpoint, and how they follow the deployments.

A new model is proven, loaded and tried beside the old one, off the path of the requests; then one reference
is replaced. Requests that are under way finish with the model they began with. A model that cannot be proven
or loaded is refused with the reason, and the old one answers on.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from mlplatform.container.deployments import LIVE, REFUSED, Deployment, EndpointState, read_deployments
from mlplatform.container.scoring import Model
from mlplatform.container.serving import ServedModel
from mlplatform.ml.blame import in_own_words
from mlplatform.ml.errors import DamagedSnapshot, MLPlatformError

_LOOK_EVERY = 0.2
_TRY_AGAIN_AFTER = 5.0  # seconds after which a refused model is tried again: it may have been mended
log = logging.getLogger(__name__)
Tell = Callable[[Mapping[str, EndpointState]], None]


@dataclass(frozen=True)
class Live:
    """A model that answers, and the id of the deployment that asked for it."""

    deployment: str
    model: ServedModel


@dataclass
class Endpoint:
    """An endpoint of this server. `live` and `state` are replaced as a whole by the thread that follows the
    deployments; the counts are the event loop's.

    `state` is about the deployment seen last, None while the first one is being loaded. `refused` counts
    requests that the client has to mend, `failed` those that the server could not answer.
    """

    name: str
    live: Live | None = None
    state: EndpointState | None = None
    requests: int = 0
    rows: int = 0
    refused: int = 0
    failed: int = 0

    @property
    def why_not(self) -> str:
        """Why no model answers."""
        return self.state.reason if self.state else "the model is being loaded"


class Fleet:
    """The endpoints of one server. `tell` is called with all states whenever one of them changes."""

    def __init__(self, deployments: Path, models: Path, tell: Tell) -> None:
        self.endpoints: dict[str, Endpoint] = {}
        self._deployments = deployments
        self._models = models
        self._tell = tell
        self._again: dict[str, float] = {}

    @property
    def is_loaded(self) -> bool:
        """Always: a server listens only after the first look."""
        return True

    @property
    def states(self) -> dict[str, EndpointState]:
        """By endpoint, as far as its deployment has been looked at."""
        return {name: one.state for name, one in self.endpoints.items() if one.state}

    @contextmanager
    def following(self) -> Iterator[None]:
        """Hold what is deployed now, and follow the deployments in a thread while the block runs."""
        ended = threading.Event()

        def follow() -> None:
            while not ended.wait(_LOOK_EVERY):
                try:
                    self.look()
                except Exception as error:  # a disk that is gone for a moment, say: look again
                    log.warning("the deployments cannot be read: %s", error)

        self.look()
        self._tell(self.states)  # that nothing is deployed, too
        thread = threading.Thread(target=follow, name="deployments", daemon=True)
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()

    def look(self) -> None:
        """Take over what has changed since the last look."""
        wanted = read_deployments(self._deployments)
        gone = [name for name in self.endpoints if name not in wanted]
        changed = bool(gone)
        if gone:
            log.info("no longer deployed: %s", ", ".join(gone))
            self.endpoints = {name: one for name, one in self.endpoints.items() if name in wanted}
        for name, deployment in wanted.items():
            if name not in self.endpoints:
                self.endpoints = {**self.endpoints, name: Endpoint(name)}
            if self._is_news(self.endpoints[name], deployment):
                changed |= self._take_over(self.endpoints[name], deployment)
        if changed:
            self._tell(self.states)

    def _is_news(self, endpoint: Endpoint, deployment: Deployment | str) -> bool:
        state = endpoint.state
        if isinstance(deployment, str):
            return state is None or state.reason != deployment
        if state is None or state.deployment != deployment.id:
            return True
        return state.state == REFUSED and time.monotonic() > self._again.get(endpoint.name, 0.0)

    def _take_over(self, endpoint: Endpoint, deployment: Deployment | str) -> bool:
        """Whether the state of the endpoint is another one now."""
        before = endpoint.state
        if isinstance(deployment, str):
            endpoint.state = EndpointState("", REFUSED, deployment)
        elif endpoint.live and endpoint.live.deployment == deployment.id:  # back to what answers anyway
            endpoint.state = EndpointState(deployment.id, LIVE)
        else:
            try:
                model = load(self._models / deployment.model, deployment)
            except (Exception, SystemExit) as error:  # a model's own code may fail in any way
                reason = str(error) if isinstance(error, MLPlatformError) else in_own_words(error)
                endpoint.state = EndpointState(deployment.id, REFUSED, reason)
                self._again[endpoint.name] = time.monotonic() + _TRY_AGAIN_AFTER
            else:
                endpoint.live = Live(deployment.id, model)
                endpoint.state = EndpointState(deployment.id, LIVE)
        if endpoint.state != before:
            self._log(endpoint, deployment)
        return endpoint.state != before

    @staticmethod
    def _log(endpoint: Endpoint, deployment: Deployment | str) -> None:
        state = endpoint.state
        if state and state.state == REFUSED:
            rest = "the model before answers on" if endpoint.live else "nothing answers"
            log.warning("%s: refused, %s: %s", endpoint.name, rest, state.reason)
        elif not isinstance(deployment, str):
            log.info("%s: model %s answers", endpoint.name, deployment.model_version)


def load(folder: Path, deployment: Deployment) -> ServedModel:
    """The model in a folder, proven to be the one deployed before any of its code is run.

    Raises DamagedSnapshot, and what `ServedModel` does.
    """
    if not folder.is_dir():
        raise DamagedSnapshot(f"{folder} is gone, so {deployment.model_version} cannot be served.", folder)
    Model(folder).prove(deployment.artifact_sha256, deployment.code_sha256)
    model = ServedModel(folder)
    if model.version != deployment.model_version:
        raise DamagedSnapshot(
            f"{folder} holds model {model.version}, but {deployment.model_version} is deployed.", folder
        )
    model.warm_up()
    # Once more: what was loaded above is what was proven, unless the files changed and changed back.
    model.prove(deployment.artifact_sha256, deployment.code_sha256)
    return model

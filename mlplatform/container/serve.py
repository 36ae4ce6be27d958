"""The serving program of a container: `python -m mlplatform.container.serve [BASE]`, BASE being /opt/ml.

One model, in BASE/model, as training left it. SageMaker captures requests itself and decides who may ask. It
connects within a fraction of a second and asks /ping until that says 200, so the program listens first and
loads the model beside.
"""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
from collections.abc import Mapping
from pathlib import Path

from mlplatform.container.deployments import LIVE, EndpointState
from mlplatform.container.fleet import Endpoint, Live
from mlplatform.container.layout import Layout
from mlplatform.container.scoring import Model
from mlplatform.container.server import listen, log_to_stderr, serve
from mlplatform.container.serving import ServedModel, pin_threads
from mlplatform.ml.blame import in_own_words
from mlplatform.ml.errors import MLPlatformError
from mlplatform.ml.naming import endpoint_name

log = logging.getLogger("mlplatform.container.serve")  # under its name as a program, too
# The contract of a serving container: whoever runs it reaches it from outside, at this port, and nobody else.
_HOST, _PORT = "0.0.0.0", "8080"  # noqa: S104


class OneModel:
    """The only endpoint of a container; none until its model is loaded. `refused`: it cannot be loaded."""

    def __init__(self, folder: Path) -> None:
        self.endpoints: Mapping[str, Endpoint] = {}
        self.refused = False
        self._folder = folder
        self._loading = threading.Thread(target=self._load, name="loading", daemon=True)

    @property
    def is_loaded(self) -> bool:
        """Whether the model answers."""
        return bool(self.endpoints)

    @property
    def is_loading(self) -> bool:
        """Whether it is still on its way."""
        return self._loading.is_alive()

    def start_loading(self) -> None:
        """Load in a thread. A model that cannot be loaded ends the process as SIGTERM does."""
        self._loading.start()

    def _load(self) -> None:
        try:
            self._take(self._folder)
        except BaseException as error:  # a model's code may do anything, an exit included
            log.error("%s", _in_words(error))
            self.refused = True
            os.kill(os.getpid(), signal.SIGTERM)

    def _take(self, folder: Path) -> None:
        """DamagedSnapshot where the files are not those that the model's manifest names."""
        pin_threads()
        stored = Model(folder)
        stored.prove(stored.manifest["artifact_sha256"], stored.manifest["code_sha256"])
        model = ServedModel(folder)
        model.warm_up()
        name = endpoint_name(model.declared.use_case)
        state = EndpointState(model.version, LIVE)
        self.endpoints = {name: Endpoint(name, Live(model.version, model), state)}
        log.info("model %s of %s answers", model.version, model.declared.use_case)


def main(arguments: list[str]) -> int:
    """Serve until SIGTERM; 0, or 1 with the reason on stderr."""
    log_to_stderr()
    layout = Layout(Path(arguments[0] if arguments else "/opt/ml"))
    held = OneModel(layout.model)
    try:
        listening = listen(_HOST, int(os.environ.get("SAGEMAKER_BIND_TO_PORT", _PORT)))
        serve(held, None, listening, None, lambda address, _: _started(held, address))
    except Exception as error:
        log.error("%s", _in_words(error))
        return 1
    if held.is_loading:  # nobody waits for it any more, and Python would end amid its imports
        sys.stderr.flush()
        os._exit(0)
    return 1 if held.refused else 0


def _started(held: OneModel, address: str) -> None:
    log.info("serving at %s once the model is loaded", address)
    held.start_loading()


def _in_words(error: BaseException) -> str:
    return str(error) if isinstance(error, MLPlatformError) else in_own_words(error)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""The serving program of a container: `python -m mlplatform.container.serve [BASE]`, BASE being /opt/ml.

One model, in BASE/model, as training left it. SageMaker captures requests itself and decides who may ask.
"""

from __future__ import annotations

import logging
import os
import sys
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
    """The only endpoint of a container."""

    def __init__(self, folder: Path) -> None:
        """DamagedSnapshot where the files are not those that the model's manifest names."""
        stored = Model(folder)
        stored.prove(stored.manifest["artifact_sha256"], stored.manifest["code_sha256"])
        model = ServedModel(folder)
        model.warm_up()
        name = endpoint_name(model.declared.use_case)
        state = EndpointState(model.version, LIVE)
        self._endpoints = {name: Endpoint(name, Live(model.version, model), state)}

    @property
    def endpoints(self) -> Mapping[str, Endpoint]:
        """The one endpoint, by its name."""
        return self._endpoints


def main(arguments: list[str]) -> int:
    """Serve until SIGTERM; 0, or 1 with the reason on stderr."""
    log_to_stderr()
    pin_threads()
    layout = Layout(Path(arguments[0] if arguments else "/opt/ml"))
    try:
        listening = listen(_HOST, int(os.environ.get("SAGEMAKER_BIND_TO_PORT", _PORT)))
        held = OneModel(layout.model)
        serve(held, None, listening, None, lambda address, _: log.info("serving at %s", address))
    except Exception as error:
        reason = str(error) if isinstance(error, MLPlatformError) else in_own_words(error)
        log.error("%s", reason)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""The model server as a process: it listens, follows the deployments, and ends when it is told to."""

from __future__ import annotations

import logging
import signal
import socket
import sys
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from uuid import uuid4

from mlplatform.container.access import checked_token, guarded
from mlplatform.container.answering import Answering
from mlplatform.container.captured import CaptureWriter
from mlplatform.container.deployments import present
from mlplatform.container.fleet import Fleet
from mlplatform.container.routes import Endpoints, Routes
from mlplatform.container.serving import pin_threads
from mlplatform.ml.errors import WrongUsage

_SECONDS_TO_FINISH = 25  # SageMaker kills a container 30 s after it was told to end
Started = Callable[[str, Endpoints], None]


@dataclass(frozen=True)
class Folders:
    """Where deployments and models are, and where captured requests go."""

    deployments: Path
    models: Path
    captured: Path


def run_server(folders: Folders, host: str, port: int, token: str | None, started: Started) -> int:
    """Serve what is deployed until SIGTERM or SIGINT; 0.

    Port 0 takes any free one. `started` is called with the address and the endpoints once the server listens.
    Requests under way are finished, at most 25 s of them, and what was captured is written before it returns.
    Raises WrongUsage for a port that is taken, and for an address of other machines without a token.
    """
    token = checked_token(host, token)
    listening = listen(host, port)
    address = address_of(listening)
    server = uuid4().hex
    pin_threads()
    with ExitStack() as stack:
        presence = stack.enter_context(present(folders.deployments, server))
        captured = stack.enter_context(CaptureWriter(folders.captured, server))
        fleet = Fleet(folders.deployments, folders.models, lambda states: presence.tell(address, states))
        stack.enter_context(fleet.following())
        serve(fleet, captured, listening, token, started)
    return 0


def serve(
    held: Endpoints,
    captured: CaptureWriter | None,
    listening: socket.socket,
    token: str | None,
    started: Started,
) -> None:
    """Answer at a socket until SIGTERM or SIGINT."""
    import uvicorn

    answering = Answering()
    app = guarded(Routes(held, answering, captured).app(), token)
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        server_header=False,
        lifespan="off",
        timeout_keep_alive=75,  # longer than a pause of boto3's pool, which does not expect to be cut off
        timeout_graceful_shutdown=_SECONDS_TO_FINISH,
    )
    server = uvicorn.Server(config)

    def end(number: int, frame: FrameType | None) -> None:
        server.should_exit = True

    # uvicorn raises the signal once more when it has finished: by then this is the handler.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, end)
    answering.start()
    try:
        started(address_of(listening), held)
        server.run(sockets=[listening])
    finally:
        answering.stop()
        listening.close()


def listen(host: str, port: int) -> socket.socket:
    """A socket bound to the address, before anything takes long. WrongUsage where it cannot be."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
        listening.listen(1024)
    except OSError as error:
        listening.close()
        raise WrongUsage(
            f"{host}:{port} cannot be listened at: {error.strerror or error}. Choose another port (--port)."
        ) from None
    return listening


def address_of(listening: socket.socket) -> str:
    """The URL of a socket."""
    host, port = listening.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def log_to_stderr() -> None:
    """What the server has to say, never what is in a request."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    for name, level in (("mlplatform", logging.INFO), ("uvicorn.error", logging.WARNING)):
        logger = logging.getLogger(name)
        logger.handlers, logger.propagate = [handler], False
        logger.setLevel(level)

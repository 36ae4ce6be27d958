"""`mlplatform dev`: the Dagster UI, its daemon and the model server, on the instance of the command line."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from types import FrameType

import click

from mlplatform.cli.output import tell
from mlplatform.ml.errors import MLPlatformError, WrongUsage
from mlplatform.resources.home import chosen, prepare_home

_PORT = click.IntRange(1, 65535)
_LOOK_EVERY = 0.2


@click.command(
    help="The Dagster UI, its daemon and the model server on what the command line has made. Ctrl-C ends all."
)
@click.option("--host", default="127.0.0.1", show_default=True, help="Address that the UI listens at.")
@click.option("--port", default=3000, show_default=True, type=_PORT, help="Port of the UI.")
@click.option("--serve-port", default=8080, show_default=True, type=_PORT, help="Port of the model server.")
def command(host: str, port: int, serve_port: int) -> int:
    """Run webserver, daemon and model server, and end them together."""
    if port == serve_port:
        raise click.UsageError(f"UI and model server cannot both listen at port {port} (--serve-port).")
    _refuse_a_taken_port(host, port, "--port")
    _refuse_a_taken_port("127.0.0.1", serve_port, "--serve-port")
    home = prepare_home()
    children: dict[str, subprocess.Popen[bytes]] = {}
    stopped = False

    def end(number: int, frame: FrameType | None) -> None:
        nonlocal stopped
        stopped = True
        _end(children)

    # Before a child starts: what is handled here is at its default there. A shell that runs this in the
    # background ignores Ctrl-C, and the child and all that it starts would inherit that.
    signal.signal(signal.SIGINT, end)
    signal.signal(signal.SIGTERM, end)
    tell(f"Dagster UI: http://{host}:{port}  (home: {home}, end with Ctrl-C)")
    ui = ["dagster", "dev", "-w", "workspace.yaml", "--host", host, "--port", str(port)]
    if chosen() == "local":  # elsewhere, models answer at endpoints of their own
        children["model server"] = _start(["mlplatform", "serve", "--port", str(serve_port)], home)
    children["Dagster UI"] = _start(ui, home)
    if stopped:  # between the two
        _end(children)
    ended = _first_to_end(children)
    if not stopped:  # a second signal would cut short what they do to end well
        _end(children)
    codes = {name: child.wait() for name, child in children.items()}
    if not stopped:
        raise MLPlatformError(f"the {ended} ended with code {codes[ended]}; its last words stand above.")
    return 0 if set(codes.values()) <= {0, 130, -signal.SIGINT} else 1


def _start(module: list[str], home: Path) -> subprocess.Popen[bytes]:
    """A Python module as a child: in the home folder, where Dagster finds its settings, in its own group."""
    environment = {**os.environ, "PYTHONWARNINGS": "ignore"}
    arguments = [sys.executable, "-m", *module]
    return subprocess.Popen(arguments, cwd=home, env=environment, start_new_session=True)  # noqa: S603


def _first_to_end(children: dict[str, subprocess.Popen[bytes]]) -> str:
    """Wait until one of them has ended; its name."""
    while True:
        for name, child in children.items():
            if child.poll() is not None:
                return name
        time.sleep(_LOOK_EVERY)


def _end(children: dict[str, subprocess.Popen[bytes]]) -> None:
    """Send every child that still runs what Ctrl-C sends, and all that it started."""
    for child in children.values():
        if child.poll() is None:
            os.killpg(child.pid, signal.SIGINT)


def _refuse_a_taken_port(host: str, port: int, option: str) -> None:
    with socket.socket() as listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind((host, port))
        except OSError as error:
            raise WrongUsage(
                f"{host}:{port} cannot be listened at: {error.strerror}. Choose another port ({option})."
            ) from None

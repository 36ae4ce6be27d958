"""`mlplatform dev`: the Dagster UI and its daemon, on the instance that the command line uses."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from types import FrameType

import click

from mlplatform.cli.output import tell
from mlplatform.ml.errors import WrongUsage
from mlplatform.resources.home import prepare_home


@click.command(help="The Dagster UI on what the command line has made. Ends with Ctrl-C.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen at.")
@click.option("--port", default=3000, show_default=True, type=click.IntRange(1, 65535))
def command(host: str, port: int) -> int:
    """Run webserver and daemon below one child process, and end them together."""
    _refuse_a_taken_port(host, port)
    home = prepare_home()
    children: list[subprocess.Popen[bytes]] = []

    def end(number: int, frame: FrameType | None) -> None:
        for child in children:
            os.killpg(child.pid, signal.SIGINT)

    # Before the child starts: what is handled here is at its default there. A shell that runs this in the
    # background ignores Ctrl-C, and the child and all that it starts would inherit that.
    signal.signal(signal.SIGINT, end)
    signal.signal(signal.SIGTERM, end)
    arguments = [sys.executable, "-m", "dagster", "dev", "-w", "workspace.yaml"]
    arguments += ["--host", host, "--port", str(port)]
    tell(f"Dagster UI: http://{host}:{port}  (home: {home}, end with Ctrl-C)")
    # In the home folder, where Dagster finds its settings; in a group of its own, to be ended as one.
    environment = {**os.environ, "PYTHONWARNINGS": "ignore"}
    child = subprocess.Popen(arguments, cwd=home, env=environment, start_new_session=True)  # noqa: S603
    children.append(child)
    return 0 if child.wait() in (0, 130, -signal.SIGINT) else 1


def _refuse_a_taken_port(host: str, port: int) -> None:
    with socket.socket() as listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind((host, port))
        except OSError as error:
            raise WrongUsage(
                f"{host}:{port} cannot be listened at: {error.strerror}. Choose another port (--port)."
            ) from None

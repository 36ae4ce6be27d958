"""A PostgreSQL server of one's own, for the time of a test."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import psycopg2

from mlplatform_tests.requirements import require

USER, DATABASE = "mlplatform", "postgres"


@contextmanager
def postgres_server() -> Iterator[int]:
    """The port of a server on 127.0.0.1 that is stopped, and its data deleted, at the end."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"))
    binaries = found[-1].parent if found else None
    if binaries is None:
        require("postgres", "no PostgreSQL server is installed")
    user, port = _unprivileged(), _free_port()
    with TemporaryDirectory(prefix="mlplatform-postgres-", ignore_cleanup_errors=True) as folder:
        data = Path(folder) / "data"
        data.mkdir(mode=0o700)
        if user:  # who must be able to get there
            Path(folder).chmod(0o755)
            shutil.chown(data, user)
        create = [binaries / "initdb", "-D", data, "-U", USER, "--auth=trust", "--no-sync"]
        subprocess.run(create, check=True, capture_output=True, user=user)
        options = ["-D", data, "-p", str(port), "-h", "127.0.0.1", "-F", "-c", "unix_socket_directories="]
        server = subprocess.Popen(
            [binaries / "postgres", *options], user=user, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        try:
            _wait_for(port, server)
            yield port
        finally:
            server.send_signal(signal.SIGINT)  # its "fast" shutdown: does not wait for clients
            server.wait(timeout=30)


def settings(port: int) -> dict[str, str]:
    """The variables by which Dagster finds the database."""
    found = {"HOST": "127.0.0.1", "PORT": str(port), "USER": USER, "PASSWORD": "", "DB": DATABASE}
    return {f"DAGSTER_PG_{name}": value for name, value in found.items()}


def empty_database(port: int) -> None:
    """Drop whatever a test before has left in the database."""
    connection = _connected(port)
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute("DROP SCHEMA public CASCADE")
        cursor.execute("CREATE SCHEMA public")
    connection.close()


def _unprivileged() -> str | None:
    """PostgreSQL refuses to run as root; Debian's package brings a user for it."""
    if os.geteuid() != 0:
        return None
    try:
        return pwd.getpwnam("postgres").pw_name
    except KeyError:
        require("postgres", "there is no user that could run the server")


def _free_port() -> int:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return int(listening.getsockname()[1])


def _wait_for(port: int, server: subprocess.Popen[bytes]) -> None:
    """It accepts connections a moment before it accepts log-ins."""
    for _ in range(300):
        assert server.poll() is None, "the PostgreSQL server ended"
        try:
            _connected(port).close()
        except psycopg2.OperationalError:
            time.sleep(0.1)
        else:
            return
    raise AssertionError("the PostgreSQL server did not answer")


def _connected(port: int) -> Any:
    return psycopg2.connect(host="127.0.0.1", port=port, user=USER, dbname=DATABASE)

"""`mlplatform dev` as a process: the Dagster UI, its daemon and the model server, on free ports."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Addresses:
    """Where a running platform answers."""

    ui: str
    models: str


@contextmanager
def dev(home: Path) -> Iterator[Addresses]:
    """`mlplatform dev` on this home; ended by the signal that Ctrl-C sends, nothing of it is left."""
    port, serve_port = _free_ports(2)
    arguments = ["--port", str(port), "--serve-port", str(serve_port)]
    inherited = {k: v for k, v in os.environ.items() if k not in ("DAGSTER_HOME", "MLPLATFORM_ENV")}
    log = home / "dev.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "mlplatform", "dev", *arguments],
            env={**inherited, "MLPLATFORM_HOME": str(home)},
            cwd=home.parent,
            stdout=output,
            stderr=output,
        )
    addresses = Addresses(f"http://127.0.0.1:{port}", f"http://127.0.0.1:{serve_port}")
    try:
        _wait_for(f"{addresses.ui}/server_info", process, log)
        yield addresses
    finally:
        process.send_signal(signal.SIGINT)
        code = _ended(process)
    assert code == 0, f"mlplatform dev ended with {code}:\n{log.read_text()[-4000:]}"
    assert not _left_over(home), _left_over(home)


def _free_ports(count: int) -> list[int]:
    with ExitStack() as stack:
        listening = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in listening:
            one.bind(("127.0.0.1", 0))
        return [int(one.getsockname()[1]) for one in listening]


def _wait_for(address: str, process: subprocess.Popen[bytes], log: Path, seconds: float = 180) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        assert process.poll() is None, f"mlplatform dev ended:\n{log.read_text()[-4000:]}"
        with suppress(OSError):
            urllib.request.urlopen(address, timeout=5).close()
            return
        time.sleep(0.5)
    raise AssertionError(f"{address} did not answer:\n{log.read_text()[-4000:]}")


def _ended(process: subprocess.Popen[bytes]) -> int:
    try:
        return process.wait(timeout=120)
    except subprocess.TimeoutExpired:
        process.kill()
        raise


def _left_over(home: Path, seconds: float = 20) -> list[str]:
    """Command lines of processes that still work on this home; a moment to end is granted."""
    end = time.monotonic() + seconds
    while (found := _working_on(home)) and time.monotonic() < end:
        time.sleep(0.5)
    return found


def _working_on(home: Path) -> list[str]:
    mark = f"MLPLATFORM_HOME={home}\0".encode()
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it has ended, or belongs to somebody else
            if mark in (process / "environ").read_bytes() + b"\0":
                found.append((process / "cmdline").read_bytes().replace(b"\0", b" ").decode())
    return found

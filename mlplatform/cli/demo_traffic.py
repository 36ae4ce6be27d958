"""A model server of the demo's own, and clients that ask it."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from mlplatform.ml.errors import MLPlatformError

if TYPE_CHECKING:
    import pandas as pd

_START_SECONDS = 60
_ROWS_PER_REQUEST = 50


@contextmanager
def model_server() -> Iterator[str]:
    """`mlplatform serve` on a free port of 127.0.0.1; its address. It ends with the block."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        port = listening.getsockname()[1]
    arguments = [sys.executable, "-m", "mlplatform", "serve", "--port", str(port)]
    server = subprocess.Popen(  # noqa: S603
        arguments, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )
    try:
        address = f"http://127.0.0.1:{port}"
        _wait_for(address, server)
        yield address
    finally:
        server.send_signal(signal.SIGINT)
        server.wait()


def _wait_for(address: str, server: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + _START_SECONDS
    while time.monotonic() < end and server.poll() is None:
        try:
            urllib.request.urlopen(f"{address}/ping", timeout=1).close()  # noqa: S310
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise MLPlatformError("the model server did not start; try it by itself: mlplatform serve")


def ask(address: str, endpoint: str, rows: pd.DataFrame) -> list[float]:
    """Send n rows in requests of fifty, as CSV; n predictions."""
    predictions: list[float] = []
    for start in range(0, len(rows), _ROWS_PER_REQUEST):
        body = rows.iloc[start : start + _ROWS_PER_REQUEST].to_csv(index=False).encode()
        answer = json.loads(post(address, endpoint, body, "text/csv")[1])
        predictions += answer["predictions"]
    return predictions


def post(address: str, endpoint: str, body: bytes, content_type: str) -> tuple[int, bytes]:
    """(status, body) of one request."""
    url = f"{address}/endpoints/{endpoint}/invocations"
    request = urllib.request.Request(url, body, {"Content-Type": content_type})  # noqa: S310
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310
            return answer.status, answer.read()
    except urllib.error.HTTPError as refused:
        return refused.code, refused.read()

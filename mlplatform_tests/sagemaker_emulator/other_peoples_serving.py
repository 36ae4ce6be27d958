"""A serving container as somebody else writes one: it answers with what it was asked, and who it is.

Its model is a folder with a file `name`; one with a file `ill` never gets healthy, one with `dead` ends.
Bodies: `400` and `500` are refused so; `slow` is answered after a while.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

_MODEL = Path("/opt/ml/model")


class _Answers(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self._answer(503 if (_MODEL / "ill").exists() else 200, b"", {})

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if body in {b"400", b"500"}:
            self._answer(int(body), b"no, " + body, {})
            return
        if body == b"slow":
            time.sleep(1)
        said = {"name": (_MODEL / "name").read_text(), "headers": dict(self.headers), "body": body.hex()}
        attributes = {"X-Amzn-SageMaker-Custom-Attributes": f"model-version={said['name']}"}
        self._answer(200, json.dumps(said).encode(), {"Content-Type": "application/json", **attributes})

    def _answer(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nothing: the requests of tests are theirs."""


def main() -> None:
    """Serve until SIGTERM, as `docker run IMAGE serve` does."""
    assert sys.argv[1:] == ["serve"]
    if (_MODEL / "dead").exists():
        sys.exit("this model is broken")
    server = ThreadingHTTPServer(("127.0.0.1", int(os.environ["SAGEMAKER_BIND_TO_PORT"])), _Answers)
    server.daemon_threads = False  # what is under way is answered
    signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start())
    print(f"serving {(_MODEL / 'name').read_text()}", flush=True)  # noqa: T201 - for CloudWatch
    server.serve_forever()
    server.server_close()


if __name__ == "__main__":
    main()

"""A container that is healthy and answers every row with the same number."""

import json
import os
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer


class Lying(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        answer = json.dumps({"predictions": [0.123] * (len(body.splitlines()) - 1)}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, format: str, *args: object) -> None:
        pass


if __name__ == "__main__":
    server = HTTPServer(("127.0.0.1", int(os.environ.get("SAGEMAKER_BIND_TO_PORT", "8080"))), Lying)
    sys.stderr.write(f"serving at http://127.0.0.1:{server.server_port}\n")
    server.serve_forever()

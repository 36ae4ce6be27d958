"""Requests and answers on disk, off the path of the requests.

    <root>/<endpoint>/AllTraffic/yyyy/mm/dd/hh/<server>.jsonl

Hours are UTC, of the answer. A file belongs to one server, so nothing is ever written between its lines.
Every write ends with a whole line; what a killed server leaves half written is the last line of its file.
"""

from __future__ import annotations

import logging
import os
import threading
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

from mlplatform.ml.capture import Exchange, capture_line

VARIANT = "AllTraffic"
_MOST_WAITING = 10_000
_MOST_BYTES = 64 * 1024 * 1024
_GATHER_SECONDS = 0.1
log = logging.getLogger(__name__)


class CaptureWriter:
    """Writes exchanges in a thread of its own, while the block runs; at its end, what still waits.

    What does not fit into the queue (10,000 exchanges or 64 MiB of bodies) is dropped and counted as lost,
    and so is what the disk refuses: no request ever waits for it or fails. Written means handed to the
    operating system: it survives the death of the process, not that of the machine.
    """

    def __init__(self, root: Path, server: str) -> None:
        self.root = root
        self.server = server
        self._waiting: list[tuple[str, Exchange]] = []
        self._bytes = 0
        self._ended = False
        self._changed = threading.Condition()
        self._written: Counter[str] = Counter()
        self._lost: Counter[str] = Counter()
        self._continued = 0  # how often a new file was begun because the last one could not be mended
        self._thread = threading.Thread(target=self._run, name="capture", daemon=True)

    def __enter__(self) -> CaptureWriter:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._changed:
            self._ended = True
            self._changed.notify()
        self._thread.join()

    def offer(self, endpoint: str, exchange: Exchange) -> bool:
        """Take the exchange over, at once; whether it was taken."""
        size = len(exchange.request.body) + len(exchange.answer.body)
        with self._changed:
            full = len(self._waiting) >= _MOST_WAITING or self._bytes + size > _MOST_BYTES
            if full or self._ended:
                self._lost[endpoint] += 1
                return False
            self._waiting.append((endpoint, exchange))
            self._bytes += size
            if len(self._waiting) == 1:
                self._changed.notify()
        return True

    def counts(self, endpoint: str) -> tuple[int, int]:
        """(captured, lost) so far; what waits is in neither."""
        with self._changed:
            return self._written[endpoint], self._lost[endpoint]

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting or self._ended)
                if not self._waiting:
                    return
                # one write for many requests, unless the server ends
                self._changed.wait_for(lambda: self._ended, timeout=_GATHER_SECONDS)
                taken, self._waiting, self._bytes = self._waiting, [], 0
            for (endpoint, hour), group in _by_hour(taken).items():
                self._write(endpoint, hour, group)

    def _write(self, endpoint: str, hour: str, group: Sequence[Exchange]) -> None:
        try:
            lines = b"".join(map(capture_line, group))
            self._append(self.root / endpoint / VARIANT / hour, lines)
            counted = self._written
        except Exception as error:  # whatever it is, requests go on and the next hour may be better
            log.warning("%s: %d captured requests are lost: %s", endpoint, len(group), error)
            counted = self._lost
        with self._changed:
            counted[endpoint] += len(group)

    def _append(self, folder: Path, lines: bytes) -> None:
        """All of the lines, or none of them."""
        folder.mkdir(parents=True, exist_ok=True)
        ending = f"-{self._continued}" if self._continued else ""
        file = os.open(folder / f"{self.server}{ending}.jsonl", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o640)
        try:
            before = os.fstat(file).st_size
            try:
                rest = memoryview(lines)
                while rest:
                    rest = rest[os.write(file, rest) :]
            except OSError:
                self._take_back(file, before)
                raise
        finally:
            os.close(file)

    def _take_back(self, file: int, size: int) -> None:
        """Half a line must not be continued by the next one."""
        try:
            os.ftruncate(file, size)
        except OSError:
            self._continued += 1


def _by_hour(taken: Sequence[tuple[str, Exchange]]) -> dict[tuple[str, str], list[Exchange]]:
    """By endpoint and `yyyy/mm/dd/hh` of the answer."""
    groups: dict[tuple[str, str], list[Exchange]] = {}
    for endpoint, exchange in taken:
        hour = exchange.time[:13].replace("-", "/").replace("T", "/")
        groups.setdefault((endpoint, hour), []).append(exchange)
    return groups

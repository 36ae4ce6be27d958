"""A client that asks without a pause, while what it asks is changed under its hands."""

from __future__ import annotations

import threading
from collections.abc import Callable
from types import TracebackType


class Asking:
    """While the block runs, `ask` says again and again who answers; `errors` is what went wrong."""

    def __init__(self, ask: Callable[[], str]) -> None:
        self.answered: list[str] = []
        self.errors: list[Exception] = []
        self._ask_once, self._ended = ask, threading.Event()
        self._thread = threading.Thread(target=self._ask)

    def _ask(self) -> None:
        while not self._ended.wait(0.01):
            try:
                self.answered.append(self._ask_once())
            except Exception as error:
                self.errors.append(error)

    def __enter__(self) -> Asking:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._thread.join()

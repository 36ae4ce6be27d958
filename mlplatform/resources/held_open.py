"""Keeps Dagster's SQLite files open while this process works, which makes each event several times cheaper.

Dagster opens a connection per event and closes it again. Whenever the last connection to a file closes,
SQLite copies the write-ahead log back into the file and deletes it. While one more connection stays open it
does so only now and then. Nothing else changes: what is committed is on the disk as before.
"""

from __future__ import annotations

import sqlite3
from collections import OrderedDict
from pathlib import Path
from typing import Any

_MOST_FILES = 8  # a run has a file of its own, and a process may execute hundreds of runs


class HeldOpen:
    """One idle connection to each of the SQLite files below a folder that were used last."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder.resolve()
        self._held: OrderedDict[str, sqlite3.Connection] = OrderedDict()

    def listen(self) -> None:
        """From now on, hold what SQLAlchemy opens in this process."""
        from sqlalchemy import event
        from sqlalchemy.engine import Engine

        event.listen(Engine, "connect", self._opened)

    def close(self) -> None:
        """Let go of all files, and hold no more."""
        from sqlalchemy import event
        from sqlalchemy.engine import Engine

        if event.contains(Engine, "connect", self._opened):
            event.remove(Engine, "connect", self._opened)
        while self._held:
            self._held.popitem()[1].close()

    def _opened(self, connection: Any, _: Any) -> None:
        if not isinstance(connection, sqlite3.Connection):
            return
        file = connection.execute("PRAGMA database_list").fetchone()[2]
        if not file or self._folder not in Path(file).parents:
            return
        if file in self._held:
            self._held.move_to_end(file)
        elif connection.execute("PRAGMA journal_mode").fetchone()[0] == "wal":
            held = sqlite3.connect(file, check_same_thread=False)
            held.execute("SELECT count(*) FROM sqlite_master").fetchone()  # only now the log is really open
            self._held[file] = held
            if len(self._held) > _MOST_FILES:
                self._held.popitem(last=False)[1].close()

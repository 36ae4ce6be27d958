"""The lineage index: an SQLite file in the home that spares reading the whole event log for every question.

It is never the truth. It is brought up to date from the event log before each question, and made again where
it is missing, damaged, of another version of the platform, or of another log.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock

from mlplatform.lineage.entries import DamagedIndex

INDEX_FILE = "lineage.sqlite"
_VERSION = 3
_PATIENCE_SECONDS = 60
_CACHE_KIB = 262_144
_SCHEMA = """
CREATE TABLE events (
    storage_id INTEGER PRIMARY KEY, use_case TEXT NOT NULL, asset TEXT NOT NULL, batch TEXT,
    sha256 TEXT NOT NULL, version TEXT, time REAL NOT NULL, document TEXT NOT NULL, crc INTEGER NOT NULL);
CREATE INDEX of_asset ON events (use_case, asset, storage_id);
CREATE INDEX of_batch ON events (use_case, batch, asset, storage_id);
CREATE INDEX of_version ON events (use_case, version, asset, storage_id) WHERE version IS NOT NULL;
CREATE INDEX of_bytes ON events (use_case, sha256) WHERE asset = 'landed_file';
CREATE TABLE uses (source INTEGER NOT NULL, target INTEGER NOT NULL, PRIMARY KEY (source, target))
    WITHOUT ROWID;
CREATE TABLE cursors (use_case TEXT NOT NULL, asset TEXT NOT NULL, settled INTEGER NOT NULL,
    settled_time REAL NOT NULL, seen INTEGER NOT NULL, PRIMARY KEY (use_case, asset)) WITHOUT ROWID;
CREATE TABLE known (kind INTEGER NOT NULL, hash INTEGER NOT NULL, storage_id INTEGER NOT NULL,
    PRIMARY KEY (kind, hash, storage_id)) WITHOUT ROWID;
CREATE TABLE looked_into (kind INTEGER NOT NULL, storage_id INTEGER NOT NULL,
    PRIMARY KEY (kind, storage_id)) WITHOUT ROWID;
"""
"""`events`: one per record. `uses`: what was made from it. `cursors`: up to where the log was read.
`known`: values (of the entity column, inference ids) by hash, and the snapshots that hold them."""


class IndexFile:
    """The file, or an index in memory where `path` is None. Writers of all processes take turns."""

    def __init__(self, path: Path | None) -> None:
        self.path = path
        self._in_memory: sqlite3.Connection | None = None

    @contextmanager
    def alone(self) -> Iterator[None]:
        """While the block runs, no other process writes."""
        if self.path is None:
            yield
            return
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(self.path.with_name(f"{self.path.name}.lock")):
            yield

    @contextmanager
    def opened(self) -> Iterator[sqlite3.Connection]:
        """A connection to the index, made where absent. DamagedIndex where the file is something else."""
        if self.path is None:
            if self._in_memory is None:
                self._in_memory = sqlite3.connect(":memory:", isolation_level=None)
                self._in_memory.executescript(_SCHEMA)
            yield self._in_memory
            return
        connection = sqlite3.connect(self.path, timeout=_PATIENCE_SECONDS, isolation_level=None)
        try:
            connection.execute(
                f"PRAGMA cache_size = -{_CACHE_KIB}"
            )  # what is inserted lies all over the file
            _prepare(connection)
            yield connection
        except sqlite3.DatabaseError as error:
            raise _damage(error) from error
        finally:
            connection.close()

    def delete(self) -> None:
        """Away with it; nothing is lost. To be called `alone`."""
        if self._in_memory:
            self._in_memory.close()
            self._in_memory = None
        if self.path is not None:
            self.path.unlink(missing_ok=True)  # the file first: SQLite ignores a journal without one
            self.path.with_name(f"{self.path.name}-journal").unlink(missing_ok=True)


def _prepare(connection: sqlite3.Connection) -> None:
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version == _VERSION:
        return
    if connection.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone():
        raise DamagedIndex(f"it has version {version}, not {_VERSION}")
    connection.executescript(f"BEGIN IMMEDIATE;{_SCHEMA}PRAGMA user_version = {_VERSION};COMMIT;")


def _damage(error: sqlite3.DatabaseError) -> Exception:
    """Whether making the index again would help: not while it is only locked, or the disk full."""
    if isinstance(error, sqlite3.OperationalError):
        passing = ("locked", "full", "readonly", "unable to open", "disk I/O")
        if any(one in str(error) for one in passing):
            return error
    return DamagedIndex(str(error))

"""Locks of all machines that share a PostgreSQL server."""

from __future__ import annotations

import hashlib
import os
from typing import Any

from mlplatform.resources.single_flight import Lock, SingleFlight

_WAIT = 10  # seconds for a connection
# A holder whose machine is cut off is noticed, and its lock freed, within about a minute.
_ALIVE = {"keepalives": 1, "keepalives_idle": 30, "keepalives_interval": 10, "keepalives_count": 3}


class PostgresSingleFlight(SingleFlight):
    """Advisory locks in the database behind Dagster, which `DAGSTER_PG_*` name."""

    def lock(self, name: str) -> Lock:
        """The advisory lock of that name."""
        return AdvisoryLock(name)


class AdvisoryLock:
    """A lock of a session: the server frees it when the connection ends, however it ends.

    It has a connection of its own, made by the first `take`. OSError where the server cannot be reached.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        # The server knows locks by a signed number of 64 bits, in all programs that use the database.
        hashed = hashlib.sha256(f"mlplatform {name}".encode()).digest()
        self._number = int.from_bytes(hashed[:8], "big", signed=True)
        self._connection: Any = None

    def take(self) -> bool:
        """See the protocol."""
        if self._connection is None:
            self._connection = _connected()
        return bool(self._asked("SELECT pg_try_advisory_lock(%s)", self._number))

    def prove(self) -> None:
        """See the protocol."""
        self._asked("SELECT 1")

    def free(self) -> None:
        """See the protocol."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _asked(self, query: str, *values: Any) -> Any:
        import psycopg2

        try:
            with self._connection.cursor() as cursor:
                cursor.execute(query, values)
                return cursor.fetchone()[0]
        except psycopg2.Error as error:
            self.free()
            raise OSError(
                f"the connection that held the lock of {self._name} is lost, and the lock with it: another "
                f"run may be at work. Run again. ({str(error).strip()})"
            ) from error


def _connected() -> Any:
    import psycopg2

    given = {
        "host": os.environ.get("DAGSTER_PG_HOST"),
        "port": os.environ.get("DAGSTER_PG_PORT") or 5432,
        "user": os.environ.get("DAGSTER_PG_USER"),
        "password": os.environ.get("DAGSTER_PG_PASSWORD"),
        "dbname": os.environ.get("DAGSTER_PG_DB"),
    }
    try:
        connection = psycopg2.connect(**given, connect_timeout=_WAIT, **_ALIVE)
    except psycopg2.Error as error:
        raise OSError(f"the database behind Dagster cannot be reached: {str(error).strip()}") from error
    connection.autocommit = True  # an open transaction would keep the server from tidying up
    return connection

"""How many statements a question sends to databases: to Dagster's and to the index."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.engine import Engine

from mlplatform.lineage import index_file


@contextmanager
def statements() -> Iterator[list[str]]:
    """Every SELECT that is sent while the block runs."""
    sent: list[str] = []

    def note(statement: str) -> None:
        if statement.lstrip().upper().startswith("SELECT"):
            sent.append(statement)

    def of_dagster(_c: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        note(statement)

    def connect(*arguments: Any, **options: Any) -> sqlite3.Connection:
        connection = sqlite3.connect(*arguments, **options)
        connection.set_trace_callback(note)
        return connection

    class Traced:
        """The module `sqlite3`, whose connections tell what they are asked."""

        def __getattr__(self, name: str) -> Any:
            return connect if name == "connect" else getattr(sqlite3, name)

    event.listen(Engine, "before_cursor_execute", of_dagster)
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(index_file, "sqlite3", Traced())
            yield sent
    finally:
        event.remove(Engine, "before_cursor_execute", of_dagster)

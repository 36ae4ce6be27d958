"""Which snapshots hold a value: entities of landed rows, and ids of predictions.

Looked into when it is first asked for, each snapshot once; after that a question costs what is new. The index
keeps a hash of each value and never the value itself.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from hashlib import blake2b
from typing import TYPE_CHECKING

from mlplatform.lineage.entries import Entry
from mlplatform.lineage.index import Index
from mlplatform.ml.errors import DamagedSnapshot
from mlplatform.ml.splits import entity_text

if TYPE_CHECKING:
    from mlplatform.resources.snapshots import Snapshots

Look = Callable[[Entry], set[str]]
"""The values that a snapshot holds."""


def look_for_entities(index: Index, snapshots: Snapshots, column: str) -> None:
    """Note which versions of validated and quarantine hold which entities, where that is not known yet."""

    def look(entry: Entry) -> set[str]:
        if entry.asset == "validated":
            return _texts(snapshots.read_table(entry.path, [column]).column(column).to_pylist())
        landed = snapshots.read_table(entry.path, ["landed"]).column("landed").to_pylist()
        return _texts(json.loads(row).get(column) for row in landed)

    _look_into(index, entity_kind(index, column), ("validated", "quarantine"), look)


def look_for_predictions(index: Index, snapshots: Snapshots) -> None:
    """Note which versions of captured windows hold which ids, the clients' and the servers' own."""
    from mlplatform.ml.traffic import EVENT_ID, INFERENCE_ID

    def look(entry: Entry) -> set[str]:
        table = snapshots.read_table(entry.path, [INFERENCE_ID, EVENT_ID])
        return _texts(id_ for name in (INFERENCE_ID, EVENT_ID) for id_ in table.column(name).to_pylist())

    _look_into(index, prediction_kind(index), ("captured",), look)


def entity_kind(index: Index, column: str) -> int:
    """Under which number the entities of a use case are noted."""
    return _hash(f"{index.use_case}/entity/{column}")


def prediction_kind(index: Index) -> int:
    """Under which number the ids of its predictions are noted."""
    return _hash(f"{index.use_case}/prediction")


def holders(index: Index, snapshots: Snapshots, kind: int, text: str) -> list[Entry]:
    """The versions that hold a value and are still stored, oldest first."""
    query = "SELECT storage_id FROM known WHERE kind = ? AND hash = ?"
    ids = [storage_id for (storage_id,) in index.connection.execute(query, (kind, _hash(text)))]
    return [one for one in index.entries(ids) if snapshots.exists(one.path)]


def _texts(values: Iterable[object]) -> set[str]:
    return {entity_text(value) for value in set(values) if value is not None}


def _look_into(index: Index, kind: int, assets: Iterable[str], look: Look) -> None:
    seen = "SELECT storage_id FROM looked_into WHERE kind = ?"
    known = {storage_id for (storage_id,) in index.connection.execute(seen, (kind,))}
    for asset in assets:
        path, values = "", set[str]()
        for entry in index.of_asset(asset, without=known):
            try:
                if entry.path != path:  # a version made again follows the one before it
                    path, values = entry.path, look(entry)
            except DamagedSnapshot:
                continue  # collected: nothing that matters was made from it
            _remember(index, kind, entry.storage_id, values)


def _remember(index: Index, kind: int, storage_id: int, values: Iterable[str]) -> None:
    rows = ((kind, _hash(value), storage_id) for value in values)
    index.connection.executemany("INSERT OR IGNORE INTO known VALUES (?, ?, ?)", rows)
    index.connection.execute("INSERT OR IGNORE INTO looked_into VALUES (?, ?)", (kind, storage_id))


def _hash(text: str) -> int:
    hashed = blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(hashed, "big", signed=True)

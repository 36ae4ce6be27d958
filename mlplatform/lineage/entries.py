"""Records in short, as the lineage index keeps them."""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mlplatform.lineage.graph import Node, shown_time
from mlplatform.lineage.records import Record

COLUMNS = ("storage_id", "use_case", "asset", "batch", "sha256", "version", "time", "document", "crc")
SETS = ("training_set", "validation_set")
_INTERNAL = frozenset({"looked_at", "pictures", "champion_before", "champion_after", "rows_per_batch"})
_FROM_METADATA = {
    "model": ("hyperparameters", "environment", "training"),
    "training_set": ("rule",),
    "validation_set": ("rule",),
    "model_card": ("page",),
}
"""What of an event's metadata counts as a fact: the record itself holds only a hash of it, or nothing."""


class DamagedIndex(Exception):
    """The index is not what was written into it: it is made again."""


@dataclass(frozen=True)
class Entry:
    """One record. `reads` are the storage ids it names as read; of these, `rival` is the champion that a
    verdict compares with, and `unused` are features of which a set holds no row.

    `version` is the model that it is or is about. `details` are the record's, with facts of the metadata.
    """

    storage_id: int
    use_case: str
    asset: str
    batch: str | None
    sha256: str
    version: str | None
    time: float
    run_id: str
    path: str
    code_version: str
    parameters: str
    rows: int | None
    seconds: float | None
    details: Mapping[str, Any]
    reads: tuple[int, ...]
    rival: tuple[int, ...] = ()
    unused: tuple[int, ...] = ()

    @property
    def id(self) -> str:
        """The node's id."""
        return f"{self.asset}:{self.storage_id}"

    @property
    def since(self) -> float:
        """From when on a deployment answered, in seconds since 1970."""
        return float(self.details.get("since", self.time))

    def node(self, live: bool | None = None) -> Node:
        """As a node of an answer."""
        of_step = {name: getattr(self, name) for name in ("path", "parameters", "rows", "seconds")}
        facts = {name: value for name, value in of_step.items() if value not in (None, "")}
        facts |= {name: value for name, value in self.details.items() if name not in _INTERNAL}
        if self.asset == "features":
            facts.pop("validated", None)  # where the rows that they were made from lie: the edge says it
        return Node(
            id=self.id,
            asset=self.asset,
            batch=self.batch,
            sha256=self.sha256,
            code_version=self.code_version,
            time=shown_time(self.time),
            run_id=self.run_id,
            facts=facts,
            live=live,
        )


def entry_of(use_case: str, record: Record) -> Entry:
    """A record in short."""
    shown = {
        name: record.metadata[name].value
        for name in _FROM_METADATA.get(record.asset, ())
        if name in record.metadata
    }
    again = {"reused": True} if "reused" in record.metadata else {}
    details = {**record.details, **shown, **again}
    version = details.get("version" if record.asset == "model" else "model_version")
    return Entry(
        storage_id=record.storage_id,
        use_case=use_case,
        asset=record.asset,
        batch=record.batch,
        sha256=record.sha256,
        version=None if version is None else str(version),
        time=record.time,
        run_id=record.run_id,
        path=record.path,
        code_version=record.code_version,
        parameters=record.parameters,
        rows=record.rows,
        seconds=record.seconds,
        details=details,
        reads=tuple(dict.fromkeys(int(one["storage_id"]) for one in record.inputs)),
        rival=_rival(record),
        unused=_unused(record),
    )


def _rival(record: Record) -> tuple[int, ...]:
    if record.asset != "evaluation":
        return ()
    challenger, *others = (int(one["storage_id"]) for one in record.inputs if one["asset"] == "model")
    return tuple(one for one in others if one != challenger)


def _unused(record: Record) -> tuple[int, ...]:
    held = record.details.get("rows_per_batch")
    if record.asset not in SETS or held is None:  # an earlier version of the platform did not record them
        return ()
    return tuple(int(one["storage_id"]) for one in record.inputs if not held.get(str(one["batch"])))


_LISTED = ("reads", "rival", "unused")
_IN_DOCUMENT = ("run_id", "path", "code_version", "parameters", "rows", "seconds", "details", *_LISTED)


def row_of(entry: Entry) -> tuple[Any, ...]:
    """An entry as a row of the index, with a sum over all of it."""
    document = json.dumps({name: getattr(entry, name) for name in _IN_DOCUMENT}, separators=(",", ":"))
    row = (*(getattr(entry, name) for name in COLUMNS[:-2]), document)
    return (*row, _sum(row))


def entry_in(row: Sequence[Any]) -> Entry:
    """The reverse of `row_of`. DamagedIndex where the row is not what was written."""
    if _sum(tuple(row[:-1])) != row[-1]:
        raise DamagedIndex(f"the entry of event {row[0]} has changed")
    document: dict[str, Any] = dict(zip(COLUMNS[:-2], row, strict=False))
    document |= json.loads(row[-2])
    return Entry(**{**document, **{name: tuple(document[name]) for name in _LISTED}})


def _sum(row: tuple[Any, ...]) -> int:
    return zlib.crc32("\x1f".join(map(str, row)).encode("utf-8", "surrogatepass"))

"""The landing folder as data: what a look at it shows, which files are taken, what is remembered in between.

Nobody tells us that a file is complete. A file counts as complete when two looks in a row show the same size
and time of change, and that time is not just now. One that grows on later is another version of its batch.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

QUIET_SECONDS = 5
_UNFINISHED_ENDINGS = (".tmp", ".part", ".partial", ".crdownload", ".filepart")
_VERSION = 1


@dataclass(frozen=True)
class Look:
    """One file as a look at the folder shows it; `readable` is whether this process may read it."""

    size: int
    mtime_ns: int
    readable: bool = True


@dataclass(frozen=True)
class Settled:
    """A file that is dealt with until it looks different. `refused` says why it became no batch, if so."""

    look: Look
    refused: str = ""


@dataclass(frozen=True)
class Memory:
    """What the sensor remembers from one tick to the next.

    `growing` were seen once and may still be written to. `settled` were dealt with in the last tick.
    `requested` are run keys whose run has not been seen yet, with the batch that they run (None: all that
    follows from the batches). `training_due`: batches were run on their own, and what follows was not yet.
    """

    growing: Mapping[str, Look] = field(default_factory=dict)
    settled: Mapping[str, Settled] = field(default_factory=dict)
    requested: Mapping[str, str | None] = field(default_factory=dict)
    training_due: bool = False

    def to_json(self) -> str:
        """For the cursor; `from_json` reads it."""
        document = {
            "version": _VERSION,
            "growing": {name: _look_row(look) for name, look in self.growing.items()},
            "settled": settled_rows(self.settled),
            "requested": dict(self.requested),
            "training_due": self.training_due,
        }
        return json.dumps(document, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str | None) -> Memory | None:
        """What a cursor says, None where it says nothing that this version understands."""
        try:
            document = json.loads(text or "")
            if document["version"] != _VERSION:
                return None
            return cls(
                growing={name: _look(row) for name, row in document["growing"].items()},
                settled=settled_of(document["settled"]),
                requested={
                    key: None if batch is None else str(batch) for key, batch in document["requested"].items()
                },
                training_due=bool(document["training_due"]),
            )
        except (ValueError, TypeError, KeyError, AttributeError):
            return None


def settled_rows(settled: Mapping[str, Settled]) -> dict[str, list[Any]]:
    """Settled files as JSON: a name and [size, mtime_ns, readable, refused]."""
    return {name: [*_look_row(one.look), one.refused] for name, one in settled.items()}


def settled_of(rows: Mapping[str, Any]) -> dict[str, Settled]:
    """The reverse of `settled_rows`. ValueError, TypeError or AttributeError where it is something else."""
    return {name: Settled(_look(row[:3]), str(row[3])) for name, row in rows.items() if len(row) == 4}


def is_ignored(name: str) -> bool:
    """Names that programs give to files of their own, or to files that they have not finished writing."""
    return name.startswith((".", "~")) or name.lower().endswith(_UNFINISHED_ENDINGS)


def is_complete(before: Look | None, now: Look, clock_ns: int) -> bool:
    """Whether a file may be taken: as it was at the look before, and not written to in the last seconds.

    A time of change that lies ahead comes from another clock and says nothing.
    """
    return before == now and not 0 <= clock_ns - now.mtime_ns < QUIET_SECONDS * 1_000_000_000


def _look_row(look: Look) -> list[Any]:
    return [look.size, look.mtime_ns, look.readable]


def _look(row: Any) -> Look:
    size, mtime_ns, readable = row
    return Look(int(size), int(mtime_ns), bool(readable))

"""Remembers that there was nothing to run, so that asking again needs neither Dagster nor the records.

The plan is a pure function of the code, the records and the stored files. A note beside the instance holds
the state of all three when the plan came out empty; while they are as they were, it is still empty. Any doubt
(an edited file, one more event, another instance storage) means: make the plan. The note may be deleted.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import sys
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mlplatform.ml.hashing import file_sha256
from mlplatform.resources.home import home_folder

_PACKAGE = Path(__file__).parent.parent


@dataclass(frozen=True)
class Marks:
    """What tells whether anything may have changed: code, settings, event log."""

    sha256: str

    @classmethod
    def now(cls) -> Marks | None:
        """The marks of this moment; None where the event log is no local file that can be looked at."""
        home = home_folder()
        log = home / "history" / "runs" / "index.db"
        settings = (home / "dagster.yaml").read_text(encoding="utf-8") if log.exists() else "storage:"
        if re.search(r"^\s*(storage|event_log_storage)\s*:", settings, re.MULTILINE):
            return None  # the events go elsewhere
        marks: list[Any] = [sys.version, str(_PACKAGE), os.environ.get("MLPLATFORM_ENV")]
        marks += [_mark(path) for path in (log, log.with_name("index.db-wal"), home / "dagster.yaml")]
        # by content: a checkout or a copy may keep the time of a file that it changes
        marks += [[path, file_sha256(Path(path))] for path in sorted(_files_of(_PACKAGE))]
        return cls(hashlib.sha256(json.dumps(marks).encode()).hexdigest())


def recall(use_case: str, up_to: str | None) -> dict[str, Any] | None:
    """The report of the last `run` that had nothing to do, if that must still be so."""
    try:
        note = json.loads(_note(use_case).read_text(encoding="utf-8"))
        if note["up_to"] != up_to or not all(os.path.exists(path) for path in note["files"]):  # noqa: PTH110
            return None
        marks = Marks.now()
        return note["report"] if marks and marks.sha256 == note["marks"] else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def remember(
    use_case: str, up_to: str | None, before: Marks | None, files: Iterable[str], report: dict[str, Any]
) -> None:
    """Write the note, unless something changed since `before`, which was taken before the plan was made."""
    if before is None or before != Marks.now():
        return
    note = {"up_to": up_to, "marks": before.sha256, "files": sorted(files), "report": report}
    path = _note(use_case)
    temporary = path.with_suffix(f".{os.getpid()}")
    with suppress(OSError):  # a note is a convenience
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.write_text(json.dumps(note), encoding="utf-8")
        temporary.replace(path)


def _note(use_case: str) -> Path:
    name = hashlib.sha256(use_case.encode()).hexdigest()[:16]  # the name comes from the command line
    return home_folder() / "no_news" / f"{name}.json"


def _mark(path: Path) -> list[Any]:
    try:
        found = path.stat()
    except OSError:
        return [str(path), None, None]
    return [str(path), found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino]


def _files_of(folder: Path) -> Iterator[str]:
    for place, folders, names in os.walk(folder, followlinks=True):
        folders[:] = [name for name in folders if name != "__pycache__"]
        yield from (os.path.join(place, name) for name in names)  # noqa: PTH118

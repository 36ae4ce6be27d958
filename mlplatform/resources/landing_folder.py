"""Where people and programs drop files that are to become batches."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import dagster as dg

from mlplatform.ml.landing import Look, is_ignored


class LandingFolder(dg.ConfigurableResource[Any]):
    """A folder per use case below `root`. Files in it are read, and never moved, changed or deleted."""

    root: str

    def where(self, use_case: str) -> str:
        """The folder of a use case, for people to read."""
        return str(self._place(use_case))

    def look(self, use_case: str) -> dict[str, Look]:
        """The files in the folder by name, without those that programs keep for themselves.

        Folders, pipes and links that lead nowhere are no files. The folder is made where absent; OSError
        where that, or reading it, is not allowed.
        """
        folder = self._place(use_case)
        folder.mkdir(parents=True, exist_ok=True)
        looks = {}
        with os.scandir(folder) as entries:
            for entry in entries:
                if not is_ignored(entry.name) and (look := look_at(Path(entry.path))):
                    looks[entry.name] = look
        return looks

    def look_at(self, use_case: str, name: str) -> Look | None:
        """One file as it is now, behind a link if there is one; None where there is no such file."""
        return look_at(self._place(use_case) / name)

    @contextmanager
    def opened(self, use_case: str, name: str) -> Iterator[Path]:
        """A file of this machine with its bytes, under its own name, while the block runs."""
        yield self._place(use_case) / name

    def _place(self, use_case: str) -> Path:
        return Path(self.root).expanduser().absolute() / use_case


def look_at(file: Path) -> Look | None:
    """One file as it is now, behind a link if there is one; None where there is no such file."""
    with suppress(OSError):
        found = file.stat()
        if stat.S_ISREG(found.st_mode):
            return Look(found.st_size, found.st_mtime_ns, os.access(file, os.R_OK))
    return None

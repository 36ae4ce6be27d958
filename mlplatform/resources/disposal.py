"""What lies in a store's folder, and how a version leaves it: at once, however the process ends."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

from mlplatform.ml.garbage import DAMAGED, TEMPORARY, Stored


def stored_in(root: Path, folder: str, asset: str, batch: str | None = None) -> Iterator[Stored]:
    """Every entry of a folder below the root of a store, a file or a folder, in the order of names."""
    try:
        entries = sorted(os.scandir(root / folder), key=lambda one: one.name)
    except (FileNotFoundError, NotADirectoryError):
        return
    for entry in entries:
        try:
            found = entry.stat(follow_symlinks=False)
            size = _size(Path(entry.path)) if entry.is_dir(follow_symlinks=False) else found.st_size
        except FileNotFoundError:
            continue  # a temporary file that has become a version by now
        # renaming keeps the time of the content, which says nothing about when something was set aside
        time = found.st_ctime if DAMAGED in entry.name else found.st_mtime
        path = f"{folder}/{entry.name}" if folder else entry.name
        yield Stored(path, asset, batch, entry.name, size, time)


def discard(place: Path) -> None:
    """Delete a version: first its name, then its content, so that nobody ever finds half of it.

    What a process leaves that is killed in between is temporary by name. What is gone already stays gone.
    """
    doomed = place
    if not place.name.startswith(TEMPORARY):
        doomed = place.with_name(f"{TEMPORARY}{uuid4().hex}")
        try:
            place.replace(doomed)
        except FileNotFoundError:
            return
    if doomed.is_dir() and not doomed.is_symlink():
        shutil.rmtree(doomed)
    else:
        doomed.unlink(missing_ok=True)


def _size(folder: Path) -> int:
    return sum(one.stat().st_size for one in folder.rglob("*") if one.is_file())

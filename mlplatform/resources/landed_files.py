"""The bytes as they landed, kept for ever under their own hash, and the event that makes them a batch."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import dagster as dg

from mlplatform.lineage.records import (
    Record,
    Version,
    latest_by_batch,
    partitions_name,
    record_metadata,
)
from mlplatform.lineage.withdrawals import back_again
from mlplatform.ml.errors import DamagedSnapshot, UnreadableFile, WrongUsage
from mlplatform.ml.garbage import Stored
from mlplatform.ml.hashing import file_sha256
from mlplatform.ml.naming import checked_batch_name, stem_of
from mlplatform.ml.steps import LANDED_FILE
from mlplatform.resources.disposal import discard, stored_in

if TYPE_CHECKING:
    from dagster import DagsterInstance


@dataclass(frozen=True)
class Arrival:
    """Kept bytes that are to become a batch. `file` is the file's name, `came_from` what else to record."""

    batch: str
    sha256: str
    file: str
    came_from: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Landing:
    """What landing a file did.

    `change` is "new batch", "new version" or "nothing: same bytes"; of a batch that was taken out, "back
    again: same bytes" or "back again: new version". `same_bytes_as` is another batch that counts and has the
    same bytes, where somebody has looked for one.
    """

    batch: str
    sha256: str
    bytes: int
    change: str
    same_bytes_as: str | None = None


class LandedFiles(dg.ConfigurableResource[Any]):
    """Landed bytes at `<root>/<sha256>`."""

    root: str

    def keep(self, file: Path) -> str:
        """Copy a file's bytes into the store and return their sha256. UnreadableFile where there are none."""
        refuse_what_is_no_file(file)
        return self._keep(lambda copy: shutil.copyfile(file, copy))

    def keep_bytes(self, content: bytes) -> str:
        """Write bytes into the store and return their sha256."""
        return self._keep(lambda copy: copy.write_bytes(content))

    def _keep(self, write: Callable[[Path], object]) -> str:
        root = Path(self.root)
        root.mkdir(parents=True, exist_ok=True)
        copy = root / f".tmp-{uuid4().hex}"
        try:
            write(copy)
            sha256 = file_sha256(copy)  # of the copy: the source may still be growing
            with copy.open("rb+") as written:
                os.fsync(written.fileno())
            self._store(copy, sha256)
        finally:
            copy.unlink(missing_ok=True)
        return sha256

    def _store(self, copy: Path, sha256: str) -> None:
        """Give whole bytes their place."""
        copy.replace(Path(self.root) / sha256)

    def place(self, sha256: str) -> Path:
        """Where landed bytes lie on this machine; DamagedSnapshot where they are gone."""
        path = Path(self.root) / sha256
        if not path.exists():
            raise DamagedSnapshot(f"landed file {path} is gone. Land the file again.")
        return path

    def proven(self, sha256: str) -> Path:
        """`place`, after a look at the bytes: DamagedSnapshot where they are not what their name says."""
        path = self.place(sha256)
        if file_sha256(path) != sha256:
            raise DamagedSnapshot(f"landed file {path} has changed on disk. Land the file again.")
        return path

    def stored(self) -> Iterator[Stored]:
        """Everything that lies in the store: landed bytes, and what processes left behind."""
        return stored_in(Path(self.root), "", LANDED_FILE)

    def discard(self, name: str) -> None:
        """Delete what has this name in the store."""
        discard(Path(self.root) / name)

    def land(self, instance: DagsterInstance, use_case: str, file: Path, batch: str) -> Landing:
        """Make a file a batch: keep its bytes, add the partition, report the event. Safe to repeat.

        The same bytes under the same batch change nothing; other bytes are a new version of that batch.
        """
        checked_batch_name(batch)
        return self.make_batch(instance, use_case, self.keep(file), shown_name(file), batch)

    def make_batch(
        self, instance: DagsterInstance, use_case: str, sha256: str, name: str, batch: str
    ) -> Landing:
        """Kept bytes become a batch: the second half of `land`. `name` is the file's, to be shown."""
        return self.make_batches(instance, use_case, [Arrival(batch, sha256, name)])[0]

    def make_batches(
        self, instance: DagsterInstance, use_case: str, arrivals: Sequence[Arrival]
    ) -> list[Landing]:
        """Kept bytes become batches, each as `land` says; looked up together, so many cost little more.

        Killed at any moment and repeated, it ends up the same. A batch that was taken out comes back last, so
        that it never counts with the bytes it had before.
        """
        names, partitions = [checked_batch_name(one.batch) for one in arrivals], partitions_name(use_case)
        before = latest_by_batch(instance, use_case, LANDED_FILE, names)
        counted = set(instance.get_dynamic_partitions(partitions))
        if new := [name for name in names if name not in before and name not in counted]:
            instance.add_dynamic_partitions(partitions, new)
        landings = []
        for one in arrivals:
            size, known = self.place(one.sha256).stat().st_size, before.get(one.batch)
            same = known is not None and known.sha256 == one.sha256
            if not same:
                instance.report_runless_asset_event(_landing_event(use_case, one, size))
            change = "new batch" if known is None else "same bytes" if same else "new version"
            if known and one.batch not in counted:
                if same:
                    instance.report_runless_asset_event(back_again(use_case, one.batch, one.sha256))
                instance.add_dynamic_partitions(partitions, [one.batch])
                change = f"back again: {change}"
            elif same:
                change = f"nothing: {change}"
            landings.append(Landing(one.batch, one.sha256, size, change))
        return landings


def _landing_event(use_case: str, arrival: Arrival, size: int) -> dg.AssetMaterialization:
    sha256, details = arrival.sha256, {"file": arrival.file, **arrival.came_from}
    return dg.AssetMaterialization(
        asset_key=dg.AssetKey([use_case, LANDED_FILE]),
        partition=arrival.batch,
        tags={"dagster/data_version": sha256},
        metadata={
            "bytes": size,
            "sha256": sha256,
            **details,
            **record_metadata(Version(sha256, sha256), details=details),
        },
    )


def refuse_what_is_no_file(file: Path) -> None:
    """UnreadableFile for what is missing, empty, a directory or not allowed to be read."""
    if not file.exists():
        raise UnreadableFile(f"{file} does not exist. Name a file to land.")
    if file.is_dir():
        raise UnreadableFile(f"{file} is a directory. Name the files in it, for example {file}/*.csv.")
    if not file.is_file():
        raise UnreadableFile(f"{file} is no regular file. Name a file to land.")
    try:
        with file.open("rb") as opened:
            empty = not opened.read(1)
    except OSError as error:
        raise UnreadableFile(f"{file} cannot be read: {error.strerror}. Check its permissions.") from None
    if empty:
        raise UnreadableFile(f"{file} is empty. Land a table: CSV with a header line, JSON lines or Parquet.")


def shown_name(file: Path) -> str:
    """A file's name as text; a name may be any bytes."""
    return file.name.encode("utf-8", "backslashreplace").decode()


def refuse_another_file(file: Path, batch: str, before: Record | None) -> None:
    """WrongUsage where the batch named after this file came `before` from one with another name.

    Where a name had to be changed to become a batch's, two different files may end up at the same one.
    """
    name = shown_name(file)
    earlier = str(before.details["file"]) if before else name
    if earlier != name and {batch} != {stem_of(name), stem_of(earlier)}:
        raise WrongUsage(
            f"{name} would become a new version of batch {batch!r}, which came from {earlier}. "
            f"If it is one, land it with --batch {batch}; else give it another name (--batch NAME)."
        )

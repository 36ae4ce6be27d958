"""Immutable, content-addressed versions of an asset's data. `docs/snapshots.md` defines the hash."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import dagster as dg

from mlplatform.ml.errors import DamagedSnapshot, WrongUsage
from mlplatform.ml.garbage import Stored
from mlplatform.ml.hashing import digest
from mlplatform.ml.steps import ALL_STEPS
from mlplatform.ml.stored_tables import read_stored, write_stored
from mlplatform.ml.table_hash import table_hash
from mlplatform.resources.disposal import discard, stored_in

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa


@dataclass(frozen=True)
class Snapshot:
    """One stored version: `sha256` of its logical content, `path` below the root, `rows` where it has any."""

    sha256: str
    path: str
    rows: int | None = None


class Snapshots(dg.ConfigurableResource[Any]):
    """Snapshots below a root folder, at `<use_case>/<asset>/[<batch>/]<sha256>.<kind>`.

    Every write is a temporary file and a rename, so a reader never sees half a file; a version that is
    there already is not written again.
    """

    root: str

    def write_table(
        self, use_case: str, asset: str, batch: str | None, table: pa.Table | pd.DataFrame
    ) -> Snapshot:
        """Store a table that has a `row_id` column."""
        import pyarrow as pa

        if not isinstance(table, pa.Table):
            table = pa.Table.from_pandas(table, preserve_index=False)
        sha256 = table_hash(table)
        path = _path(use_case, asset, batch, f"{sha256}.parquet")
        if not self._renewed(path):
            with self._whole_file(path) as temporary:
                write_stored(table, temporary)
        return Snapshot(sha256, path, table.num_rows)

    def read_table(self, path: str, columns: list[str] | None = None) -> pa.Table:
        """A stored table; DamagedSnapshot where it is gone or unreadable."""
        return read_stored(self.place(path), columns)

    def read_frame(self, path: str, columns: list[str] | None = None) -> pd.DataFrame:
        """A stored table as a DataFrame."""
        return self.read_table(path, columns).to_pandas()

    def write_json(self, use_case: str, asset: str, document: Any, sha256: str | None = None) -> Snapshot:
        """Store a JSON document under its digest, or under a hash that the document defines itself."""
        sha256 = sha256 or digest(document)
        text = json.dumps(document, indent=2, sort_keys=True).encode()
        return self.write_bytes(use_case, asset, text, sha256, "json")

    def read_json(self, path: str) -> Any:
        """A stored JSON document."""
        place = self.place(path)
        try:
            return json.loads(place.read_bytes())
        except (FileNotFoundError, ValueError) as error:
            raise DamagedSnapshot(f"{place} cannot be read: {error}. Run again to make it.", place) from None

    def write_bytes(self, use_case: str, asset: str, content: bytes, sha256: str, kind: str) -> Snapshot:
        """Store bytes under a hash that the caller has computed."""
        path = _path(use_case, asset, None, f"{sha256}.{kind}")
        if not self._renewed(path):
            with self._whole_file(path) as temporary:
                temporary.write_bytes(content)
        return Snapshot(sha256, path)

    def adopt_folder(self, use_case: str, asset: str, name: str, folder: Path, sha256: str) -> Snapshot:
        """Move a finished folder into the store as `<asset>/<name>`; one that is there already stays."""
        path = _path(use_case, asset, None, name)
        if not self._renewed(path):
            target = self.place(path)
            target.parent.mkdir(parents=True, exist_ok=True)
            waiting = Path(mkdtemp(prefix=".tmp-", dir=target.parent)) / name
            try:
                shutil.copytree(folder, waiting)  # the scratch folder may lie on another disk
                waiting.rename(target)
            except OSError:  # another process was first, with the same content
                if not target.exists():
                    raise
            finally:
                shutil.rmtree(waiting.parent, ignore_errors=True)
        return Snapshot(sha256, path)

    def set_aside(self, path: Path | None) -> None:
        """Rename a damaged version of this store, so that the next run finds it gone and makes it again."""
        if path is None:
            return
        found = path.resolve()
        if found.exists() and Path(self.root).resolve() in found.parents:
            found.replace(found.with_name(f"{found.name}.damaged-{uuid4().hex[:8]}"))

    def stored(self, use_case: str) -> Iterator[Stored]:
        """Everything of a use case's assets, whoever needs it: versions, and what processes left behind."""
        root = Path(self.root)
        for step in ALL_STEPS:
            for asset in step.outputs:
                for one in stored_in(root, f"{use_case}/{asset}", asset):
                    # below an asset that has batches (or windows), a folder is one
                    if (step.per_batch or step.per_window) and self.place(one.path).is_dir():
                        yield from stored_in(root, one.path, asset, batch=one.name)
                    else:
                        yield one

    def discard(self, path: str) -> None:
        """Delete what lies at this path below the root."""
        discard(self.place(path))

    def exists(self, path: str) -> bool:
        """Whether a version is stored; it is whole whenever it is there."""
        return self.place(path).exists()

    def _renewed(self, path: str) -> bool:
        """Whether a version is stored already; it counts as new then, so that `gc` leaves it."""
        with suppress(FileNotFoundError):
            os.utime(self.place(path))
            return True
        return False

    def place(self, path: str) -> Path:
        """Where a version lies on this machine."""
        return Path(self.root) / path

    def uri(self, path: str) -> str:
        """Where jobs find a version. WrongUsage: a folder of this machine is nothing that they can read."""
        raise WrongUsage(
            f"jobs read snapshots from S3, and {path} lies in a folder of this machine. Use the snapshots of "
            "the environment aws (MLPLATFORM_ENV=aws)."
        )

    @contextmanager
    def _whole_file(self, path: str) -> Iterator[Path]:
        with whole_file(self.place(path)) as temporary:
            yield temporary


@contextmanager
def whole_file(target: Path) -> Iterator[Path]:
    """A temporary path beside `target` that becomes `target` when the block ends without an error."""
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.with_name(f".tmp-{uuid4().hex}")
    try:
        yield temporary
        with temporary.open("rb+") as file:
            os.fsync(file.fileno())
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)


def _path(use_case: str, asset: str, batch: str | None, name: str) -> str:
    return "/".join(part for part in (use_case, asset, batch, name) if part)

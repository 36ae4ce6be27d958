"""Snapshots in S3, with a folder of this machine in front of them.

A version never changes, so a copy that was read once is exact for ever. A version is put into S3 before it
appears in the folder: what lies in the folder is in S3, however a process ended.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from uuid import uuid4

from mlplatform.container.packed import pack, unpack
from mlplatform.ml.errors import DamagedSnapshot
from mlplatform.ml.garbage import DAMAGED, Stored
from mlplatform.ml.steps import ALL_STEPS
from mlplatform.resources.aws.objects import Objects
from mlplatform.resources.disposal import discard
from mlplatform.resources.snapshots import Snapshot, Snapshots, whole_file

FOLDER = "snapshots"
PACKED = ".tar.gz"
_RENEWED_AFTER = 3600.0  # seconds: younger than that, `gc` leaves a version alone anyway
_ASSETS = {asset: step for step in ALL_STEPS for asset in step.outputs}


class S3Snapshots(Snapshots):
    """Snapshots at `s3://<bucket>/<prefix>/snapshots/<path>`; `root` is the folder in front.

    A model, which is a folder, is one object `<path>.tar.gz`: so it is whole or absent, and an endpoint can
    be pointed at it.
    """

    def uri(self, path: str) -> str:
        """Where a version lies in S3."""
        return Objects(FOLDER).uri(_object(path))

    def exists(self, path: str) -> bool:
        """Whether a version is stored."""
        return self._in_front(path).exists() or Objects(FOLDER).written(_object(path)) is not None

    def place(self, path: str) -> Path:
        """Where a version lies on this machine, fetched if need be; there is nothing at that place where S3
        has none."""
        target = self._in_front(path)
        if not target.exists():
            if _is_folder(path):
                self._fetch_folder(path, target)
            else:
                Objects(FOLDER).fetch(path, target)
        return target

    def adopt_folder(self, use_case: str, asset: str, name: str, folder: Path, sha256: str) -> Snapshot:
        """Store a finished folder as `<asset>/<name>`; one that is there already stays."""
        path = f"{use_case}/{asset}/{name}"
        if not self._renewed(path):
            with TemporaryDirectory(prefix="mlplatform-pack-") as scratch:
                archive = Path(scratch) / f"{name}{PACKED}"
                pack(folder, archive)
                Objects(FOLDER).put(_object(path), archive)
        return Snapshot(sha256, path)

    def set_aside(self, path: Path | None) -> None:
        """Drop a damaged copy; what S3 holds is renamed only if it is the same, and so damaged itself."""
        if path is None or Path(self.root).resolve() not in path.resolve().parents:
            return
        relative = path.resolve().relative_to(Path(self.root).resolve()).as_posix()
        held = _object(relative)
        with TemporaryDirectory(prefix="mlplatform-look-") as scratch:
            fetched = Path(scratch) / "object"
            if path.is_dir():  # packed again, equal files give equal bytes
                pack(path, Path(scratch) / "copy")
            copy = Path(scratch) / "copy" if path.is_dir() else path
            there = Objects(FOLDER).fetch(held, fetched)
            if there and copy.exists() and fetched.read_bytes() == copy.read_bytes():
                _rename_damaged(held)
        discard(path)

    def stored(self, use_case: str) -> Iterator[Stored]:
        """Everything of a use case's assets in S3, whoever needs it."""
        for one in Objects(FOLDER).listed(f"{use_case}/"):
            path = one.path.removesuffix(PACKED)
            _, asset, *rest = path.split("/")
            step = _ASSETS.get(asset)
            if step is None or not rest:
                continue
            batch = rest[0] if len(rest) > 1 and (step.per_batch or step.per_window) else None
            yield Stored(path, asset, batch, rest[-1], one.bytes, one.time)

    def discard(self, path: str) -> None:
        """Delete a version in S3, and its copy."""
        Objects(FOLDER).delete(_object(path))
        discard(self._in_front(path))

    def _in_front(self, path: str) -> Path:
        return Path(self.root) / path

    def _renewed(self, path: str) -> bool:
        objects, held = Objects(FOLDER), _object(path)
        written = objects.written(held)
        if written is None:
            return False
        if time.time() - written > _RENEWED_AFTER:
            objects.copy(held, held)
        return True

    def _fetch_folder(self, path: str, target: Path) -> None:
        target.parent.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(prefix=".tmp-", dir=target.parent) as scratch:
            archive, whole = Path(scratch) / "archive", Path(scratch) / target.name
            if not Objects(FOLDER).fetch(_object(path), archive):
                return
            try:
                unpack(archive, whole)
            except DamagedSnapshot:
                _rename_damaged(_object(path))  # now there is none, so the step that wants it makes it again
                return
            try:
                whole.rename(target)
            except OSError:  # another process was first, with the same content
                if not target.exists():
                    raise

    @contextmanager
    def _whole_file(self, path: str) -> Iterator[Path]:
        with whole_file(self._in_front(path)) as temporary:
            yield temporary
            Objects(FOLDER).put(_object(path), temporary)


def _is_folder(path: str) -> bool:
    """A model has no ending, everything else has one."""
    return not PurePosixPath(path).suffix


def _object(path: str) -> str:
    return f"{path}{PACKED}" if _is_folder(path) else path


def _rename_damaged(held: str) -> None:
    """S3 has no renaming; killed in between, the object has two names, and the next to look goes on."""
    objects = Objects(FOLDER)
    objects.copy(held, f"{held}{DAMAGED}{uuid4().hex[:8]}")
    objects.delete(held)

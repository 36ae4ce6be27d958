"""Landed bytes in S3, with a folder of this machine in front of them: see `snapshots`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from mlplatform.ml.garbage import Stored
from mlplatform.ml.steps import LANDED_FILE
from mlplatform.resources.aws.objects import Objects
from mlplatform.resources.disposal import discard
from mlplatform.resources.landed_files import LandedFiles

FOLDER = "landed"


class S3LandedFiles(LandedFiles):
    """Landed bytes at `s3://<bucket>/<prefix>/landed/<sha256>`; `root` is the folder in front.

    Bytes are in S3 before anything is recorded of them: a machine that is lost after landing loses nothing.
    """

    def place(self, sha256: str) -> Path:
        """Where landed bytes lie on this machine, fetched if need be; DamagedSnapshot where they are gone."""
        copy = Path(self.root) / sha256
        if not copy.exists():
            Objects(FOLDER).fetch(sha256, copy)
        return super().place(sha256)

    def stored(self) -> Iterator[Stored]:
        """Everything that lies in S3."""
        for one in Objects(FOLDER).listed(""):
            yield Stored(one.path, LANDED_FILE, None, one.path, one.bytes, one.time)

    def discard(self, name: str) -> None:
        """Delete what has this name in S3, and its copy."""
        Objects(FOLDER).delete(name)
        discard(Path(self.root) / name)

    def _store(self, copy: Path, sha256: str) -> None:
        objects = Objects(FOLDER)
        if objects.written(sha256) is None:
            objects.put(sha256, copy)
        super()._store(copy, sha256)

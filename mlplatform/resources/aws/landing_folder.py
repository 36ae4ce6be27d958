"""Where people and programs put objects that are to become batches."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from mlplatform.ml.landing import Look, is_ignored
from mlplatform.resources.aws.objects import Found, Objects
from mlplatform.resources.landing_folder import LandingFolder

FOLDER = "landing"


class S3LandingFolder(LandingFolder):
    """A folder per use case at `s3://<bucket>/<prefix>/landing/`; `root` is where objects are read through.

    What lies in folders below it is left alone, as is the empty object by which consoles mark a folder.
    """

    def where(self, use_case: str) -> str:
        """See LandingFolder."""
        return Objects(FOLDER).uri(f"{use_case}/")

    def look(self, use_case: str) -> dict[str, Look]:
        """See LandingFolder; AwsRefused or OSError where S3 does not list it."""
        folder = f"{use_case}/"
        found = {one.path.removeprefix(folder): one for one in Objects(FOLDER).listed(folder)}
        return {name: _look(one) for name, one in found.items() if name and _is_file(name)}

    def look_at(self, use_case: str, name: str) -> Look | None:
        """See LandingFolder."""
        path = f"{use_case}/{name}"
        return next((_look(one) for one in Objects(FOLDER).listed(path) if one.path == path), None)

    @contextmanager
    def opened(self, use_case: str, name: str) -> Iterator[Path]:
        """See LandingFolder: fetched, and gone after the block."""
        Path(self.root).mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(prefix=".tmp-", dir=self.root) as scratch:
            file = Path(scratch) / name
            Objects(FOLDER).fetch(f"{use_case}/{name}", file)
            yield file


def _is_file(name: str) -> bool:
    return "/" not in name and not is_ignored(name)


def _look(one: Found) -> Look:
    return Look(one.bytes, int(one.time * 1_000_000_000))

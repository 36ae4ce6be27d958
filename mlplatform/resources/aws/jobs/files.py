"""What jobs are given and what they leave, in S3: inputs lie under their sha256 and are written once."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

from mlplatform.container import packed
from mlplatform.container.code import Declared, folder_sha256, write_code
from mlplatform.ml.errors import DamagedSnapshot, MLPlatformError
from mlplatform.resources.aws.objects import Objects
from mlplatform.resources.aws.settings import AwsSettings


class UnusableResult(MLPlatformError):
    """What a job left is gone, or is not what a job of this platform leaves."""


class JobFiles:
    """The folders of jobs below the platform's prefix."""

    def __init__(self, settings: AwsSettings) -> None:
        self._settings = settings

    def put(self, folder: str, name: str, content: bytes) -> str:
        """Store `<folder>/<sha256>/<name>` unless it is there; the URI of its folder, with a slash behind."""
        sha256 = hashlib.sha256(content).hexdigest()
        objects = Objects(folder, self._settings)
        objects.put_once(f"{sha256}/{name}", content)
        return objects.uri(f"{sha256}/")

    def put_code(self, files: Mapping[str, bytes], declared: Declared, scratch: Path) -> tuple[str, str]:
        """Store a use case's files as `code/<sha256>/...`; the folder's URI and its `folder_sha256`."""
        write_code(scratch, files, declared)
        sha256, objects = folder_sha256(scratch), Objects("code", self._settings)
        for path in sorted(one for one in scratch.rglob("*") if one.is_file()):
            objects.put_once(f"{sha256}/{path.relative_to(scratch).as_posix()}", path.read_bytes())
        return objects.uri(f"{sha256}/"), sha256

    def fetch(self, uri: str, target: Path) -> None:
        """Download what a job left below the prefix. UnusableResult where it is gone."""
        folder, _, path = uri.removeprefix(f"{self._settings.uri()}/").partition("/")
        if not Objects(folder, self._settings).fetch(path, target):
            raise UnusableResult(f"{uri} is gone.")


def unpack(archive: Path, folder: Path) -> None:
    """Unpack a model.tar.gz; UnusableResult where it is none."""
    try:
        packed.unpack(archive, folder)
    except DamagedSnapshot as error:
        raise UnusableResult(str(error)) from error

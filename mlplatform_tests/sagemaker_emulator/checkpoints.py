"""A training job's checkpoints, copied from S3 when it starts and to S3 while it writes them."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from mlplatform_tests.sagemaker_emulator.buckets import download, upload_file

_OPT_ML = "/opt/ml"


class Checkpoints:
    """Of one job; nothing happens where the request names no place for them."""

    def __init__(self, config: Mapping[str, str], base: Path) -> None:
        self._uri = config.get("S3Uri", "").rstrip("/")
        local = config.get("LocalPath", f"{_OPT_ML}/checkpoints")
        self._folder = base / local.removeprefix(_OPT_ML).lstrip("/")
        self._copied: dict[Path, tuple[int, int]] = {}

    def download(self) -> None:
        """What an earlier job left there."""
        if self._uri:
            with suppress(FileNotFoundError):  # it is the first of its kind
                download("S3Prefix", f"{self._uri}/", self._folder)
            self._copied = {path: _state(path) for path in self._files()}

    def upload(self) -> None:
        """What is new or changed since."""
        for path in self._files() if self._uri else ():
            state = _state(path)
            if self._copied.get(path) != state:
                upload_file(path, f"{self._uri}/{path.relative_to(self._folder).as_posix()}")
                self._copied[path] = state

    def _files(self) -> list[Path]:
        return sorted(path for path in self._folder.rglob("*") if path.is_file())


def _state(path: Path) -> tuple[int, int]:
    seen = path.stat()
    return seen.st_mtime_ns, seen.st_size

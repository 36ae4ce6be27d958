"""Captured traffic, written by the model servers to `<endpoint>/AllTraffic/yyyy/mm/dd/hh/<server>.jsonl`.

Files only grow. A whole line is a line that ends; the last one of a file may still be written, until its span
is closed: then whoever wrote it was killed, and it counts as a line that cannot be read.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dagster as dg

from mlplatform.container.captured import VARIANT
from mlplatform.ml.traffic import version_in
from mlplatform.ml.windows import folder_of, is_span


@dataclass(frozen=True)
class Traffic:
    """What a span's files held when they were read.

    `files`: bytes read, by name. `versions`: sha256 over the lines of each model version; these are the
    span's windows. `lines`: (place, line) of the version that was asked for.
    """

    files: Mapping[str, int]
    versions: Mapping[str, str]
    lines: tuple[tuple[str, bytes], ...] = ()

    @property
    def state(self) -> dict[str, Any]:
        """What is recorded with a window, to see later whether the span has grown."""
        return {"files": dict(self.files), "versions": dict(self.versions)}


class CapturedTraffic(dg.ConfigurableResource[Any]):
    """Capture files below `root`."""

    root: str

    def spans(self, endpoint: str, window: str) -> Iterator[str]:
        """Spans with captured lines, newest first; folders are listed as they are asked for."""
        depth = 4 if window == "hour" else 3
        for parts in self._newest_first(self._variants(endpoint), depth):
            span = "-".join(parts[:3]) + (f"T{parts[3]}" if window == "hour" else "")
            if is_span(span):
                yield span

    def files(self, endpoint: str, span: str) -> dict[str, int]:
        """Sizes in bytes of a span's files, by path below its folder."""
        folder = self._folder(endpoint) / folder_of(span)
        found = {}
        for path in sorted(folder.rglob("*.jsonl")):
            with suppress(FileNotFoundError):
                if not path.is_file():
                    continue
                found[path.relative_to(folder).as_posix()] = path.stat().st_size
        return found

    def read(self, endpoint: str, span: str, is_closed: bool, keep: str | None = None) -> Traffic:
        """Read a span once; `keep` names the model version whose lines are wanted."""
        sizes: dict[str, int] = {}
        hashes: dict[str, Any] = {}
        kept: list[tuple[str, bytes]] = []
        for name in self.files(endpoint, span):
            sizes[name], where = 0, self.where(endpoint, span, name)
            with self._opened(endpoint, span, name) as file:
                for number, line in enumerate(file, start=1):
                    sizes[name] += len(line)
                    if not line.endswith(b"\n") and not is_closed:
                        continue
                    version = self._version_of(name, line)
                    hashes.setdefault(version, hashlib.sha256()).update(line)
                    if version == keep:
                        kept.append((f"{where}, line {number}", line))
        versions = {version: one.hexdigest() for version, one in sorted(hashes.items())}
        return Traffic(sizes, versions, tuple(kept))

    def find(self, endpoint: str, span: str, texts: Sequence[bytes]) -> Iterator[tuple[str, str, bytes]]:
        """The whole lines of a span that hold one of these texts, as (place, model version, line)."""
        for name in self.files(endpoint, span):
            where = self.where(endpoint, span, name)
            with self._opened(endpoint, span, name) as file:
                for number, line in enumerate(file, start=1):
                    if line.endswith(b"\n") and any(text in line for text in texts):
                        yield f"{where}, line {number}", self._version_of(name, line), line

    def where(self, endpoint: str, span: str, name: str) -> str:
        """A file of a span, for people to read."""
        return str(self._folder(endpoint) / folder_of(span) / name)

    def _opened(self, endpoint: str, span: str, name: str) -> AbstractContextManager[Iterable[bytes]]:
        return (self._folder(endpoint) / folder_of(span) / name).open("rb")

    def _version_of(self, name: str, line: bytes) -> str:
        """The model version that answered: the servers of this machine write it into each line."""
        return version_in(line)

    def _variants(self, endpoint: str) -> Sequence[str]:
        """The folders that hold years; here, there is one."""
        return [str(self._folder(endpoint))]

    def _folders(self, folder: str) -> Sequence[str]:
        """Names in a folder; none where there is no such folder."""
        try:
            return [one.name for one in Path(folder).iterdir()]
        except (FileNotFoundError, NotADirectoryError):
            return ()

    def _newest_first(self, folders: Sequence[str], depth: int) -> Iterator[tuple[str, ...]]:
        """The paths of numbers below these folders taken together."""
        if depth == 0:
            yield ()
            return
        below: dict[str, list[str]] = {}
        for folder in folders:
            for name in self._folders(folder):
                if name.isdigit():
                    below.setdefault(name, []).append(f"{folder}/{name}")
        for name in sorted(below, reverse=True):
            for rest in self._newest_first(below[name], depth - 1):
                yield (name, *rest)

    def _folder(self, endpoint: str) -> Path:
        return Path(self.root) / endpoint / VARIANT

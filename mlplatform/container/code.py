"""A use case's functions, loaded from the files beside a model instead of from the working tree.

Otherwise an edit of `features.py` would silently change what a trained model answers.
"""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import json
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from importlib.machinery import FileFinder, SourceFileLoader
from pathlib import Path
from types import CodeType
from typing import Any

from mlplatform.ml.code_version import imported_modules

DECLARATION = "use_case.json"


@dataclass(frozen=True)
class Declared:
    """What training and serving need to know of a use case. Functions are named "module:function"."""

    use_case: str
    raw: str
    features: str
    build_features: str
    estimator: str
    entity: str
    target: str
    task: str
    seed: int
    threads: int
    code_version: str
    after_the_fact: tuple[str, ...] = ()
    positive: Any = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "after_the_fact", tuple(self.after_the_fact))  # JSON has lists

    @property
    def unseen(self) -> tuple[str, ...]:
        """Columns of the raw contract that are not known when a prediction is asked for."""
        return (self.target, *self.after_the_fact)

    def to_bytes(self) -> bytes:
        """The declaration as it stands in `code/use_case.json`."""
        return json.dumps(asdict(self), indent=2, sort_keys=True).encode()


@dataclass(frozen=True)
class Code:
    """A `code/` folder."""

    folder: Path

    @property
    def declared(self) -> Declared:
        """The declaration that came with the files."""
        return Declared(**json.loads((self.folder / DECLARATION).read_text(encoding="utf-8")))

    @property
    def imports(self) -> set[str]:
        """The top-level modules that the files import, anywhere in them, besides each other and ours."""
        return imported_modules(self.folder.rglob("*.py")) - {__name__.partition(".")[0]}

    def named(self, reference: str) -> Any:
        """The function or class that "module:name" names, loaded from this folder's files.

        Every folder is imported under a package name of its own (a hash of its files), so that two models
        with different code can be loaded in one process, and nothing of the working tree is executed.
        """
        module, _, name = reference.partition(":")
        package = self._package()
        return getattr(importlib.import_module(f"{package}.{module}"), name)

    def _package(self) -> str:
        name = f"_mlplatform_code_{folder_sha256(self.folder)[:16]}"
        if name not in sys.modules:
            spec = importlib.util.spec_from_loader(name, loader=None, is_package=True)
            if spec is None:
                raise ImportError(f"cannot load the code in {self.folder}")
            package = importlib.util.module_from_spec(spec)
            sys.modules[name] = package
        # the same files may have been loaded from a folder that is gone by now
        if getattr(sys.modules[name], "__path__", None) != [str(self.folder)]:
            sys.modules[name].__path__ = [str(self.folder)]
            for place in (self.folder, *filter(Path.is_dir, self.folder.rglob("*"))):
                sys.path_importer_cache[str(place)] = FileFinder(str(place), (_FromSource, [".py"]))
        return name


class _FromSource(SourceFileLoader):
    """Compiles what the file says. Compiled files are trusted by time and size, so an old one may pass for
    new; and written, they would change a stored model's folder."""

    def get_code(self, fullname: str) -> CodeType:
        """The module's code, from its source."""
        path = self.get_filename(fullname)
        return self.source_to_code(self.get_data(path), path)


def write_code(folder: Path, files: Mapping[str, bytes], declared: Declared) -> None:
    """Lay a use case's files (relative path -> bytes) and its declaration down in `folder`."""
    for relative, content in {**files, DECLARATION: declared.to_bytes()}.items():
        path = folder / relative
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def folder_sha256(folder: Path) -> str:
    """Hex sha256 over the names and bytes of a folder's files; compiled Python does not count."""
    total = hashlib.sha256()
    for name, content in file_hashes(folder).items():
        total.update(f"{name}\0{content}\n".encode())
    return total.hexdigest()


def file_hashes(folder: Path) -> dict[str, str]:
    """Hex sha256 of each file's bytes by its path below the folder; compiled Python does not count."""
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts  # other processes write there meanwhile
    }

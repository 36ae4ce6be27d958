"""What a model was made with: interpreter, processor, threads and the libraries that shape its bytes."""

from __future__ import annotations

import platform
import sys
from collections.abc import Iterable, Iterator
from importlib.metadata import PackageNotFoundError, packages_distributions, requires, version
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from mlplatform.ml.hashing import digest

# What every model is made with: another version may give another model from the same data and code.
SHAPING_LIBRARIES = (
    "numpy",
    "pandas",
    "pandera",
    "pyarrow",
    "scikit-learn",
    "scipy",
    "skops",
    "threadpoolctl",
)


def environment(threads: int, imported: Iterable[str] = ()) -> dict[str, Any]:
    """What is installed here, as a JSON document with its own `sha256`.

    `threads` is the fixed number of threads the fit uses; `imported` the top-level modules that the model's
    own code imports. `libraries` has the packages that bring these, the platform's own for every model, and
    all that they require; a version is None where nothing is installed under that name. The versions are
    read from what is installed, not from a lock file: a lock says what was wished for.
    """
    names = sorted(_with_required([*SHAPING_LIBRARIES, *_packages_of(imported)]))
    facts: dict[str, Any] = {
        "python": platform.python_version(),
        "system": platform.system(),
        "processor": platform.machine(),
        "threads": threads,
        "libraries": {name: _installed(name) for name in names},
    }
    return {**facts, "sha256": digest(facts)}


def _packages_of(modules: Iterable[str]) -> list[str]:
    known = {*sys.stdlib_module_names, *SHAPING_LIBRARIES, "sklearn"}  # to look into all packages takes time
    others = set(modules) - known
    if not others:
        return []
    packages = packages_distributions()
    return [name for module in others for name in packages.get(module, [module])]


def _with_required(packages: Iterable[str]) -> set[str]:
    """These and all that they require on this machine, extras apart."""
    found: set[str] = set()
    waiting = list(packages)
    while waiting:
        name = canonicalize_name(waiting.pop())
        if name not in found:
            found.add(name)
            waiting += _required_by(name)
    return found


def _required_by(package: str) -> Iterator[str]:
    try:
        said = requires(package) or []
    except PackageNotFoundError:
        return
    for requirement in map(Requirement, said):
        if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
            yield requirement.name


def _installed(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None

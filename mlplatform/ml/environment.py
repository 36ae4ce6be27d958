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

# Another version of one of these may give another model from the same data and code: by the module's name.
SHAPING_LIBRARIES = {
    "numpy": "numpy",
    "pandas": "pandas",
    "pandera": "pandera",
    "pyarrow": "pyarrow",
    "sklearn": "scikit-learn",
    "scipy": "scipy",
    "skops": "skops",
    "threadpoolctl": "threadpoolctl",
}


def environment(threads: int, imported: Iterable[str] = ()) -> dict[str, Any]:
    """What is installed here, as a JSON document with its own `sha256`.

    `threads` is the fixed number of threads the fit uses; `imported` the top-level modules that the model's
    own code imports: `libraries` has the packages that bring them, too, and all that those require. A version
    is None where nothing is installed under that name. The versions are read from what is installed, not from
    a lock file: a lock says what was wished for.
    """
    names = sorted({*SHAPING_LIBRARIES.values(), *_brought_by(imported)})
    facts: dict[str, Any] = {
        "python": platform.python_version(),
        "system": platform.system(),
        "processor": platform.machine(),
        "threads": threads,
        "libraries": {name: _installed(name) for name in names},
    }
    return {**facts, "sha256": digest(facts)}


def _brought_by(modules: Iterable[str]) -> set[str]:
    """Names of the packages that these modules come from and of what those require, beyond the ones above."""
    others = {one for one in modules if one not in SHAPING_LIBRARIES and one not in sys.stdlib_module_names}
    if not others:
        return set()
    packages = packages_distributions()
    waiting = [name for module in others for name in packages.get(module, [module])]
    found: set[str] = set()
    while waiting:
        name = canonicalize_name(waiting.pop())
        if name not in found and name not in SHAPING_LIBRARIES.values():
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

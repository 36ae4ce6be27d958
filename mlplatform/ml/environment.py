"""What a model was made with: interpreter, processor, threads and the libraries that shape its bytes."""

from __future__ import annotations

import platform
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from mlplatform.ml.hashing import digest

# Another version of one of these may give another model from the same data and code.
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


def _installed(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def environment(threads: int) -> dict[str, Any]:
    """What is installed here, as a JSON document with its own `sha256`.

    `threads` is the fixed number of threads the fit uses. The versions are read from what is installed,
    not from a lock file: a lock says what was wished for.
    """
    facts: dict[str, Any] = {
        "python": platform.python_version(),
        "system": platform.system(),
        "processor": platform.machine(),
        "threads": threads,
        "libraries": {name: _installed(name) for name in SHAPING_LIBRARIES},
    }
    return {**facts, "sha256": digest(facts)}

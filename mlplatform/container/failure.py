"""Why a program of the container failed, left where the service looks for it."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from pathlib import Path

from mlplatform.ml.errors import MLPlatformError

_LENGTH = 1024  # characters that the service keeps


def ended(work: Callable[[], object], place: Path) -> int:
    """A program's exit code: 0, or 1 with the reason as a file at `place` and the traceback on stderr."""
    try:
        work()
    except Exception as error:
        leave_reason(error, place)
        return 1
    return 0


def leave_reason(error: Exception, place: Path) -> None:
    """The error in its own words as a file at `place`, and its traceback on stderr."""
    reason = str(error) if isinstance(error, MLPlatformError) else f"{type(error).__name__}: {error}"
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(reason[:_LENGTH], encoding="utf-8")
    traceback.print_exception(error)

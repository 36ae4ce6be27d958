"""Running the rebuilding program in a process of its own, for a limited time."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

from mlplatform.container.layout import Layout
from mlplatform.container.rebuild import STEP, Outcome
from mlplatform.ml.errors import MLPlatformError

_STDERR = 2


class TookTooLong(MLPlatformError):
    """A rebuild was stopped because its time was up: nothing is known of what would have come out."""


def rebuilt_in(scratch: Path, at_most: float) -> Outcome:
    """What comes out below `scratch`, which holds an order; a step that fails is a difference too.

    Progress goes to stderr. The process and all that it started are gone when this returns or raises.
    """
    command = [sys.executable, "-m", "mlplatform.container.rebuild", str(scratch)]
    # a session of its own: what the fit starts besides (workers of joblib) can be ended with it
    process = subprocess.Popen(  # noqa: S603 - no shell, our own program
        command, stdin=subprocess.DEVNULL, stdout=_STDERR, start_new_session=True
    )
    try:
        code = process.wait(at_most)
    except subprocess.TimeoutExpired:
        raise TookTooLong(
            f"the rebuild was stopped after {at_most:,.0f} seconds, at {_step(scratch)}. "
            "Give it more time: --at-most SECONDS."
        ) from None
    finally:
        _end(process)
    if code == 0:
        return Outcome.read(scratch)
    reason = Layout(scratch).failure
    if not reason.exists():
        raise MLPlatformError(
            f"the rebuild ended by itself at {_step(scratch)} ({_ended(code)}), so nothing is known of what "
            "would have come out. Look for too little memory, and try again."
        )
    return Outcome(difference=f"{_step(scratch)} fails: {reason.read_text(encoding='utf-8')}")


def _end(process: subprocess.Popen[bytes]) -> None:
    with suppress(ProcessLookupError):  # all of it has ended
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _step(scratch: Path) -> str:
    place = scratch / STEP
    return place.read_text(encoding="utf-8") if place.exists() else "the start"


def _ended(code: int) -> str:
    return f"signal {-code}" if code < 0 else f"exit code {code}"

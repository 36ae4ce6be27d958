"""Waiting between two looks, without going deaf."""

from __future__ import annotations

import time

from dagster._utils.interrupts import check_captured_interrupt

_SLICE = 0.5


def pause(seconds: float) -> None:
    """Sleep; KeyboardInterrupt as soon as this run is stopped."""
    end = time.monotonic() + seconds
    while True:
        if check_captured_interrupt():  # Dagster holds Ctrl-C back while a step works
            raise KeyboardInterrupt
        left = end - time.monotonic()
        if left <= 0:
            return
        time.sleep(min(left, _SLICE))

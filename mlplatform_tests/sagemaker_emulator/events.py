"""What happens to jobs, endpoints and packages, for those who keep a record of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from typing import Any, Literal

Event = Literal[
    "job created",
    "job ended",
    "endpoint deployed",
    "model package group created",
    "model package created",
    "model package judged",
]
Listener = Callable[[Any], None]
_LISTENERS: dict[Event, list[Listener]] = defaultdict(list)


def when(event: Event) -> Callable[[Listener], Listener]:
    """Register a function that gets whatever it has happened to."""

    def register(listener: Listener) -> Listener:
        _LISTENERS[event].append(listener)
        return listener

    return register


def tell(event: Event, subject: Any) -> None:
    """It has happened."""
    for listener in _LISTENERS[event]:
        listener(subject)

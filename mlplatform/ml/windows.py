"""Windows of captured traffic: a span of UTC time, together with the model that answered in it.

So every window has exactly one baseline, and a new model starts a new window. A window's name is its
partition key: `2026-11-23T18_ab12cd34ef56`, or `2026-11-23_ab12cd34ef56` where windows are days.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from mlplatform.ml.errors import WrongUsage

UNKNOWN_MODEL = "unknown"
"""Stands for the model in the window of lines that name none, so that they are counted somewhere."""

_HOUR, _DAY = "%Y-%m-%dT%H", "%Y-%m-%d"
_KEY = re.compile(rf"(\d{{4}}-\d{{2}}-\d{{2}}(?:T\d{{2}})?)_([0-9a-f]{{12}}|{UNKNOWN_MODEL})")
_VERSION = re.compile(r"[0-9a-f]{12}")
# A server writes off the path of its requests: what it answered at 17:59:59 may be written after 18:00.
_WRITTEN_WITHIN = timedelta(minutes=2)
# An open window that was judged before is judged again when it is so much larger.
_WORTH_JUDGING_AGAIN = 1.25


@dataclass(frozen=True, order=True)
class Window:
    """`span` is `2026-11-23T18` or `2026-11-23`."""

    span: str
    model_version: str

    @property
    def key(self) -> str:
        """The partition key."""
        return f"{self.span}_{self.model_version}"

    @classmethod
    def named(cls, key: str) -> Window:
        """The window of a partition key; WrongUsage for what is none."""
        found = _KEY.fullmatch(key)
        if found is None:
            raise WrongUsage(
                f"{key!r} names no window of traffic. They look like 2026-11-23T18_ab12cd34ef56 and are made "
                "by the retraining sensor and by `mlplatform monitor`."
            )
        _start(found[1])
        return cls(found[1], found[2])


def model_named(version: str) -> str:
    """The version if it is one, else `UNKNOWN_MODEL`: it comes from a file and becomes part of a path."""
    return version if _VERSION.fullmatch(version) else UNKNOWN_MODEL


def is_span(text: str) -> bool:
    """Whether this names an hour or a day, as a folder of captured lines should."""
    try:
        return Window.named(f"{text}_{UNKNOWN_MODEL}").span == text
    except WrongUsage:
        return False


def span_of(time: datetime, window: str) -> str:
    """The span that a moment belongs to, for windows of an `hour` or a `day`."""
    return time.astimezone(UTC).strftime(_HOUR if window == "hour" else _DAY)


def folder_of(span: str) -> str:
    """Where a span's captured lines lie below an endpoint's variant: `2026/11/23/18` or `2026/11/23`."""
    return span.replace("T", "-").replace("-", "/")


def closed(span: str, now: datetime) -> bool:
    """Whether the span is over and nothing more is to be expected of it."""
    length = timedelta(hours=1) if "T" in span else timedelta(days=1)
    return now >= _start(span) + length + _WRITTEN_WITHIN


def worth_judging(before: int | None, now: int, is_closed: bool) -> bool:
    """Whether a span whose captured bytes grew from `before` (None: never judged) to `now` is to be judged.

    Not for every single request of an open one: each time it has grown by a quarter, and once it is closed.
    """
    if before is None or is_closed:
        return now != before
    return now >= before * _WORTH_JUDGING_AGAIN


def _start(span: str) -> datetime:
    try:
        return datetime.strptime(span, _HOUR if "T" in span else _DAY).replace(tzinfo=UTC)
    except ValueError:
        raise WrongUsage(f"{span!r} is no UTC hour or day such as 2026-11-23T18.") from None

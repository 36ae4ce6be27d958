"""Moments that people name on the command line."""

from __future__ import annotations

from datetime import UTC, datetime

from mlplatform.ml.errors import WrongUsage


def moment_named(text: str) -> datetime:
    """A moment in ISO 8601, such as `2026-11-23T18:00` or `2026-11-23T18:00+01:00`, with its time zone.

    Without a zone it is UTC; a day alone is its first moment. WrongUsage for what is none.
    """
    try:
        found = datetime.fromisoformat(text.strip())
    except ValueError:
        raise WrongUsage(
            f"{text!r} is no moment. Say it as 2026-11-23T18:00 (UTC) or 2026-11-23T18:00+01:00."
        ) from None
    return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)

"""A request that cannot be answered as it stands."""

from __future__ import annotations

from collections.abc import Sequence

from mlplatform.ml.errors import Case, MLPlatformError


class BadRequest(MLPlatformError):
    """What is wrong with a request, where and what to do; `status` is HTTP's: 400, 406, 413 or 415.

    `cases` are the first values that break a rule, with their 1-based rows; empty where no value is meant.
    """

    def __init__(self, message: str, cases: Sequence[Case] = (), status: int = 400) -> None:
        super().__init__(message)
        self.cases = list(cases)
        self.status = status


def refuse_too_many(rows: int, most_rows: int | None) -> None:
    """BadRequest with status 413 for more rows than one request may have."""
    if most_rows is not None and rows > most_rows:
        raise BadRequest(f"more than {most_rows:,} rows in one request. Send several.", status=413)

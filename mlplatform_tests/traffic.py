"""Captured traffic without a server: a model's answers to rows, written down as a server would."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pandas as pd

from mlplatform.container.serving import ServedModel
from mlplatform.ml.capture import Exchange, Message, capture_line

HOUR = datetime(2026, 3, 1, 17, 25, 49, tzinfo=UTC)


def capture_lines(
    model: Path, rows: pd.DataFrame, *, at: datetime = HOUR, server: str = "one", rows_per_request: int = 500
) -> list[bytes]:
    """A line per request; `rows` as a client has them, with or without the target."""
    served = ServedModel(model)
    asked = rows.drop(columns=list(served.declared.unseen), errors="ignore")
    lines = []
    for number, start in enumerate(range(0, len(asked), rows_per_request)):
        body = asked.iloc[start : start + rows_per_request].to_csv(index=False).encode()
        request = Message("text/csv; header=present", body)
        exchange = Exchange(
            event_id=f"{server}-{at:%H%M}-{number:06d}",
            time=at.strftime("%Y-%m-%dT%H:%M:%SZ"),
            model_version=served.version,
            request=request,
            answer=served.answer(request, "application/json").message,
            inference_id=f"client-{number}" if number % 2 else None,
        )
        lines.append(capture_line(exchange))
    return lines


def capture_file(root: Path, endpoint: str, at: datetime = HOUR, server: str = "one") -> Path:
    """Where a server writes what it answers then; the folder is made."""
    file = root / endpoint / "AllTraffic" / at.strftime("%Y/%m/%d/%H") / f"{server}.jsonl"
    file.parent.mkdir(parents=True, exist_ok=True)
    return file


def capture(root: Path, endpoint: str, model: Path, rows: pd.DataFrame, **how: object) -> Path:
    """Append a model's answers to the file of their hour."""
    at, server = how.get("at", HOUR), how.get("server", "one")
    assert isinstance(at, datetime) and isinstance(server, str)
    file = capture_file(root, endpoint, at, server)
    with file.open("ab") as written:
        written.writelines(capture_lines(model, rows, **how))  # type: ignore[arg-type]
    return file

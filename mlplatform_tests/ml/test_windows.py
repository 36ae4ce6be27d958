"""A window is a span of UTC time and the model that answered in it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from mlplatform.ml.errors import WrongUsage
from mlplatform.ml.windows import (
    UNKNOWN_MODEL,
    Window,
    closed,
    folder_of,
    is_span,
    model_named,
    span_of,
    worth_judging,
)

NOON = datetime(2026, 11, 23, 12, 30, tzinfo=UTC)


def test_names_of_windows() -> None:
    window = Window(span_of(NOON, "hour"), "ab12cd34ef56")
    assert window.key == "2026-11-23T12_ab12cd34ef56"
    assert Window.named(window.key) == window
    assert folder_of(window.span) == "2026/11/23/12"
    day = Window(span_of(NOON, "day"), UNKNOWN_MODEL)
    assert Window.named(day.key) == day
    assert folder_of(day.span) == "2026/11/23"


def test_spans_are_of_utc() -> None:
    in_tokyo = NOON.astimezone(timezone(timedelta(hours=9)))
    assert span_of(in_tokyo, "hour") == "2026-11-23T12"


@pytest.mark.parametrize(
    "key",
    ["", "2026-11-23T12", "2026-11-23T12_../../x", "2026-11-23T12_AB12CD34EF56", "2026-13-01_ab12cd34ef56"],
)
def test_what_names_no_window_is_refused(key: str) -> None:
    with pytest.raises(WrongUsage):
        Window.named(key)


@pytest.mark.parametrize(("text", "known"), [("2026-02-28T23", True), ("2026-02-30", False), ("x", False)])
def test_spans(text: str, known: bool) -> None:
    assert is_span(text) is known


@pytest.mark.parametrize(
    ("version", "named"),
    [("ab12cd34ef56", "ab12cd34ef56"), ("../../etc", UNKNOWN_MODEL), ("", UNKNOWN_MODEL)],
)
def test_a_version_from_a_file_is_not_trusted(version: str, named: str) -> None:
    assert model_named(version) == named


def test_a_span_closes_a_little_after_its_end() -> None:
    end = datetime(2026, 11, 23, 13, tzinfo=UTC)
    assert not closed("2026-11-23T12", end)
    assert closed("2026-11-23T12", end + timedelta(minutes=2))
    assert not closed("2026-11-23", end)
    assert closed("2026-11-23", datetime(2026, 11, 24, 0, 2, tzinfo=UTC))


@pytest.mark.parametrize(
    ("before", "now", "is_closed", "worth"),
    [
        (None, 10, False, True),
        (100, 124, False, False),
        (100, 125, False, True),
        (100, 101, True, True),
        (100, 100, True, False),
    ],
)
def test_an_open_window_is_judged_again_when_it_has_grown_by_a_quarter(
    before: int | None, now: int, is_closed: bool, worth: bool
) -> None:
    assert worth_judging(before, now, is_closed) is worth

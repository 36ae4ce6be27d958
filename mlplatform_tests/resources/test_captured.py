"""Capture files: which spans there are, what they held when they were read, who answered."""

from __future__ import annotations

from pathlib import Path

import pytest

from mlplatform.ml.capture import Exchange, Message, capture_line
from mlplatform.resources.captured import CapturedTraffic

ENDPOINT, SPAN = "job-change", "2026-03-01T17"
FIRST, SECOND = "a" * 12, "b" * 12


def _line(number: int, version: str = FIRST) -> bytes:
    message = Message("text/csv", b"1")
    return capture_line(Exchange(f"e{number}", "2026-03-01T17:00:00Z", version, message, message))


def _write(root: Path, content: bytes, hour: str = "2026/03/01/17", server: str = "one") -> Path:
    file = root / ENDPOINT / "AllTraffic" / hour / f"{server}.jsonl"
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("ab") as opened:
        opened.write(content)
    return file


def test_spans_come_newest_first_and_what_is_none_is_passed_over(tmp_path: Path) -> None:
    for hour in (
        "2025/12/31/23",
        "2026/03/01/17",
        "2026/03/01/09",
        "2026/02/30/01",
        "2026/3/1/7",
        "2026/x/1",
    ):
        _write(tmp_path, _line(1), hour)
    traffic = CapturedTraffic(root=str(tmp_path))
    assert list(traffic.spans(ENDPOINT, "hour")) == ["2026-03-01T17", "2026-03-01T09", "2025-12-31T23"]
    assert list(traffic.spans(ENDPOINT, "day")) == ["2026-03-01", "2025-12-31"]
    assert list(traffic.spans("another", "hour")) == []


def test_every_version_has_a_hash_of_its_own_lines(tmp_path: Path) -> None:
    _write(tmp_path, _line(1) + _line(2, SECOND))
    traffic = CapturedTraffic(root=str(tmp_path))
    before = traffic.read(ENDPOINT, SPAN, False)
    _write(tmp_path, _line(3, SECOND), server="two")
    after = traffic.read(ENDPOINT, SPAN, False, keep=SECOND)
    assert set(before.versions) == {FIRST, SECOND}
    assert before.versions[FIRST] == after.versions[FIRST]
    assert before.versions[SECOND] != after.versions[SECOND]
    assert [line for _, line in after.lines] == [_line(2, SECOND), _line(3, SECOND)]
    assert after.lines[0][0].endswith("one.jsonl, line 2")
    assert after.files == traffic.files(ENDPOINT, SPAN)


def test_a_day_covers_its_hours(tmp_path: Path) -> None:
    _write(tmp_path, _line(1), "2026/03/01/09")
    _write(tmp_path, _line(2), "2026/03/01/17")
    read = CapturedTraffic(root=str(tmp_path)).read(ENDPOINT, "2026-03-01", True, keep=FIRST)
    assert list(read.files) == ["09/one.jsonl", "17/one.jsonl"]
    assert len(read.lines) == 2


@pytest.mark.parametrize(("is_closed", "versions"), [(False, {FIRST}), (True, {FIRST, "unknown"})])
def test_half_a_line_counts_once_nobody_can_finish_it(
    tmp_path: Path, is_closed: bool, versions: set[str]
) -> None:
    _write(tmp_path, _line(1) + b'{"captureData": {"endp')
    read = CapturedTraffic(root=str(tmp_path)).read(ENDPOINT, SPAN, is_closed)
    assert set(read.versions) == versions

"""Which windows are to be judged, and how little is looked at to tell."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from pydantic import PrivateAttr

from mlplatform.definitions import defs, use_cases
from mlplatform.lineage.records import Version, latest_by_batch, record_metadata, windows_name
from mlplatform.ml.capture import Exchange, Message, capture_line
from mlplatform.ml.declaration import Declaration
from mlplatform.ml.windows import Window, closed, span_of
from mlplatform.resources.captured import CapturedTraffic, Traffic
from mlplatform.sensors.unjudged import unjudged_windows
from mlplatform_tests.monitored import ENDPOINT, USE_CASE
from mlplatform_tests.traffic import capture_file

NOW = datetime(2026, 3, 20, 12, 30, tzinfo=UTC)
OLD, NEW = "a" * 12, "b" * 12


class _Watched(CapturedTraffic):
    """The real thing, telling what it was asked for."""

    _read: list[str] = PrivateAttr(default_factory=list)
    _listed: list[str] = PrivateAttr(default_factory=list)

    def files(self, endpoint: str, span: str) -> dict[str, int]:
        self._listed.append(span)
        return super().files(endpoint, span)

    def read(self, endpoint: str, span: str, is_closed: bool, keep: str | None = None) -> Traffic:
        self._read.append(span)
        return super().read(endpoint, span, is_closed, keep)


@pytest.fixture
def job_change() -> Declaration:
    return use_cases(defs())[USE_CASE]


@pytest.fixture
def traffic(tmp_path: Path) -> _Watched:
    return _Watched(root=str(tmp_path))


def _capture(traffic: CapturedTraffic, at: datetime, version: str = OLD, server: str = "one") -> None:
    message = Message("text/csv", b"1")
    line = capture_line(Exchange("e", f"{at:%Y-%m-%dT%H:%M:%SZ}", version, message, message))
    with capture_file(Path(traffic.root), ENDPOINT, at, server).open("ab") as file:
        file.write(line)


def _judge(instance: dg.DagsterInstance, traffic: CapturedTraffic, window: str, *assets: str) -> None:
    """Record what the assets would of a window, without looking at its rows."""
    one = Window.named(window)
    read = CapturedTraffic.read(traffic, ENDPOINT, one.span, closed(one.span, NOW))
    sha256 = read.versions[one.model_version]
    instance.add_dynamic_partitions(windows_name(USE_CASE), [window])
    for asset in assets or ("captured", "drift"):
        captured = latest_by_batch(instance, USE_CASE, "captured", [window]).values()
        details: dict[str, Any] = {"sha256": sha256, **read.state}
        instance.report_runless_asset_event(
            dg.AssetMaterialization(
                dg.AssetKey([USE_CASE, asset]),
                partition=window,
                tags={"dagster/data_version": f"{asset}-{sha256}"},
                metadata=record_metadata(
                    Version(f"{asset}-{sha256}"), details=details, inputs=captured if asset == "drift" else ()
                ),
            )
        )


def _windows(
    instance: dg.DagsterInstance, job_change: Declaration, traffic: _Watched, **how: Any
) -> list[str]:
    traffic._read.clear()
    traffic._listed.clear()
    return [one.window for one in unjudged_windows(instance, job_change, traffic, NOW, **how)]


def _hours(count: int) -> list[datetime]:
    return [NOW - timedelta(hours=hours) for hours in range(count)]


def test_what_is_settled_is_not_read_again_and_the_past_not_looked_at(
    instance: dg.DagsterInstance, job_change: Declaration, traffic: _Watched
) -> None:
    for at in _hours(100):
        _capture(traffic, at)
        _judge(instance, traffic, f"{span_of(at, 'hour')}_{OLD}")
    assert _windows(instance, job_change, traffic) == []
    assert traffic._read == []
    assert len(traffic._listed) == 24


def test_a_backlog_is_found_to_its_end_and_judged_from_its_beginning(
    instance: dg.DagsterInstance, job_change: Declaration, traffic: _Watched
) -> None:
    hours = _hours(60)
    for at in hours:
        _capture(traffic, at)
    expected = [f"{span_of(at, 'hour')}_{OLD}" for at in reversed(hours)]
    assert _windows(instance, job_change, traffic) == expected
    assert _windows(instance, job_change, traffic, limit=5) == expected[:5]
    assert len(traffic._read) == 5


def test_a_new_model_starts_a_new_window_and_leaves_the_old_one_alone(
    instance: dg.DagsterInstance, job_change: Declaration, traffic: _Watched
) -> None:
    _capture(traffic, NOW)
    old, new = (f"{span_of(NOW, 'hour')}_{version}" for version in (OLD, NEW))
    _judge(instance, traffic, old)
    _capture(traffic, NOW, NEW)
    assert _windows(instance, job_change, traffic) == [new]
    _judge(instance, traffic, new)
    assert _windows(instance, job_change, traffic, by_hand=True) == []
    assert traffic._read == []


def test_a_late_line_of_a_closed_hour_is_noticed(
    instance: dg.DagsterInstance, job_change: Declaration, traffic: _Watched
) -> None:
    for at in _hours(30):
        _capture(traffic, at)
        _judge(instance, traffic, f"{span_of(at, 'hour')}_{OLD}")
    late = _hours(30)[5]
    _capture(traffic, late)
    assert _windows(instance, job_change, traffic) == [f"{span_of(late, 'hour')}_{OLD}"]


def test_a_window_without_a_report_is_judged_although_it_was_captured(
    instance: dg.DagsterInstance, job_change: Declaration, traffic: _Watched
) -> None:
    _capture(traffic, NOW)
    window = f"{span_of(NOW, 'hour')}_{OLD}"
    _judge(instance, traffic, window, "captured")
    assert _windows(instance, job_change, traffic) == [window]
    assert traffic._read == []


def test_by_hand_any_growth_counts(
    instance: dg.DagsterInstance, job_change: Declaration, traffic: _Watched
) -> None:
    for _ in range(10):
        _capture(traffic, NOW)
    window = f"{span_of(NOW, 'hour')}_{OLD}"
    _judge(instance, traffic, window)
    _capture(traffic, NOW)
    assert _windows(instance, job_change, traffic) == []
    assert _windows(instance, job_change, traffic, by_hand=True) == [window]


def test_files_without_a_line_are_passed_over(
    instance: dg.DagsterInstance, job_change: Declaration, traffic: _Watched
) -> None:
    for at in _hours(50):
        capture_file(Path(traffic.root), ENDPOINT, at).touch()
    assert _windows(instance, job_change, traffic) == []
    assert len(traffic._listed) == 24


def test_what_does_not_belong_there_hides_nothing(
    instance: dg.DagsterInstance, job_change: Declaration, traffic: _Watched
) -> None:
    _capture(traffic, NOW)
    capture_file(Path(traffic.root), ENDPOINT, NOW, "a folder").mkdir()
    instance.add_dynamic_partitions(windows_name(USE_CASE), ["typed by hand"])
    assert _windows(instance, job_change, traffic) == [f"{span_of(NOW, 'hour')}_{OLD}"]

"""Which windows of traffic are to be judged: those that are new, and those that grew since they were.

What a window held when it was judged stands in its record (`captured`), with the sizes of all files of its
span. So a span that is over and as it was then costs a look at its folder, and nothing is read again. Spans
are looked at from the newest backwards, until a day's worth of them is settled: cost grows with what is new.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

import dagster as dg

from mlplatform.lineage.records import Record, latest_by_batch, windows_name
from mlplatform.ml.declaration import Declaration
from mlplatform.ml.errors import WrongUsage
from mlplatform.ml.naming import endpoint_name
from mlplatform.ml.windows import Window, closed, worth_judging
from mlplatform.resources.captured import CapturedTraffic

_SPANS_AT_ONCE = 24
_RECENT_WINDOWS = 1000


@dataclass(frozen=True)
class Unjudged:
    """A window to judge, and the sha256 of the lines that it holds now."""

    window: str
    sha256: str


@dataclass(frozen=True)
class _Span:
    """A span as it lies there now, and what was recorded of its windows: version -> captured, drift."""

    name: str
    files: Mapping[str, int]
    captured: Mapping[str, Record]
    drift: Mapping[str, Record]

    @property
    def is_empty(self) -> bool:
        """Whether nothing was ever written."""
        return not any(self.files.values())

    @property
    def known(self) -> Mapping[str, str] | None:
        """The sha256 of each version's lines, if some record was made of the files as they are now."""
        for record in self.captured.values():
            if record.details["files"] == self.files:
                versions: Mapping[str, str] = record.details["versions"]
                return versions
        return None

    @property
    def judged_bytes(self) -> int | None:
        """How much of the span there was when one of its windows was judged last; None for never."""
        return max((sum(one.details["files"].values()) for one in self.captured.values()), default=None)

    @property
    def is_settled(self) -> bool:
        """Whether every window was captured as it is now."""
        if self.is_empty:
            return True
        known = self.known
        return known is not None and all(
            version in self.captured and self.captured[version].details["sha256"] == sha256
            for version, sha256 in known.items()
        )

    def unjudged(self, versions: Mapping[str, str]) -> list[Unjudged]:
        """The windows without a report on these lines."""
        return [
            Unjudged(Window(self.name, version).key, sha256)
            for version, sha256 in versions.items()
            if not self._is_judged(version, sha256)
        ]

    def _is_judged(self, version: str, sha256: str) -> bool:
        captured, drift = self.captured.get(version), self.drift.get(version)
        if captured is None or drift is None or captured.details["sha256"] != sha256:
            return False
        return captured.as_input() in drift.read_inputs()


def unjudged_windows(
    instance: dg.DagsterInstance,
    declaration: Declaration,
    traffic: CapturedTraffic,
    now: datetime,
    *,
    by_hand: bool = False,
    limit: int | None = None,
) -> list[Unjudged]:
    """Windows to judge, oldest first, at most about `limit` of them.

    A window whose span is still open is judged again when the span has grown by a quarter, and once more when
    it is closed; `by_hand`, whenever it has grown.
    """
    endpoint = endpoint_name(declaration.name)
    found: list[Unjudged] = []
    for span in reversed(_unsettled(instance, declaration, traffic, now)):
        if span.is_empty:
            continue
        is_closed = closed(span.name, now)
        versions = span.known
        if versions is None:
            if not by_hand and not worth_judging(span.judged_bytes, sum(span.files.values()), is_closed):
                continue
            versions = traffic.read(endpoint, span.name, is_closed).versions
        found += span.unjudged(versions)
        if limit is not None and len(found) >= limit:
            break
    return found


def _unsettled(
    instance: dg.DagsterInstance, declaration: Declaration, traffic: CapturedTraffic, now: datetime
) -> list[_Span]:
    """Newest first; all of the last look, settled or not, since a report may be missing all the same."""
    spans = traffic.spans(endpoint_name(declaration.name), declaration.monitoring.window)
    recent = recent_windows(instance, declaration.name)
    looked_at: list[_Span] = []
    while True:
        names = list(islice(spans, _SPANS_AT_ONCE))
        block = list(_spans(instance, declaration, traffic, names, recent))
        looked_at += block
        if all(span.is_settled for span in block if closed(span.name, now)):
            return looked_at


def recent_windows(instance: dg.DagsterInstance, use_case: str) -> list[Window]:
    """The windows that were made last. Of others nothing is known in advance, so they are read once more."""
    page = instance.get_paginated_dynamic_partitions(
        windows_name(use_case), limit=_RECENT_WINDOWS, ascending=False
    )
    windows = []
    for key in page.results:
        with suppress(WrongUsage):  # a partition that somebody added by hand in the UI
            windows.append(Window.named(key))
    return windows


def _spans(
    instance: dg.DagsterInstance,
    declaration: Declaration,
    traffic: CapturedTraffic,
    names: list[str],
    recent: list[Window],
) -> Iterator[_Span]:
    keys = [window.key for window in recent if window.span in set(names)]
    records = {
        asset: latest_by_batch(instance, declaration.name, asset, keys) for asset in ("captured", "drift")
    }
    for name in names:
        of_span = {
            asset: {
                Window.named(key).model_version: one
                for key, one in found.items()
                if Window.named(key).span == name
            }
            for asset, found in records.items()
        }
        files = traffic.files(endpoint_name(declaration.name), name)
        yield _Span(name, files, of_span["captured"], of_span["drift"])

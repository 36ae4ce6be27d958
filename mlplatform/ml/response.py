"""What follows from a signal: exactly one decision, to train again or not to, and why.

Pure: whatever it depends on is an argument. Recording the decision and acting on it are in
`lineage.signals` and `sensors.retraining`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from mlplatform.ml.policies import Retraining
from mlplatform.ml.windows import Window

RETRAINED: Literal["retrained"] = "retrained"
SUPPRESSED: Literal["suppressed"] = "suppressed"
_DAY = timedelta(hours=24)
_ATTEMPTS = 3
_PAUSE_AFTER_FAILURE = timedelta(minutes=10)
_NOTHING_NEW = "no batch has landed since the latest model was trained: the same data gives the same model"


@dataclass(frozen=True)
class Signal:
    """A window's check that failed: `feature` has the largest index `value`, above `threshold`, on `rows`."""

    id: str
    window: str
    model_version: str
    feature: str
    value: float
    threshold: float
    rows: int

    @property
    def reason(self) -> str:
        """In words, for the run that it starts."""
        return (
            f"drift of {self.feature}: index {self.value:.3f} above {self.threshold:g} on {self.rows:,} rows "
            f"in window {self.window}, answered by model {self.model_version}"
        )


@dataclass(frozen=True)
class Decision:
    """The answer to a signal. `time` is UTC; `by` says who took it (`sensor` or `command line`)."""

    signal: str
    window: str
    decision: Literal["retrained", "suppressed"]
    why: str
    time: datetime
    by: str = ""


@dataclass(frozen=True)
class Circumstances:
    """What a decision depends on besides the signal and the policy.

    `live_version` is what answers now, None where that is not known. `in_progress` names a signal whose
    retraining has not ended. `landed_since` counts the batches that the latest model was not trained on,
    `not_run` those of them that have no features yet, which a retraining leaves out.
    """

    now: datetime
    live_version: str | None = None
    in_progress: str | None = None
    landed_since: int = 0
    not_run: int = 0


def decide(
    signal: Signal,
    past: Iterable[Decision],
    policy: Retraining,
    here: Circumstances,
    by: str = "",
) -> Decision:
    """`past` are the decisions of the use case as far back as cool-down and budget reach."""
    against = _against(signal, list(past), policy, here)
    if against:
        return Decision(signal.id, signal.window, SUPPRESSED, against, here.now, by)
    why = f"{signal.reason}; {_data_in_words(here)}"
    return Decision(signal.id, signal.window, RETRAINED, why, here.now, by)


@dataclass(frozen=True)
class Attempt:
    """A run that was to do something; "ended" means well, or because somebody stopped it."""

    status: Literal["unfinished", "failed", "ended"]
    end: datetime | None = None


def is_waiting(attempts: Sequence[Attempt]) -> bool:
    """Whether what was asked for is still to be done, now or later."""
    return len(attempts) < _ATTEMPTS and all(one.status == "failed" for one in attempts)


def next_attempt(attempts: Sequence[Attempt], now: datetime) -> int | None:
    """The number of the attempt to start now, from 1; None where nothing is to be started.

    What failed is tried again, three times in all and after a pause; what a person stopped is not.
    """
    ends = [one.end for one in attempts if one.end is not None]
    if not is_waiting(attempts) or (ends and now < max(ends) + _PAUSE_AFTER_FAILURE):
        return None
    return len(attempts) + 1


def _against(signal: Signal, past: list[Decision], policy: Retraining, here: Circumstances) -> str | None:
    """Why not to train again; None where nothing speaks against it."""
    if here.live_version is not None and here.live_version != signal.model_version:
        return f"model {signal.model_version} no longer answers, {here.live_version} does"
    if here.in_progress is not None:
        return f"a retraining is in progress, for {here.in_progress}"
    retrained = sorted((one for one in past if one.decision == RETRAINED), key=lambda one: one.time)
    times = [one.time for one in retrained]
    if times and here.now < times[-1] + policy.cooldown:
        pause, until = _words(policy.cooldown), _stamp(times[-1] + policy.cooldown)
        return f"cool-down of {pause} after the retraining of {_stamp(times[-1])}, until {until}"
    today = sum(time > here.now - _DAY for time in times)
    if today >= policy.daily_budget:
        return f"daily budget: {today} of {policy.daily_budget} retrainings in the last 24 hours"
    before = [
        one.signal for one in retrained if Window.named(one.window).model_version == signal.model_version
    ]
    if before and not here.landed_since:
        return f"trained again for {before[-1]} already, and {_NOTHING_NEW}"
    return None


def _data_in_words(here: Circumstances) -> str:
    if not here.landed_since:
        return _NOTHING_NEW
    left_out = f", {here.not_run} of them not run yet and so left out" if here.not_run else ""
    return f"batches landed since the latest model was trained: {here.landed_since}{left_out}"


def _stamp(time: datetime) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ")


def _words(length: timedelta) -> str:
    hours = length.total_seconds() / 3600
    return f"{hours:g} h" if hours >= 1 else f"{hours * 60:g} min"

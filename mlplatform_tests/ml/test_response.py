"""Exactly one decision follows from a signal, and it says why."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlplatform.ml.policies import Retraining
from mlplatform.ml.response import (
    RETRAINED,
    SUPPRESSED,
    Attempt,
    Circumstances,
    Decision,
    Signal,
    decide,
    is_waiting,
    next_attempt,
)

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
LIVE = "ab12cd34ef56"
SIGNAL = Signal("drift:w", f"2026-11-23T11_{LIVE}", LIVE, "hours", 0.91, 0.2, 500)
HERE = Circumstances(now=NOW, live_version=LIVE, landed_since=2)
POLICY = Retraining(cooldown="12h", daily_budget=2)


def _retrained(hours_ago: float, version: str = "000000000000") -> Decision:
    then = NOW - timedelta(hours=hours_ago)
    return Decision(f"drift:{hours_ago}", f"2026-11-01T11_{version}", RETRAINED, "", then)


def test_a_signal_is_answered_by_a_retraining_with_its_reason() -> None:
    decision = decide(SIGNAL, [], POLICY, HERE, "sensor")
    assert decision.decision == RETRAINED
    assert (decision.signal, decision.window, decision.time, decision.by) == (
        SIGNAL.id, SIGNAL.window, NOW, "sensor",
    )  # fmt: skip
    for word in ("hours", "0.910", "0.2", "500 rows", LIVE, "trained: 2"):
        assert word in decision.why


def test_with_nothing_new_the_decision_says_that_it_gives_the_same_model() -> None:
    decision = decide(SIGNAL, [], POLICY, replace(HERE, landed_since=0))
    assert decision.decision == RETRAINED
    assert "the same data gives the same model" in decision.why


def test_batches_that_have_not_run_are_told() -> None:
    assert "1 of them not run yet and so left out" in decide(SIGNAL, [], POLICY, replace(HERE, not_run=1)).why


@pytest.mark.parametrize(
    ("past", "policy", "here", "why"),
    [
        ([_retrained(11.9)], POLICY, HERE, "cool-down of 12 h"),
        ([_retrained(13), _retrained(23.9)], POLICY, HERE, "daily budget: 2 of 2"),
        ([], Retraining(daily_budget=0), HERE, "daily budget: 0 of 0"),
        ([], POLICY, replace(HERE, in_progress="drift:v"), "in progress, for drift:v"),
        ([], POLICY, replace(HERE, live_version="0123456789ab"), "no longer answers, 0123456789ab does"),
        ([_retrained(48, LIVE)], POLICY, replace(HERE, landed_since=0), "trained again for drift:48 already"),
    ],
)
def test_reasons_not_to_train_again(
    past: list[Decision], policy: Retraining, here: Circumstances, why: str
) -> None:
    decision = decide(SIGNAL, past, policy, here)
    assert decision.decision == SUPPRESSED
    assert why in decision.why


@pytest.mark.parametrize(
    "past",
    [
        [_retrained(12.1)],
        [_retrained(12.1), _retrained(24.1)],
        [replace(_retrained(1), decision=SUPPRESSED)],
        [_retrained(48, LIVE)],  # batches have landed since
    ],
)
def test_what_does_not_speak_against_it(past: list[Decision]) -> None:
    assert decide(SIGNAL, past, POLICY, HERE).decision == RETRAINED


@given(st.lists(st.integers(0, 60), max_size=60), st.integers(0, 3), st.integers(0, 12))
def test_however_signals_come_the_policy_is_kept(gaps: list[int], budget: int, cooldown: int) -> None:
    policy = Retraining(cooldown=timedelta(hours=cooldown), daily_budget=budget)
    past: list[Decision] = []
    for number, gap in enumerate(gaps):
        now = (past[-1].time if past else NOW) + timedelta(minutes=15 * gap)
        past.append(decide(replace(SIGNAL, id=f"drift:{number}"), past, policy, replace(HERE, now=now)))
    times = [one.time for one in past if one.decision == RETRAINED]
    assert all(later - earlier >= policy.cooldown for earlier, later in pairwise(times))
    for time in times:
        assert sum(time - timedelta(hours=24) < one <= time for one in times) <= budget


def test_failed_attempts_are_repeated_three_times_in_all_with_a_pause() -> None:
    failed = [Attempt("failed", NOW - timedelta(minutes=11))]
    assert next_attempt([], NOW) == 1
    assert next_attempt(failed, NOW) == 2
    assert next_attempt([Attempt("failed", NOW - timedelta(minutes=9))], NOW) is None
    assert is_waiting([Attempt("failed", NOW)])
    assert next_attempt(failed * 3, NOW) is None
    assert not is_waiting(failed * 3)


@pytest.mark.parametrize("status", ["ended", "unfinished"])
def test_what_ended_or_is_under_way_is_not_started_again(status: str) -> None:
    attempts = [Attempt("failed", NOW - timedelta(days=1)), Attempt(status, None)]  # type: ignore[arg-type]
    assert next_attempt(attempts, NOW) is None
    assert not is_waiting(attempts)

"""Policies refuse what they cannot mean."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from mlplatform.ml.policies import Approval, Leakage, Monitoring, Retraining


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("12h", timedelta(hours=12)),
        (" 30m", timedelta(minutes=30)),
        ("2d", timedelta(days=2)),
        ("0s", timedelta(0)),
        (timedelta(hours=1), timedelta(hours=1)),
    ],
)
def test_a_cooldown_in_words(given: Any, meant: timedelta) -> None:
    assert Retraining(cooldown=given).cooldown == meant


@pytest.mark.parametrize("given", ["soon", "12 parsecs", "-1h", timedelta(hours=-1)])
def test_no_cooldown(given: Any) -> None:
    with pytest.raises(ValidationError):
        Retraining(cooldown=given)


@pytest.mark.parametrize(
    "given",
    [
        {"required": 0},
        {"automatic": True, "required": 2},
        {"automatic": True, "approver_may_be_trainer": True},
        {"approvers": ["anna"]},
    ],
)
def test_no_approval_policy(given: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Approval(**given)


@pytest.mark.parametrize("given", [{"duplicates": 1.1}, {"alone": 0}, {"alone": 1.5}, {"allow": ("x",)}])
def test_no_leakage_policy(given: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Leakage(**given)


@pytest.mark.parametrize(
    "given", [{"threshold": 0}, {"drift": "magic"}, {"window": "week"}, {"minimum_rows": 0}]
)
def test_no_monitoring_policy(given: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Monitoring(**given)

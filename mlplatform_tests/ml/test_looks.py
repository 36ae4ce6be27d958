"""Looks are counted per rule and per set, from one record to the next, and forgotten sets stay bounded."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlplatform.ml.looks import MANY, one_more, rule_of, warning
from mlplatform.ml.splits import EntitySplit, Rule, TimeCut

RULES: list[Rule] = [
    EntitySplit(),
    EntitySplit(salt="another"),
    EntitySplit(validation_share=0.3),
    TimeCut(column="day", first_day=date(2026, 1, 1)),
    TimeCut(column="week", first_day=date(2026, 1, 1)),
]


@given(st.lists(st.tuples(st.sampled_from(RULES), st.sampled_from("abc")), max_size=30))
@settings(max_examples=30)
def test_counts_are_those_of_the_whole_history(history: list[tuple[Rule, str]]) -> None:
    details: dict[str, Any] = {}
    for at, (rule, name) in enumerate(history, start=1):
        looks = one_more(details, rule, name)
        assert looks.by_rule == sum(one == rule for one, _ in history[:at])
        assert looks.at_this_set == sum(other == name for _, other in history[:at])
        details = json.loads(json.dumps(looks.to_details()))
        assert (details["looks"], details["looks_at_this_set"]) == (looks.by_rule, looks.at_this_set)


def test_the_border_of_a_time_split_moves_and_the_looks_go_on() -> None:
    first = one_more({}, TimeCut(column="day", first_day=date(2026, 1, 1)), "a")
    second = one_more(first.to_details(), TimeCut(column="day", first_day=date(2026, 2, 1)), "b")
    assert (second.by_rule, second.at_this_set) == (2, 1)
    assert len({rule_of(rule) for rule in RULES}) == len(RULES)


def test_what_is_kept_does_not_grow_with_history() -> None:
    details: dict[str, Any] = {}
    for number in range(200):
        details = one_more(details, EntitySplit(salt=str(number % 80)), f"set {number}").to_details()
        details = one_more(details, EntitySplit(), "a frozen set").to_details()
    assert (details["looks"], details["looks_at_this_set"]) == (200, 200)
    assert len(details["looked_at"]["sets"]) == len(details["looked_at"]["rules"]) == 50


@pytest.mark.parametrize(("looks", "said"), [(0, False), (MANY - 1, False), (MANY, True)])
def test_a_reader_is_warned_when_there_are_many(looks: int, said: bool) -> None:
    assert bool(warning(looks)) == said

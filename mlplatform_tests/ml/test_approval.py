"""From statements to an outcome."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlplatform.ml.approval import Statement, checked, outcome, with_statement
from mlplatform.ml.errors import NotApproved, WrongUsage
from mlplatform.ml.policies import Approval

ANNA, BEN = Statement("anna", "looks fine"), Statement("ben", "seen it")


def test_one_approval_is_enough_by_default() -> None:
    assert outcome([ANNA], Approval()) == "approved"


def test_nobody_decides_nothing() -> None:
    assert outcome([], Approval()) == "pending"


def test_two_people_where_two_are_asked() -> None:
    policy = Approval(required=2)
    assert outcome([ANNA], policy) == "pending"
    assert outcome([ANNA, BEN], policy) == "approved"


def test_one_person_twice_is_one_person() -> None:
    again = Statement(" Anna ", "once more")
    assert with_statement([ANNA], again) == [again]
    assert outcome([ANNA, again], Approval(required=2)) == "pending"


def test_a_rejection_outweighs_approvals_until_it_is_taken_back() -> None:
    against = Statement("ben", "biased", approves=False)
    assert outcome([ANNA, against], Approval()) == "rejected"
    assert outcome(with_statement([ANNA, against], BEN), Approval()) == "approved"


def test_a_trainer_does_not_approve_the_own_model() -> None:
    with pytest.raises(NotApproved, match="anna trained this model"):
        checked(ANNA, "ANNA", Approval())
    assert checked(ANNA, "anna", Approval(approver_may_be_trainer=True)) == ANNA
    rejection = Statement("anna", "I made a mistake", approves=False)
    assert checked(rejection, "anna", Approval()) == rejection


@pytest.mark.parametrize("said", [Statement(" ", "why"), Statement("anna", " \n")])
def test_name_and_reason_are_needed(said: Statement) -> None:
    with pytest.raises(WrongUsage):
        checked(said, "carl", Approval())


@given(st.lists(st.sampled_from(["anna", "ben", "carl", "ANNA"]), max_size=8), st.integers(1, 4))
def test_as_many_people_as_asked(names: list[str], required: int) -> None:
    said: list[Statement] = []
    for name in names:
        said = with_statement(said, Statement(name, "ok"))
    enough = len({name.lower() for name in names}) >= required
    assert outcome(said, Approval(required=required)) == ("approved" if enough else "pending")

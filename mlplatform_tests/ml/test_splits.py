import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from mlplatform.ml.splits import EntitySplit

entities = st.one_of(st.integers(), st.text())


@given(st.lists(entities), st.lists(entities), st.floats(0.01, 0.99))
def test_an_entity_is_on_the_same_side_whoever_comes_with_it(
    some: list[object], others: list[object], share: float
) -> None:
    split = EntitySplit(validation_share=share)
    together = split.held_out([*some, *others])
    assert together.tolist() == [bool(split.held_out([one])[0]) for one in [*some, *others]]


@given(st.integers(-(2**53), 2**53))
def test_a_number_is_the_same_entity_however_it_is_stored(entity: int) -> None:
    forms = [entity, np.int64(entity), float(entity), np.float64(entity), str(entity)]
    assert len({bool(EntitySplit().held_out([form])[0]) for form in forms}) == 1


def test_sides_are_those_of_earlier_versions() -> None:
    held_out = EntitySplit().held_out(range(1, 41))
    assert (np.flatnonzero(held_out) + 1).tolist() == [3, 9, 13, 17, 22, 24, 30, 35, 36, 37]


@pytest.mark.parametrize("share", [0.05, 0.2, 0.5, 0.9])
def test_the_share_is_about_right(share: float) -> None:
    held_out = EntitySplit(validation_share=share).held_out(range(20_000))
    assert abs(held_out.mean() - share) < 4 * np.sqrt(share * (1 - share) / 20_000)


@given(st.lists(st.integers()), st.floats(0.05, 0.5))
def test_a_larger_share_only_adds_entities(some: list[int], share: float) -> None:
    small, large = (EntitySplit(validation_share=one).held_out(some) for one in (share, share + 0.2))
    assert not (small & ~large).any()


def test_another_salt_draws_another_hold_out() -> None:
    one, other = (EntitySplit(salt=salt).held_out(range(5_000)) for salt in ("a", "b"))
    assert 0.02 < (one & other).mean() < 0.06  # 0.2 * 0.2 where the draws are independent


@pytest.mark.parametrize("missing", [None, float("nan"), pd.NA, pd.NaT])
def test_a_missing_entity_has_no_side(missing: object) -> None:
    with pytest.raises(ValueError, match="without an entity"):
        EntitySplit().held_out(["a", missing])


def test_no_entities_no_sides() -> None:
    assert EntitySplit().held_out([]).shape == (0,)


@pytest.mark.parametrize(
    "wrong", [{"validation_share": 0}, {"validation_share": 1}, {"salt": "ä" * 40}, {"by": 1}]
)
def test_wrong_rules_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        EntitySplit(**wrong)

from collections import Counter

import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlplatform.ml.contracts.conservation import conserved

ids = st.lists(st.sampled_from("abcdefgh"), max_size=12)


@given(ids, ids, ids)
@settings(max_examples=60)
def test_it_is_equality_of_multisets(landed: list[str], kept: list[str], aside: list[str]) -> None:
    expected = Counter(landed) == Counter(kept) + Counter(aside)
    assert said(landed, kept, aside) == expected


@given(st.lists(st.tuples(st.sampled_from("abcdefgh"), st.booleans()), max_size=12), st.randoms())
@settings(max_examples=60)
def test_a_split_is_conserved_in_any_order(rows: list[tuple[str, bool]], random: object) -> None:
    landed = [one for one, _ in rows]
    kept, aside = [one for one, good in rows if good], [one for one, good in rows if not good]
    assert said(landed, kept, aside)
    random.shuffle(kept)  # type: ignore[attr-defined]
    assert said(landed, kept, aside[::-1])


@pytest.mark.parametrize(
    ("kept", "aside"),
    [
        (["1", "2"], []),
        (["1", "2", "3"], ["3"]),
        (["1", "2"], ["2"]),
        (["1", "2"], ["4"]),
        (["1"], ["2", "2"]),
    ],
)
def test_a_lost_doubled_or_foreign_row_is_noticed(kept: list[str], aside: list[str]) -> None:
    assert said(["1", "2", "3"], ["1", "2"], ["3"])
    assert not said(["1", "2", "3"], kept, aside)


def said(landed: list[str], kept: list[str], aside: list[str]) -> bool:
    column = pa.chunked_array([landed[:3], landed[3:]], pa.string())
    return conserved(column, pd.Series(kept, dtype="str"), pd.Series(aside, dtype="string"))

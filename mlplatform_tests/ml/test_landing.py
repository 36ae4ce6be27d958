"""Which files are taken, and what a cursor says."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlplatform.ml.landing import (
    QUIET_SECONDS,
    Look,
    Memory,
    Settled,
    is_complete,
    is_ignored,
    settled_of,
    settled_rows,
)

SECOND = 1_000_000_000
NOW = 1_700_000_000 * SECOND
LOOK = Look(10, NOW - 60 * SECOND)

names = st.text(st.characters(codec=None), min_size=1)  # a file's name may be no valid text
looks = st.builds(Look, st.integers(0), st.integers(0), st.booleans())
settled = st.dictionaries(names, st.builds(Settled, looks, st.text()))


@pytest.mark.parametrize(
    "name",
    [".june.csv", "~june.csv", "june.csv.part", "june.TMP", "a.partial", "a.csv.crdownload", "a.filepart"],
)
def test_names_of_files_that_nobody_has_finished_are_ignored(name: str) -> None:
    assert is_ignored(name)


@pytest.mark.parametrize(
    "name", ["june.csv", "june~.csv", "part", "part.csv", "june.tmp.csv", "june", "-.csv"]
)
def test_other_names_are_not(name: str) -> None:
    assert not is_ignored(name)


def test_a_file_is_complete_at_the_second_look_that_shows_the_same() -> None:
    assert not is_complete(None, LOOK, NOW)
    assert is_complete(LOOK, LOOK, NOW)
    assert not is_complete(Look(9, LOOK.mtime_ns), LOOK, NOW)
    assert not is_complete(Look(LOOK.size, LOOK.mtime_ns - 1), LOOK, NOW)
    assert not is_complete(Look(LOOK.size, LOOK.mtime_ns, readable=False), LOOK, NOW)


@pytest.mark.parametrize(
    ("age", "complete"),
    [(0, False), (QUIET_SECONDS - 1, False), (QUIET_SECONDS, True), (-1, True), (-1_000_000, True)],
)
def test_what_was_written_just_now_waits_but_a_time_that_lies_ahead_does_not_block(
    age: int, complete: bool
) -> None:
    look = Look(10, NOW - age * SECOND)
    assert is_complete(look, look, NOW) is complete


@given(
    st.builds(
        Memory,
        st.dictionaries(names, looks),
        settled,
        st.dictionaries(st.text(), st.none() | st.text()),
        st.booleans(),
    )
)
def test_a_cursor_says_all_that_is_remembered(memory: Memory) -> None:
    text = memory.to_json()
    assert text.isascii()  # databases and gRPC take no half characters
    assert Memory.from_json(text) == memory


@given(settled)
def test_settled_files_come_back_from_json(files: dict[str, Settled]) -> None:
    assert settled_of(json.loads(json.dumps(settled_rows(files)))) == files


GOOD = json.loads(
    Memory({"a": LOOK}, {"b": Settled(LOOK, "no")}, {"k": "b", "t": None}, training_due=True).to_json()
)


@pytest.mark.parametrize(
    "cursor",
    [
        None, "", "{", "17", "null", "[]", '"text"', "2024-06-01", "{}",
        json.dumps({**GOOD, "version": 2}),
        json.dumps({**GOOD, "growing": [1]}),
        json.dumps({**GOOD, "growing": {"a": [1]}}),
        json.dumps({**GOOD, "growing": {"a": ["x", 2, True]}}),
        json.dumps({**GOOD, "settled": None}),
        json.dumps({**GOOD, "settled": {"a": 1}}),
        json.dumps({**GOOD, "requested": ["k"]}),
        json.dumps({name: value for name, value in GOOD.items() if name != "training_due"}),
    ],
)  # fmt: skip
def test_a_cursor_that_is_not_ours_says_nothing(cursor: str | None) -> None:
    assert Memory.from_json(cursor) is None


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), lambda inner: (
    st.lists(inner) | st.dictionaries(st.sampled_from([*GOOD, "a", "b"]), inner)
)), st.sampled_from([*GOOD]))  # fmt: skip
def test_no_document_makes_reading_a_cursor_fail(value: object, place: str) -> None:
    for document in (value, {**GOOD, place: value}):
        read = Memory.from_json(json.dumps(document))
        assert read is None or Memory.from_json(read.to_json()) == read

import json
from collections import Counter
from dataclasses import replace
from datetime import date, timedelta

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlplatform.ml.hashing import digest
from mlplatform.ml.manifests import SIDES, FeaturesVersion, SetManifest, Side, draw_sets
from mlplatform.ml.splits import EntitySplit, TimeCut, TimeSplit

SPLIT = EntitySplit(validation_share=0.3)
Labels = dict[str, pd.DataFrame]


def version(batch: str, content: object = "", validated: str = "v") -> FeaturesVersion:
    return FeaturesVersion(batch, digest([batch, content]), f"features/{batch}.parquet", validated)


def labels(start: int, count: int) -> pd.DataFrame:
    return pd.DataFrame({"decides": range(start, start + count), "target": [n % 3 % 2 for n in range(count)]})


def draw(
    versions: list[FeaturesVersion],
    previous: dict[Side, SetManifest] | None = None,
    split: EntitySplit = SPLIT,
) -> tuple[dict[Side, SetManifest], list[str]]:
    """Both sets, and the batches that were loaded for them."""
    loaded: list[str] = []

    def labels_of(one: FeaturesVersion) -> pd.DataFrame:
        loaded.append(one.batch)
        return labels(int(one.sha256[:4], 16), int(one.sha256[4], 16) + 1)

    return draw_sets("case", split, versions, labels_of, (previous or {}).values()), loaded


batches = st.lists(st.sampled_from("abcdef"), unique=True)


def test_every_row_is_in_one_set_and_counted_by_class() -> None:
    table = labels(0, 50)
    drawn = draw_sets("case", SPLIT, [version("a")], lambda one: table)
    assert {side: drawn[side].side for side in SIDES} == {side: side for side in SIDES}
    assert sum(drawn[side].rows for side in SIDES) == 50
    held_out = SPLIT.held_out(table["decides"].tolist())
    assert drawn["validation"].rows == held_out.sum()
    expected = Counter(table["target"][~held_out].astype(str))
    assert drawn["training"].classes == dict(expected)


@given(batches, batches, st.sampled_from(["", "changed"]))
@settings(max_examples=60)
def test_drawing_on_from_earlier_sets_equals_drawing_from_scratch(
    before: list[str], now: list[str], content: str
) -> None:
    earlier, _ = draw([version(batch) for batch in before])
    versions = [version(batch, content if batch in "ab" else "", validated=content) for batch in now]
    continued, loaded = draw(versions, earlier)
    scratch, _ = draw(versions)
    assert continued == scratch
    changed = {batch for batch in now if content and batch in "ab"}
    assert set(loaded) == (set(now) - set(before)) | changed


def test_one_more_batch_loads_only_that_batch_and_another_rule_loads_all() -> None:
    old = [version(batch) for batch in "abc"]
    earlier, _ = draw(old)
    assert draw([*old, version("d")], earlier)[1] == ["d"]
    assert draw(old, earlier)[1] == []
    assert draw(old, earlier, EntitySplit(validation_share=0.3, salt="other"))[1] == ["a", "b", "c"]


@given(st.permutations("abcd"))
def test_the_order_in_which_batches_come_does_not_count(order: list[str]) -> None:
    assert draw([version(batch) for batch in order])[0] == draw([version(batch) for batch in "abcd"])[0]


def test_the_digest_names_content_and_rule_not_places() -> None:
    drawn = draw([version("a"), version("b")])[0]["training"]
    moved = replace(
        drawn, parts=tuple(replace(part, path="elsewhere/x", validated="w") for part in drawn.parts)
    )
    assert moved.digest == drawn.digest
    others = [
        replace(drawn, use_case="other"),
        replace(drawn, side="validation"),
        replace(drawn, split=EntitySplit(validation_share=0.31)),
        replace(drawn, parts=drawn.parts[:1]),
        replace(drawn, parts=drawn.parts[::-1]),
        replace(drawn, parts=(replace(drawn.parts[0], sha256="0"), drawn.parts[1])),
        replace(drawn, parts=(replace(drawn.parts[0], batch="z"), drawn.parts[1])),
        replace(drawn, parts=(replace(drawn.parts[0], rows=99), drawn.parts[1])),
    ]
    assert len({drawn.digest, *(other.digest for other in others)}) == len(others) + 1


@given(batches)
def test_a_manifest_survives_json(some: list[str]) -> None:
    for manifest in draw([version(batch) for batch in some])[0].values():
        assert SetManifest.from_json(json.loads(json.dumps(manifest.to_json()))) == manifest


@pytest.mark.parametrize(
    "tamper",
    [
        lambda document: document["parts"][0].update(sha256="0" * 64),
        lambda document: document["parts"][0].update(rows=1),
        lambda document: document["parts"].pop(),
        lambda document: document["split"].update(validation_share=0.4),
        lambda document: document.update(side="validation"),
        lambda document: document.update(use_case="other"),
    ],
)
def test_a_changed_manifest_is_noticed(tamper: object) -> None:
    document = draw([version("a"), version("b")])[0]["training"].to_json()
    tamper(document)  # type: ignore[operator]
    with pytest.raises(ValueError, match="its content gives"):
        SetManifest.from_json(document)


START = date(2015, 1, 1)
LATEST = TimeSplit(column="at", validation_batches=1)
Days = dict[str, list[int]]


def times(days: list[int]) -> pd.DataFrame:
    at = [pd.Timestamp(START + timedelta(days=day, hours=day % 24)) for day in days]
    return pd.DataFrame({"decides": pd.Series(at, dtype="datetime64[ns]"), "target": [0.5 * d for d in days]})


def draw_by_time(
    batches: Days,
    previous: dict[Side, SetManifest] | None = None,
    split: TimeSplit | EntitySplit = LATEST,
    classes: bool = False,
) -> tuple[dict[Side, SetManifest], list[str]]:
    """Both sets over batches given as the days of their rows, and the batches that were loaded for them."""
    loaded: list[str] = []

    def labels_of(one: FeaturesVersion) -> pd.DataFrame:
        loaded.append(one.batch)
        return times(batches[one.batch])

    versions = [version(batch, days) for batch, days in batches.items()]
    before = (previous or {}).values()
    return draw_sets("case", split, versions, labels_of, before, classes=classes), loaded


def rows(drawn: dict[Side, SetManifest]) -> dict[str, list[int]]:
    return {part.batch: [part.rows, other.rows] for part, other in zip(
        drawn["training"].parts, drawn["validation"].parts, strict=True)}  # fmt: skip


by_days = st.dictionaries(
    st.sampled_from("abcdefgh"), st.lists(st.integers(0, 20), max_size=6), min_size=1, max_size=6
)
by_time = st.sampled_from(
    [LATEST, TimeSplit(column="at", validation_batches=3), TimeSplit(column="at", validation_share=0.3)]
)


@given(by_days, by_days, by_time)
@settings(max_examples=100)
def test_a_time_split_drawn_on_equals_one_drawn_from_scratch_and_loads_only_what_is_new_or_crosses(
    before: Days, more: Days, split: TimeSplit
) -> None:
    earlier, _ = draw_by_time(before, split=split)
    now = {**before, **more}
    continued, loaded = draw_by_time(now, earlier, split)
    scratch, _ = draw_by_time(now, split=split)
    assert {side: one.to_json() for side, one in continued.items()} == {
        side: one.to_json() for side, one in scratch.items()
    }
    was, is_now = (drawn["training"].split.first_day for drawn in (earlier, scratch))  # type: ignore[union-attr]
    low, high = sorted((was, is_now))
    crosses = {
        batch for batch, days in now.items() if any(low <= START + timedelta(days=d) < high for d in days)
    }
    unchanged = {batch for batch, days in now.items() if before.get(batch) == days}
    assert sorted(loaded) == sorted({*now} - unchanged | crosses & unchanged)


@given(by_days, by_time)
def test_every_row_is_on_one_side_and_no_training_row_is_as_late_as_a_held_out_one(
    batches: Days, split: TimeSplit
) -> None:
    drawn, _ = draw_by_time(batches, split=split)
    assert sum(one.rows for one in drawn.values()) == sum(map(len, batches.values()))
    cut = drawn["training"].split
    assert isinstance(cut, TimeCut)
    assert drawn["validation"].split == cut
    for batch, (trained, held_out) in rows(drawn).items():
        late = sum(START + timedelta(days=day) >= cut.first_day for day in batches[batch])
        assert (trained, held_out) == (len(batches[batch]) - late, late)


def test_one_more_batch_moves_only_what_the_border_crosses() -> None:
    before: Days = {"a": [0, 1], "b": [2, 3], "c": [4, 5], "wide": [0, 5]}
    earlier, _ = draw_by_time(before)
    drawn, loaded = draw_by_time({**before, "d": [6, 7]}, earlier)
    assert rows(drawn) == {"a": [2, 0], "b": [2, 0], "c": [2, 0], "d": [0, 2], "wide": [2, 0]}
    assert loaded == ["d", "c", "wide"]


def test_old_days_that_come_late_load_only_themselves() -> None:
    before: Days = {"b": [2, 3], "c": [4, 5]}
    earlier, _ = draw_by_time(before)
    drawn, loaded = draw_by_time({**before, "a": [0, 1]}, earlier)
    assert loaded == ["a"]
    assert rows(drawn) == {"a": [2, 0], "b": [2, 0], "c": [0, 2]}


def test_a_batch_without_rows_is_looked_at_once() -> None:
    before: Days = {"a": [0], "b": [], "c": [4]}
    earlier, loaded = draw_by_time(before)
    assert loaded == ["a", "b", "c"]
    drawn, loaded = draw_by_time({**before, "d": [6]}, earlier)
    assert loaded == ["d", "c"]
    assert rows(drawn) == {"a": [1, 0], "b": [0, 0], "c": [1, 0], "d": [0, 1]}


def test_days_of_another_column_are_not_taken_for_this_one() -> None:
    batches: Days = {"a": [0], "b": [4]}
    earlier, _ = draw_by_time(batches)
    other = TimeSplit(column="posted", validation_batches=1)
    assert draw_by_time(batches, earlier, other)[1] == ["a", "b"]


@pytest.mark.parametrize(("first", "then"), [(EntitySplit(), LATEST), (LATEST, EntitySplit())])
def test_another_kind_of_rule_draws_anew(
    first: TimeSplit | EntitySplit, then: TimeSplit | EntitySplit
) -> None:
    batches: Days = {"a": [0, 1], "b": [4]}
    earlier, _ = draw_by_time(batches, split=first)
    continued, loaded = draw_by_time(batches, earlier, then)
    assert loaded == ["a", "b"]
    assert continued == draw_by_time(batches, split=then)[0]


@pytest.mark.parametrize("counted_before", [True, False])
def test_classes_are_counted_again_where_the_task_has_changed(counted_before: bool) -> None:
    batches: Days = {"a": [0, 1, 1], "b": [4]}
    earlier, _ = draw_by_time(batches, classes=counted_before)
    continued, loaded = draw_by_time(batches, earlier, classes=not counted_before)
    assert continued == draw_by_time(batches, classes=not counted_before)[0]
    assert loaded == ([] if counted_before else ["a", "b"])


def test_a_manifest_of_a_time_split_survives_json() -> None:
    for manifest in draw_by_time({"a": [0, 1], "b": [4], "c": []})[0].values():
        again = SetManifest.from_json(json.loads(json.dumps(manifest.to_json())))
        assert again == manifest
        assert isinstance(again.split, TimeCut)


def test_a_manifest_of_an_earlier_version_is_read() -> None:
    drawn = draw([version("a"), version("b")])[0]["training"]
    document = drawn.to_json()
    for part in document["parts"]:
        del part["days"]
    assert SetManifest.from_json(json.loads(json.dumps(document))) == drawn

import json
from collections import Counter
from dataclasses import replace

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlplatform.ml.hashing import digest
from mlplatform.ml.manifests import SIDES, FeaturesVersion, SetManifest, Side, draw_sets
from mlplatform.ml.splits import EntitySplit

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

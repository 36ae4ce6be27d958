"""Which rows are looked at for leaks: the newest, and never more than a constant number."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from mlplatform.ml.leakage import newest_rows, newest_validated
from mlplatform.ml.manifests import FeaturesVersion, Part, SetManifest, draw_sets
from mlplatform.ml.splits import EntitySplit, Side, Split, TimeSplit

Most = dict[Side, int]


class Batches:
    """Batches of 100 rows, three days each; remembers which of them were read."""

    def __init__(self, count: int, first_days: list[int] | None = None, rows: int = 100) -> None:
        starts = first_days or [3 * n for n in range(count)]
        self.rows = {
            f"b{n}": pd.DataFrame(
                {
                    "who": range(n * rows, (n + 1) * rows),
                    "at": pd.Timestamp("2020-01-01")
                    + pd.to_timedelta([start + k % 3 for k in range(rows)], "D"),
                    "y": [k % 2 for k in range(rows)],
                }
            )
            for n, start in enumerate(starts)
        }
        self.read: list[str] = []

    def drawn(self, split: Split) -> dict[Side, SetManifest]:
        decides = "at" if isinstance(split, TimeSplit) else "who"
        versions = [FeaturesVersion(batch, batch, batch, batch) for batch in self.rows]
        return draw_sets(
            "case", split, versions,
            lambda one: self.rows[one.batch].rename(columns={decides: "decides", "y": "target"}),
        )  # fmt: skip

    def __call__(self, part: Part) -> pd.DataFrame:
        self.read.append(part.batch)
        return self.rows[part.batch]


LAST = TimeSplit(column="at", validation_batches=1)


def test_all_rows_where_there_are_few() -> None:
    batches = Batches(3)
    found = newest_rows(batches.drawn(EntitySplit()), "who", batches)
    held_out = EntitySplit().held_out(range(300))
    assert sorted(found["validation"]["who"]) == [n for n in range(300) if held_out[n]]
    assert sorted(found["training"]["who"]) == [n for n in range(300) if not held_out[n]]
    assert sorted(batches.read) == ["b0", "b1", "b2"]


@pytest.mark.parametrize("count", [6, 12])
def test_history_is_not_read(count: int) -> None:
    batches = Batches(count)
    found = newest_rows(batches.drawn(EntitySplit()), "who", batches, {"training": 150, "validation": 30})
    assert (len(found["training"]), len(found["validation"])) == (150, 30)
    assert sorted(batches.read) == sorted(sorted(batches.rows)[-2:])
    again = newest_rows(batches.drawn(EntitySplit()), "who", batches, {"training": 150, "validation": 30})
    assert all(found[side].equals(again[side]) for side in found)


def test_a_tiny_hold_out_does_not_ask_for_all_of_history() -> None:
    batches = Batches(9)
    split = EntitySplit(validation_share=0.02)
    newest_rows(batches.drawn(split), "who", batches, {"training": 150, "validation": 50})
    assert len(batches.read) == 2


def test_of_a_time_split_the_newest_are_those_of_the_latest_days() -> None:
    batches = Batches(4, first_days=[9, 0, 6, 3])
    found = newest_rows(batches.drawn(LAST), "who", batches, {"training": 100, "validation": 100})
    assert batches.read == ["b0", "b2"]  # held out, and the batch before it
    assert found["training"]["at"].max() < found["validation"]["at"].min()


def test_held_out_batches_beyond_the_limit_are_not_read() -> None:
    batches = Batches(8)
    split = TimeSplit(column="at", validation_batches=5)
    newest_rows(batches.drawn(split), "who", batches, {"training": 100, "validation": 100})
    assert batches.read == ["b7", "b2"]


@pytest.mark.parametrize("split", [EntitySplit(), LAST])
def test_a_large_batch_is_thinned_evenly(split: Any) -> None:
    batches = Batches(2, rows=1_000)
    found = newest_rows(batches.drawn(split), "who", batches, {"training": 100, "validation": 100})
    for rows in found.values():
        assert len(rows) == 100
        assert rows["who"].is_unique
        assert rows["who"].diff().abs().iloc[1:].median() <= 20


def test_nothing_to_read() -> None:
    batches = Batches(2, rows=0)
    found = newest_rows(batches.drawn(LAST), "who", batches)
    assert [len(rows) for rows in found.values()] == [0, 0]
    assert newest_validated(batches.drawn(LAST), batches).empty


def test_validated_rows_are_the_newest_as_well() -> None:
    batches = Batches(5)
    rows = newest_validated(batches.drawn(LAST), batches, 150)
    assert batches.read == ["b4", "b3"]
    assert len(rows) == 150

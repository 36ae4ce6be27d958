"""How the hold-out is described, from sets that were really drawn."""

from __future__ import annotations

import pandas as pd

from mlplatform.ml.held_out import held_out
from mlplatform.ml.manifests import FeaturesVersion, SetManifest, draw_sets
from mlplatform.ml.splits import EntitySplit, Split, TimeSplit

DAYS = {"january": ["2026-01-01", "2026-01-03"], "february": ["2026-02-01", "2026-02-02"], "march": []}


def _told(split: Split, decides: dict[str, list[str]]) -> dict[str, str]:
    def labels(version: FeaturesVersion) -> pd.DataFrame:
        values = [value for value in decides[version.batch] for _ in range(5)]
        return pd.DataFrame({"target": 1, "decides": values})

    versions = [FeaturesVersion(batch, batch * 3, f"{batch}.parquet", "") for batch in decides]
    drawn = draw_sets("case", split, versions, labels)
    documents = {side: SetManifest.from_json(one.to_json()) for side, one in drawn.items()}
    return held_out(documents["training"], documents["validation"], entity="customer")


def test_by_time() -> None:
    assert _told(TimeSplit(column="day", validation_batches=1), DAYS) == {
        "Rule": "by time: the rows whose day is on or after the first held-out day",
        "First held-out day": "2026-02-01",
        "Days in training": "2026-01-01 to 2026-01-03, 2 with rows",
        "Days in validation": "2026-02-01 to 2026-02-02, 2 with rows",
        "Rows held out": "10 of 20 (50.0%)",
        "Batches with training rows": "1 of 3",
        "Batches with held-out rows": "1 of 3",
    }


def test_by_time_within_a_batch() -> None:
    told = _told(TimeSplit(column="day", validation_share=0.25), DAYS)
    assert told["First held-out day"] == "2026-02-02"
    assert told["Days in training"] == "2026-01-01 to 2026-02-01, 3 with rows"
    assert told["Days in validation"] == "2026-02-02 to 2026-02-02, 1 with rows"
    assert (told["Batches with training rows"], told["Batches with held-out rows"]) == ("2 of 3", "1 of 3")


def test_everything_held_out() -> None:
    told = _told(TimeSplit(column="day", validation_batches=9), DAYS)
    assert (told["Days in training"], told["Rows held out"]) == ("none", "20 of 20 (100.0%)")


def test_by_entity() -> None:
    split = EntitySplit(validation_share=0.07, salt="pepper")
    customers = {"one": [f"c{number}" for number in range(200)], "two": ["c1"]}
    told = _told(split, customers)
    held = int(split.held_out([name for names in customers.values() for name in names]).sum())
    assert held
    assert told["Rule"].startswith("by customer: all rows with the same value are on one side")
    assert (told["Share of the entities"], told["Salt of the hash"]) == ("7%", "pepper")
    assert told["Rows held out"] == f"{held * 5:,} of 1,005 ({held / 201:.1%})"

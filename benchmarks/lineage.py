"""What questions about lineage cost, and how that grows with the history.

    .venv/bin/python benchmarks/lineage.py [--events N] [--questions N]

Two homes on SQLite hold recorded years (`benchmarks/recorded_years.py`): one of N materializations (100,000)
and one of a tenth of them, both with models of 365 batches of 2,740 rows: a million rows. In each, questions
about random models, batches, rows, entities and moments are asked, each as a question of its own that finds
the index and brings it up to date. Prints the median and the 95th percentile; ratios between both homes, for
what is of the same age in both; and what making the index from nothing costs.
"""

from __future__ import annotations

import argparse
import logging
import os
import random
import statistics
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import dagster as dg
from recorded_years import NAME, ROWS, Years, record_years, stored_in

from mlplatform.lineage import About, impact, live, reindex, trace
from mlplatform.resources.home import open_instance

RECENT = 100
Question = Callable[[], object]


def questions(instance: dg.DagsterInstance, home: Path, years: Years, seed: int) -> dict[str, Question]:
    """One of each kind."""
    chosen, store = random.Random(seed), stored_in(home)
    version, moment = chosen.choice(years.versions), chosen.uniform(*years.times)
    recent = years.batches[-RECENT:]  # the same number of models came after them in both homes
    row = f"{chosen.choice(recent)}:{chosen.randint(1, ROWS)}"
    entity = (len(years.batches) - chosen.randint(1, RECENT)) * ROWS + chosen.randint(0, ROWS - 1)

    def reached(about: About) -> Question:
        return lambda: impact(instance, NAME, about, snapshots=store).document()

    return {
        "trace of a model": lambda: trace(instance, NAME, version=version).document(),
        "trace of what is live": lambda: trace(instance, NAME).document(),
        "impact of a batch": reached(About(batch=chosen.choice(recent))),
        "impact of any batch": reached(About(batch=chosen.choice(years.batches))),
        "impact of a row": reached(About(row=row)),
        "impact of an entity": reached(About(entity=entity)),
        "live at a moment": lambda: live(instance, NAME, datetime.fromtimestamp(moment, UTC)).document(),
    }


def seconds(question: Question) -> float:
    """How long an answer takes."""
    started = time.perf_counter()
    question()
    return time.perf_counter() - started


def home_of(folder: Path, events: int) -> tuple[Path, Years]:
    """A home with recorded years and no index."""
    home = folder / str(events) / "home"
    os.environ["MLPLATFORM_HOME"] = str(home)
    with open_instance() as instance:
        return home, record_years(instance, events, stored_in(home))


def main() -> None:
    """Print times and ratios."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=100_000)
    parser.add_argument("--questions", type=int, default=40)
    given = parser.parse_args()
    logging.disable(logging.WARNING)
    with TemporaryDirectory() as folder:
        found: dict[int, dict[str, list[float]]] = {}
        for events in (given.events // 10, given.events):
            home, years = home_of(Path(folder), events)
            os.environ["MLPLATFORM_HOME"] = str(home)
            with open_instance() as instance:
                took = seconds(lambda: reindex(instance, [NAME]))
                size = (home / "lineage.sqlite").stat().st_size / 1e6
                first = seconds(questions(instance, home, years, 0)["impact of an entity"])
                print(
                    f"{years.events:,} events, {len(years.versions)} models, {len(years.batches):,} batches: "
                    f"index from nothing {took:.1f} s, {size:.0f} MB; entities looked up first {first:.1f} s"
                )
                asked: dict[str, list[float]] = {}
                for seed in range(given.questions):
                    for name, question in questions(instance, home, years, seed).items():
                        asked.setdefault(name, []).append(seconds(question))
                found[events] = asked
        small, large = found.values()
        for name in large:
            ratio = statistics.median(large[name]) / statistics.median(small[name])
            high = statistics.quantiles(large[name], n=20)[-1]
            print(
                f"  {name:22} median {statistics.median(large[name]):.3f} s, 95th percentile {high:.3f} s "
                f"(floor 1);  ten times the history: {ratio:.2f} times (floor 2)"
            )


if __name__ == "__main__":
    main()

"""What questions about lineage cost, and how that grows with the history.

    .venv/bin/python benchmarks/lineage.py [--events N] [--questions N]

Two homes on SQLite hold recorded years (`benchmarks/recorded_years.py`): one of N materializations (100,000)
and one of a tenth of them, both with models of 365 batches of 2,740 rows: a million rows. In each, questions
about random models, batches, rows, entities and moments are asked, each as a question of its own that finds
the index and brings it up to date. Prints the median and the 95th percentile; ratios between both homes, for
what is of the same age in both; and what making the index from nothing costs. A batch of a whole year reaches
52 models and 17,000 windows of their traffic: "any batch".
"""

from __future__ import annotations

import argparse
import logging
import os
import random
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import dagster as dg
from recorded_years import NAME, ROWS, Years, record_years, stored_in

from mlplatform.lineage import About, impact, live, reindex, trace
from mlplatform.lineage.index_file import INDEX_FILE
from mlplatform.resources.home import open_instance

RECENT = 100
Question = Callable[[], object]


@dataclass(frozen=True)
class Recorded:
    """A home with recorded years, opened."""

    home: Path
    instance: dg.DagsterInstance
    years: Years

    @property
    def index(self) -> Path:
        """Where its index lies."""
        return self.home / INDEX_FILE

    def questions(self, seed: int) -> dict[str, Question]:
        """One of each kind."""
        chosen, years, index = random.Random(seed), self.years, self.index
        version, moment = chosen.choice(years.versions), chosen.uniform(*years.times)
        recent = years.batches[-RECENT:]  # the same number of models came after them in both homes
        row = f"{chosen.choice(recent)}:{chosen.randint(1, ROWS)}"
        entity = (len(years.batches) - chosen.randint(1, RECENT)) * ROWS + chosen.randint(0, ROWS - 1)

        def reached(about: About) -> Question:
            store = stored_in(self.home)
            return lambda: impact(self.instance, NAME, about, snapshots=store, index=index).document()

        at = datetime.fromtimestamp(moment, UTC)
        return {
            "trace of a model": lambda: trace(self.instance, NAME, version=version, index=index).document(),
            "trace of what is live": lambda: trace(self.instance, NAME, index=index).document(),
            "impact of a batch": reached(About(batch=chosen.choice(recent))),
            "impact of any batch": reached(About(batch=chosen.choice(years.batches))),
            "impact of a row": reached(About(row=row)),
            "impact of an entity": reached(About(entity=entity)),
            "live at a moment": lambda: live(self.instance, NAME, at, index=index).document(),
        }


def seconds(question: Question) -> float:
    """How long an answer takes."""
    started = time.perf_counter()
    question()
    return time.perf_counter() - started


@contextmanager
def recorded(folder: Path, events: int) -> Iterator[Recorded]:
    """A home with recorded years and their index; prints what making it took."""
    home = folder / str(events) / "home"
    os.environ["MLPLATFORM_HOME"] = str(home)
    with open_instance() as instance:
        found = Recorded(home, instance, record_years(instance, events, stored_in(home)))
        took = seconds(lambda: reindex(instance, [NAME], found.index))
        size = found.index.stat().st_size / 1e6
        first = seconds(found.questions(0)["impact of an entity"])
        years = found.years
        print(
            f"{years.events:,} events, {len(years.versions)} models, {len(years.batches):,} batches: "
            f"index from nothing {took:.1f} s, {size:.0f} MB; all entities looked up, once, {first:.1f} s"
        )
        yield found


def main() -> None:
    """Print times and ratios."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=100_000)
    parser.add_argument("--questions", type=int, default=40)
    given = parser.parse_args()
    logging.disable(logging.WARNING)
    asked: dict[str, tuple[list[float], list[float]]] = {}
    with (
        TemporaryDirectory() as folder,
        recorded(Path(folder), given.events // 10) as small,
        recorded(Path(folder), given.events) as large,
    ):
        for seed in range(given.questions):
            for number, home in enumerate((small, large)):  # in turn: the machine has other things to do too
                for name, question in home.questions(seed).items():
                    asked.setdefault(name, ([], []))[number].append(seconds(question))
    for name, (of_small, of_large) in asked.items():
        middle, high = statistics.median(of_large), statistics.quantiles(of_large, n=20)[-1]
        ratio, more = middle / statistics.median(of_small), name == "impact of any batch"
        print(
            f"  {name:22} median {middle:.3f} s, 95th percentile {high:.3f} s (floor 1); "
            f"ten times the history: {ratio:.2f} times {'(more models had it)' if more else '(floor 2)'}"
        )


if __name__ == "__main__":
    main()

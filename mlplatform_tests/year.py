"""A generated year of a use case: 365 batches, 50 retrainings, 20 deployments, 3 rollbacks, all of them real.

Every record is written by the assets' own bodies in Dagster runs, only each on few rows and with small trees.
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import dagster as dg
import pandas as pd

from mlplatform.assets import graph
from mlplatform.lineage.withdrawals import withdraw
from mlplatform.ml.declaration import Declaration
from mlplatform.ml.gate import Gate
from mlplatform.resources.landed_files import Arrival
from mlplatform_tests import traffic
from mlplatform_tests.history import NAME, History, history_in, shipped

DATA = ("raw", "validated", "quarantine", "features")
TRAINING = ("training_set", "validation_set", "model", "evaluation", "model_card")
FIRST_DAY, ROWS = date(2025, 1, 1), 40
_AT_ONCE = 28
"""So many batches, at most, land together and are brought up to date in one run."""


@dataclass(frozen=True)
class Size:
    """How much happens."""

    days: int = 365
    retrainings: int = 50
    deployed: tuple[int, ...] = (0, 2)
    """Which of five retrainings are deployed, if they are better, as nearly each is."""
    rollbacks: int = 3

    @property
    def deployments(self) -> int:
        """How many versions go live."""
        return len([one for one in range(self.retrainings) if one % 5 in self.deployed])


WEEKS = Size(days=20, retrainings=4, rollbacks=1)


def asked_for() -> Size:
    """How much is asked about: a few weeks, or with MLPLATFORM_WHOLE_YEAR a whole year, minutes more."""
    return Size() if os.environ.get("MLPLATFORM_WHOLE_YEAR") else WEEKS


def small_trees(number: int) -> Declaration:
    """The use case with one more small tree each time: nearly every model is better than the one before."""
    gate = Gate(metric="log_loss", minimum=1.0, margin=0.5, resamples=100)
    trees = {"max_iter": 1 + number, "max_leaf_nodes": 3, "learning_rate": 0.05}
    return shipped().model_copy(update={"gate": gate, "hyperparameters": trees})


@dataclass(frozen=True)
class Told:
    """What happened, in the words of who did it, to hold answers against.

    `models`: every model version, in the order of training. `live`: (seconds since 1970, version) just after
    each deployment and rollback. `landed`: per batch, the sha256 of all that landed as it. `known_in`: per
    model, the batches whose rows it could have been trained on. `withdrawn`: the batch that was taken out.
    """

    models: list[str]
    live: list[tuple[float, str]]
    landed: dict[str, list[str]]
    known_in: dict[str, list[str]]
    withdrawn: str
    predictions: dict[str, str]


def a_year(home: Path, size: Size = Size()) -> Told:
    """Let a year pass in a home; what happened is kept beside it, see `told_in`."""
    logging.disable(logging.INFO)  # Dagster tells every step of every run
    try:
        with history_in(home) as history:
            told = _Year(history, size).passes()
    finally:
        logging.disable(logging.NOTSET)
    (home.parent / "told.json").write_text(json.dumps(asdict(told)))
    return told


def told_in(folder: Path) -> Told:
    """What happened in the year that passed in this folder's `home`."""
    document = json.loads((folder / "told.json").read_text())
    return Told(**{**document, "live": [tuple(one) for one in document["live"]]})


@contextmanager
def year_in(folder: Path) -> Iterator[History]:
    """The home in which it passed."""
    with history_in(folder / "home") as history:
        yield history


class _Year:
    """The weeks, one after the other."""

    def __init__(self, history: History, size: Size) -> None:
        history.declaration = small_trees(0)
        self.history, self.size = history, size
        self.told = Told([], [], {}, {}, "", {})
        self.rows = _rows(history, size.days)
        self.withdrawn, self.landed_months = "", list[int]()
        self.rolled_back = 0

    def passes(self) -> Told:
        days = [f"{FIRST_DAY + timedelta(days=number):%Y-%m-%d}" for number in range(self.size.days)]
        at_once = min(_AT_ONCE, -(-len(days) // 2))
        months = [days[start : start + at_once] for start in range(0, len(days), at_once)]
        for number in range(self.size.retrainings):
            month = number * len(months) // self.size.retrainings
            if month == len(self.landed_months):
                self._land(months[month])
                self.landed_months.append(month)
            if number == self.size.retrainings // 3:
                self._land([days[3]], corrected=True)
            if number == self.size.retrainings // 2:
                self._withdraw(days[5])
            self._train(number)
            if number % 5 in self.size.deployed and self._is_better():
                self._deploy(self.told.models[-1])
                due = self._deployments() * self.size.rollbacks // self.size.deployments
                if self.rolled_back < due:
                    self._roll_back()
        return Told(**{**vars(self.told), "withdrawn": self.withdrawn})

    def _is_better(self) -> bool:
        return bool(self.history.latest("evaluation").details["verdict"] == "PROMOTE")

    def _deployments(self) -> int:
        return len(self.told.live) - self.rolled_back

    def _land(self, batches: list[str], *, corrected: bool = False) -> None:
        store, instance = self.history.resources["landed_files"], self.history.instance
        arrivals = []
        for batch in batches:
            rows = self.rows[batch]
            content = (rows.iloc[:-1] if corrected else rows).to_csv(index=False).encode()
            arrivals.append(Arrival(batch, store.keep_bytes(content), f"{batch}.csv"))
            self.told.landed.setdefault(batch, []).append(arrivals[-1].sha256)
        store.make_batches(instance, NAME, arrivals)
        first_last = {"start": batches[0], "end": batches[-1]}
        done = dg.materialize(
            graph.assets(self.history.declaration),
            selection=[dg.AssetKey([NAME, asset]) for asset in DATA],
            tags={f"dagster/asset_partition_range_{end}": batch for end, batch in first_last.items()},
            instance=instance,
            resources=self.history.resources,
        )
        assert done.success

    def _withdraw(self, batch: str) -> None:
        withdraw(self.history.instance, NAME, batch, by="anna", reason="typed wrongly")
        self.withdrawn = batch

    def _train(self, number: int) -> None:
        self.history.declaration = small_trees(number)
        assert self.history.materialize(*TRAINING).success
        version = str(self.history.latest("model").details["version"])
        self.told.models.append(version)
        self.told.known_in[version] = [one for one in self.told.landed if one != self.withdrawn]

    def _deploy(self, version: str) -> None:
        self.history.say(version)
        self.history.deploy(version)
        self.told.live.append((datetime.now(UTC).timestamp(), version))
        self._ask(version)

    def _roll_back(self) -> None:
        self.history.deploy(self.told.live[-2][1])
        self.told.live.append((datetime.now(UTC).timestamp(), self.told.live[-2][1]))
        self.rolled_back += 1

    def _ask(self, version: str) -> None:
        """A request that what is live now answers."""
        if len(self.told.predictions) >= 4:
            return
        model = self.history.home / "snapshots" / self.history.latest("model").path
        rows, server = self.rows[f"{FIRST_DAY:%Y-%m-%d}"].head(6), f"server{len(self.told.predictions)}"
        root, at = self.history.home / "captured", datetime.now(UTC)
        traffic.capture(root, "job-change", model, rows, at=at, server=server, rows_per_request=3)
        self.told.predictions[f"{server}-{at:%H%M}-000001"] = version


def _rows(history: History, days: int) -> dict[str, pd.DataFrame]:
    """Rows of every day; every seventh enrollee comes again half a year later."""
    assert history.declaration.sample is not None
    rows = history.declaration.sample(days * ROWS, 1, False)
    names = [f"{FIRST_DAY + timedelta(days=number):%Y-%m-%d}" for number in range(days)]
    parts = {
        name: rows.iloc[n * ROWS : (n + 1) * ROWS].reset_index(drop=True) for n, name in enumerate(names)
    }
    for earlier, later in zip(names, names[days // 2 :], strict=False):
        known = parts[earlier].loc[::7, "enrollee_id"]
        parts[later].loc[known.index, "enrollee_id"] = known
    return parts

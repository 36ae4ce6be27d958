"""The questions about one use case, for notebooks and scripts."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from difflib import get_close_matches
from pathlib import Path

import dagster as dg

from mlplatform.lineage.about import About
from mlplatform.lineage.answering import Live, live
from mlplatform.lineage.graph import Graph
from mlplatform.lineage.impact import Impact, impact
from mlplatform.lineage.predictions import Stores
from mlplatform.lineage.trace import trace
from mlplatform.ml.errors import WrongUsage
from mlplatform.ml.steps import LANDED_FILE


@dataclass(frozen=True)
class Lineage:
    """A use case whose records are asked. Every answer is as of the moment of the question."""

    use_case: str
    instance: dg.DagsterInstance
    stores: Stores

    def trace(self, version: str | None = None, *, prediction: str | None = None) -> Graph:
        """Everything behind a model version, a prediction, or what is live: see `lineage.trace`."""
        return trace(self.instance, self.use_case, version=version, prediction=prediction, stores=self.stores)

    def impact(
        self,
        batch: str | None = None,
        *,
        file: str | Path | None = None,
        row: str | None = None,
        entity: object = None,
    ) -> Impact:
        """What one of these reached, and what to do about it: see `lineage.impact`."""
        about = About(batch, None if file is None else Path(file), row, entity)
        return impact(self.instance, self.use_case, about, snapshots=self.stores.snapshots)

    def live(self, at: datetime | str) -> Live:
        """What answered at a moment: see `lineage.live`."""
        return live(self.instance, self.use_case, at)


@contextmanager
def open_lineage(use_case: str, home: str | Path | None = None) -> Iterator[Lineage]:
    """The lineage of a use case in a home folder: `with open_lineage("job_change") as lineage: ...`.

    Without a `home`, the one that MLPLATFORM_HOME names, as for the command line. WrongUsage for a use case
    of which nothing was ever recorded there.
    """
    from mlplatform.resources.home import open_instance

    if home is not None:
        os.environ["MLPLATFORM_HOME"] = str(Path(home).expanduser().absolute())
    with open_instance() as instance:
        _refuse_unknown(instance, use_case)
        yield Lineage(use_case, instance, Stores.of_environment())


def _refuse_unknown(instance: dg.DagsterInstance, use_case: str) -> None:
    recorded = sorted(key.path[0] for key in instance.all_asset_keys() if key.path[-1] == LANDED_FILE)
    if use_case not in recorded:
        near = get_close_matches(use_case, recorded, n=1)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        raise WrongUsage(
            f"nothing of a use case {use_case!r} is recorded here.{hint} "
            f"Recorded: {', '.join(recorded) or 'none'}."
        )

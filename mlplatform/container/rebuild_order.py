"""What a model is rebuilt from, written down for a process of its own: see `container.rebuild`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

ORDER = "order.json"


@dataclass(frozen=True)
class BatchOrder:
    """One batch of the training set: where its stored bytes lie here, and what was recorded of them.

    `features` is the path of the recorded features below the store. `recorded` holds the sha256 by asset.
    Without a `landed` file the way begins at the validated rows: of an early record nobody knows any more
    how its file was spelled.
    """

    batch: str
    features: str
    validated: str
    recorded: Mapping[str, str]
    landed: str | None = None
    file: str = ""
    spelling: Mapping[str, Mapping[str, Any]] | None = None


@dataclass(frozen=True)
class RebuildOrder:
    """A whole model: its folder in the store, its set, and the set on whose rows two models are compared.

    `places` says where a features snapshot, named by its path below the store, lies here.
    """

    model: str
    training_set: Mapping[str, Any]
    frozen: Mapping[str, Any]
    places: Mapping[str, str]
    batches: tuple[BatchOrder, ...]

    def write(self, folder: Path) -> None:
        """Leave the order where the program looks for it."""
        (folder / ORDER).write_text(json.dumps(asdict(self)), encoding="utf-8")

    @classmethod
    def read(cls, folder: Path) -> RebuildOrder:
        """Back from `write`."""
        document = json.loads((folder / ORDER).read_text(encoding="utf-8"))
        return cls(**{**document, "batches": tuple(BatchOrder(**one) for one in document["batches"])})

"""Many models of one history, each made again in a process of its own."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Executor
from pathlib import Path

import pytest

from mlplatform.lineage.reproduction import Reproduction, reproduce
from mlplatform_tests.history import History, lenient

ENVIRONMENTS = (("1", "0"), ("2", "1"), ("3", "77"), ("8", "random"), ("", "4294967295"))
"""Values of OMP_NUM_THREADS and PYTHONHASHSEED."""
_PER_BATCH = ("raw", "validated", "quarantine", "features")
_PER_LANDING = 5


def trained(history: History, models: int) -> list[str]:
    """Versions: a batch lands before every fifth training, and each is by other hyperparameters."""
    versions = []
    for number in range(models):
        if number % _PER_LANDING == 0:
            batch = f"batch-{number // _PER_LANDING:02}"
            history.land(batch, seed=number, rows=400)
            assert history.materialize(*_PER_BATCH, batch=batch).success
            assert history.materialize("training_set", "validation_set").success
        history.declaration = lenient(max_iter=1 + number % _PER_LANDING, min_samples_leaf=5 + number)
        assert history.materialize("model").success
        versions.append(str(history.latest("model").details["version"]))
    return versions


def again_under(
    history: History, versions: Sequence[str], surroundings: tuple[str, str], folder: Path, pool: Executor
) -> list[Reproduction]:
    """Each version made again while the environment holds these values."""
    stores = history.resources

    def again(version: str) -> Reproduction:
        return reproduce(
            history.instance,
            history.declaration,
            version,
            stores["snapshots"],
            stores["landed_files"],
            folder / version,
        )

    with pytest.MonkeyPatch.context() as patch:
        for name, value in zip(("OMP_NUM_THREADS", "PYTHONHASHSEED"), surroundings, strict=True):
            patch.setenv(name, value)
        return list(pool.map(again, versions))

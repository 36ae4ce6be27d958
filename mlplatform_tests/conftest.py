"""Fixtures that several folders share."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from mlplatform.resources.environment import local
from mlplatform_tests.requirements import require

REPOSITORY = Path(__file__).parents[1]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty home folder that MLPLATFORM_HOME names; nothing of the caller's environment is seen."""
    folder = tmp_path / "home"
    monkeypatch.setenv("MLPLATFORM_HOME", str(folder))
    # set before it is deleted, so that what the code under test puts there is taken back as well
    monkeypatch.setenv("DAGSTER_HOME", str(folder))
    monkeypatch.delenv("DAGSTER_HOME")
    monkeypatch.delenv("MLPLATFORM_ENV", raising=False)
    return folder


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    """A Dagster instance in memory."""
    with dg.DagsterInstance.ephemeral() as opened:
        yield opened


@pytest.fixture
def local_resources(tmp_path: Path) -> dict[str, Any]:
    """The resources of the local environment, below a fresh folder."""
    return local(tmp_path)


@pytest.fixture
def real_data() -> Path:
    """The folder of the real files; MLPLATFORM_DATA names it."""
    folder = Path(os.environ.get("MLPLATFORM_DATA", REPOSITORY.parent / "shared" / "data"))
    if not (folder / "job_change_train.csv").exists():
        require("data", f"the real files are not in {folder}")
    return folder

"""The places in which the same tests run."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from mlplatform.resources.environment import aws
from mlplatform.resources.training.local import LocalTraining
from mlplatform_tests.lifecycle.places import Place, on_sagemaker, on_this_machine
from mlplatform_tests.sagemaker_emulator.server import Emulator


@pytest.fixture(params=["local", "sagemaker"])
def place(request: pytest.FixtureRequest) -> Place:
    """An empty home of each environment."""
    return request.getfixturevalue(f"{request.param}_place")  # type: ignore[no-any-return]


@pytest.fixture
def local_place(home: Path) -> Iterator[Place]:
    with on_this_machine(home) as place:
        yield place


@pytest.fixture
def trained_here(sagemaker_place: Place) -> None:
    """Models are trained in this process, which is quicker: for tests of what becomes of a model."""
    sagemaker_place.history.environment = lambda home: {**aws(home), "training": LocalTraining()}


@pytest.fixture
def sagemaker_place(
    home: Path, aws_environment: Emulator, postgres: int, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Place]:
    monkeypatch.setenv("MLPLATFORM_ENV", "aws")
    monkeypatch.setenv("MLPLATFORM_BAKE_SECONDS", "20")
    with on_sagemaker(home, aws_environment) as place:
        yield place

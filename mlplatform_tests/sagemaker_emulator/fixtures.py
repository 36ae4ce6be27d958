"""The emulator and an environment that points at it, for tests."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from mlplatform_tests.sagemaker_emulator.server import Emulator


@pytest.fixture(scope="session")
def _running() -> Iterator[Emulator]:
    from mlplatform_tests.sagemaker_emulator.server import Emulator  # two seconds that few tests need

    with Emulator() as emulator:
        yield emulator


@pytest.fixture
def emulator(_running: Emulator) -> Iterator[Emulator]:
    """Amazon SageMaker with nothing in it."""
    _running.reset()
    yield _running
    _running.reset()


@pytest.fixture
def aws_environment(emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> Emulator:
    """This process, and those it starts, find the emulator instead of AWS."""
    from mlplatform.resources.aws.clients import clients

    clients.cache_clear()
    settings = {
        **emulator.environment(),
        "DAGSTER_PG_HOST": "127.0.0.1",
        "DAGSTER_PG_USER": "nobody",
        "DAGSTER_PG_PASSWORD": "",
        "DAGSTER_PG_DB": "none",
    }
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME"):
        monkeypatch.delenv(name, raising=False)
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    return emulator

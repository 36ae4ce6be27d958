"""Fixtures that several folders share."""

from __future__ import annotations

import gc
import logging
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from filelock import FileLock

from mlplatform.resources.environment import local
from mlplatform_tests.postgres import empty_database, postgres_server, settings
from mlplatform_tests.requirements import require
from mlplatform_tests.sagemaker_emulator.fixtures import _running, aws_environment, emulator  # noqa: F401

REPOSITORY = Path(__file__).parents[1]

# As the command line does: in a process with so many modules, looking for garbage took a sixth of the time.
gc.set_threshold(200_000, 20, 20)

MadeOnce = Callable[[str, Callable[[Path], object]], Path]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests in the browser mostly wait, so they begin first and the others fill the time."""
    items.sort(key=lambda item: "/e2e/" not in str(item.path))


@pytest.fixture(autouse=True)
def _loggers_as_before() -> Iterator[None]:
    """A command that a test calls in this process shows progress; the next test's logs are its own."""
    logger = logging.getLogger("mlplatform")
    before = (list(logger.handlers), logger.level, logger.propagate)
    yield
    logger.handlers, logger.level, logger.propagate = before


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


@pytest.fixture(scope="session")
def _postgres_port() -> Iterator[int]:
    with postgres_server() as port:
        yield port


@pytest.fixture
def postgres(_postgres_port: int, monkeypatch: pytest.MonkeyPatch) -> int:
    """The port of a PostgreSQL server, which DAGSTER_PG_* name; its database is empty."""
    empty_database(_postgres_port)
    for name, value in settings(_postgres_port).items():
        monkeypatch.setenv(name, value)
    return _postgres_port


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of the real files; MLPLATFORM_DATA names it."""
    folder = Path(os.environ.get("MLPLATFORM_DATA", REPOSITORY.parent / "shared" / "data"))
    if not (folder / "job_change_train.csv").exists():
        require("data", f"the real files are not in {folder}")
    return folder


@pytest.fixture(scope="session")
def made_once(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> MadeOnce:
    """`made_once(name, make)`: the folder that `make` fills, filled once for all workers; not to be changed.

    Where `make` fails, the next to ask tries again.
    """
    own = tmp_path_factory.getbasetemp()
    shared = own if worker_id == "master" else own.parent

    def folder(name: str, make: Callable[[Path], object]) -> Path:
        made, done = shared / f"made-{name}", shared / f"made-{name}.done"
        with FileLock(shared / f"made-{name}.lock"):
            if not done.exists():
                shutil.rmtree(made, ignore_errors=True)
                made.mkdir()
                make(made)
                done.touch()
        return made

    return folder


@pytest.fixture(scope="session")
def trained_home(made_once: MadeOnce) -> Path:
    """A home in which one model was trained on generated rows. Copy it, do not change it."""
    from mlplatform_tests.cli.conftest import command_in

    def train(folder: Path) -> None:
        run = command_in(folder / "home")
        assert run("sample", "job_change", "--out", folder, "--rows", "2000").code == 0
        assert run("land", "job_change", folder / "job_change_0001.csv").code == 0
        done = run("run", "job_change")
        assert done.code == 0, done.err

    return made_once("trained", train) / "home"


@pytest.fixture
def monitored(trained_home: Path, home: Path) -> Iterator[Any]:
    """A copy of it, on SQLite, to capture and judge traffic in: see `mlplatform_tests.monitored`."""
    from mlplatform.resources.home import open_instance
    from mlplatform_tests.monitored import Monitored

    shutil.copytree(trained_home, home, copy_function=shutil.copy2)
    with open_instance() as instance:
        yield Monitored(home, instance)

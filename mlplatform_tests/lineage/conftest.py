"""A few weeks of a use case, on SQLite, to ask about."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from mlplatform_tests.conftest import MadeOnce
from mlplatform_tests.history import History, history_in
from mlplatform_tests.year import WEEKS, Told, a_year, asked_for, small_trees, told_in


@pytest.fixture(scope="session")
def some_weeks(made_once: MadeOnce) -> Path:
    """A folder with the `home` in which they passed. Copy it, do not change it."""
    return made_once("weeks", lambda made: a_year(made / "home", WEEKS))


@pytest.fixture(scope="session")
def passed(made_once: MadeOnce, some_weeks: Path) -> Path:
    """A folder with the `home` in which as much passed as is asked for: a whole year on request."""
    if asked_for() == WEEKS:
        return some_weeks
    return made_once("year", lambda made: a_year(made / "home", asked_for()))


@pytest.fixture
def told(some_weeks: Path) -> Told:
    """What happened in them."""
    return told_in(some_weeks)


@pytest.fixture
def weeks(some_weeks: Path, tmp_path: Path) -> Iterator[History]:
    """A copy of the home, to change."""
    shutil.copytree(some_weeks / "home", tmp_path / "home", copy_function=shutil.copy2)
    with history_in(tmp_path / "home") as history:
        history.declaration = small_trees(WEEKS.retrainings)
        yield history

"""The command line as a process, and a home that has been through a first run."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from mlplatform_tests.cli.process import run_forked, run_fresh
from mlplatform_tests.conftest import MadeOnce


@dataclass(frozen=True)
class Answer:
    """What a command printed and how it ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """stdout as JSON: nothing else may stand there."""
        return json.loads(self.out)

    @property
    def first_error(self) -> str:
        """The first line of stderr that reports an error."""
        return next(line for line in self.err.splitlines() if line.lower().startswith("error:"))


Command = Callable[..., Answer]


def command_in(home: Path, *, fresh: bool = False) -> Command:
    """`mlplatform` with this home folder.

    Each command is a process of its own, forked from one that has the libraries loaded already: see
    `mlplatform_tests.cli.process`. A `fresh` one starts from nothing, as from the shell, which costs two
    seconds more: for what depends on how the program starts. One with a PYTHONPATH always does, for its code
    is another.
    """

    def run(*arguments: str | Path, **environment: str) -> Answer:
        inherited = {k: v for k, v in os.environ.items() if k not in ("DAGSTER_HOME", "MLPLATFORM_ENV")}
        start = run_fresh if fresh or "PYTHONPATH" in environment else run_forked
        surroundings = {**inherited, "MLPLATFORM_HOME": str(home), **environment}
        return Answer(*start([str(one) for one in arguments], surroundings, home.parent))

    return run


@pytest.fixture
def mlplatform(tmp_path: Path) -> Command:
    """The program with an empty home."""
    return command_in(tmp_path / "home")


@pytest.fixture(scope="session")
def first_run(made_once: MadeOnce) -> Path:
    """A folder with `files/` and a `home/` in which one batch went all the way to its verdict."""

    def make(folder: Path) -> None:
        run = command_in(folder / "home")
        made = run("sample", "job_change", "--out", folder / "files", "--rows", "1500", "--batches", "2")
        assert made.code == 0, made.err
        assert run("land", "job_change", folder / "files" / "job_change_0001.csv").code == 0
        done = run("run", "job_change")
        assert done.code == 0, done.err

    return made_once("first_run", make)


@pytest.fixture
def after_first_run(first_run: Path, tmp_path: Path) -> tuple[Command, Path]:
    """The program with a copy of that home, and the folder of files."""
    shutil.copytree(first_run / "home", tmp_path / "home", copy_function=shutil.copy2)
    return command_in(tmp_path / "home"), first_run / "files"

"""The command line as a process, and a home that has been through a first run."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest


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


def command_in(home: Path) -> Command:
    """`mlplatform` with this home folder."""

    def run(*arguments: str | Path, **environment: str) -> Answer:
        inherited = {k: v for k, v in os.environ.items() if k not in ("DAGSTER_HOME", "MLPLATFORM_ENV")}
        done = subprocess.run(
            [sys.executable, "-m", "mlplatform", *map(str, arguments)],
            env={**inherited, "MLPLATFORM_HOME": str(home), **environment},
            cwd=home.parent,
            capture_output=True,
            check=False,
            text=True,
            timeout=300,
        )
        return Answer(done.returncode, done.stdout, done.stderr)

    return run


@pytest.fixture
def mlplatform(tmp_path: Path) -> Command:
    """The program with an empty home."""
    return command_in(tmp_path / "home")


@pytest.fixture(scope="session")
def first_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with `files/` and a `home/` in which one batch went all the way to its verdict."""
    folder = tmp_path_factory.mktemp("first_run")
    run = command_in(folder / "home")
    made = run("sample", "job_change", "--out", folder / "files", "--rows", "1500", "--batches", "2")
    assert made.code == 0, made.err
    assert run("land", "job_change", folder / "files" / "job_change_0001.csv").code == 0
    done = run("run", "job_change")
    assert done.code == 0, done.err
    return folder


@pytest.fixture
def after_first_run(first_run: Path, tmp_path: Path) -> tuple[Command, Path]:
    """The program with a copy of that home, and the folder of files."""
    shutil.copytree(first_run / "home", tmp_path / "home", copy_function=shutil.copy2)
    return command_in(tmp_path / "home"), first_run / "files"

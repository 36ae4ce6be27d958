"""A copy of the package that a test may edit, and commands that use it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import mlplatform
from mlplatform_tests.cli.conftest import Answer

_PROGRAM = """
import contextlib, io, json, os, sys
from mlplatform.cli.main import main
for home, *arguments in json.loads(sys.argv[1]):
    os.environ['MLPLATFORM_HOME'] = home
    with contextlib.redirect_stdout(io.StringIO()) as said:
        code = main(arguments)
    print(json.dumps([code, said.getvalue()]))
"""


def copy_of_package(folder: Path) -> Path:
    """A folder with the package and its pyproject.toml, to be put on the path."""
    copy = folder / "mlplatform"
    shutil.copytree(Path(mlplatform.__file__).parent, copy, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy2(Path(mlplatform.__file__).parents[1] / "pyproject.toml", folder)
    return folder


def edit(file: Path, before: str, after: str) -> None:
    """Replace what must stand there."""
    text = file.read_text()
    assert before in text, file
    file.write_text(text.replace(before, after, 1))


def commands(tree: Path, *lines: tuple[Path | str, ...]) -> list[Answer]:
    """Several commands, each with its home, in one process that uses this copy of the package."""
    path = os.pathsep.join(filter(None, [str(tree), os.environ.get("PYTHONPATH")]))
    given = json.dumps([list(map(str, line)) for line in lines])
    done = subprocess.run(
        [sys.executable, "-c", _PROGRAM, given],
        env={**os.environ, "PYTHONPATH": path}, cwd=tree, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return [Answer(*json.loads(line), done.stderr) for line in done.stdout.splitlines()]

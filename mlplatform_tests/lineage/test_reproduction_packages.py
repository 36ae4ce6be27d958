"""Models whose code uses a package of which another version is installed by now."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import mlplatform.defs.job_change as shipped_package
from mlplatform_tests.history import history_in
from mlplatform_tests.lineage.test_reproduction import again
from mlplatform_tests.own_code import with_code

_PYPROJECT = """
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"
[project]
name = "working-week"
version = "{version}"
[tool.hatch.build.targets.wheel]
only-include = ["working_week.py"]
"""
_HOURS = 'rows["training_hours"].astype("float64")'


def installed(folder: Path, version: str, more: float) -> Path:
    """Where pip has put this version of a package of one module."""
    source, place = folder / f"source-{version}", folder / f"installed-{version}"
    source.mkdir()
    (source / "pyproject.toml").write_text(_PYPROJECT.format(version=version))
    (source / "working_week.py").write_text(f"MORE_HOURS = {more}\n")
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-index"]
    offline = ["--no-deps", "--no-build-isolation", "--target", str(place)]
    subprocess.run([*pip, *offline, str(source)], check=True)
    return place


@contextmanager
def using(place: Path) -> Iterator[None]:
    """While the block runs, this process and those that it starts find what is installed there."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(place)
        patch.setenv("PYTHONPATH", f"{place}{os.pathsep}{os.environ.get('PYTHONPATH', '')}")
        patch.delitem(sys.modules, "working_week", raising=False)
        yield


@pytest.mark.parametrize(("more", "result"), [(0.0, "identical"), (0.5, "different")])
def test_another_version_of_a_package_is_named_whether_it_matters_or_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, more: float, result: str
) -> None:
    at_training, here = installed(tmp_path, "1.0", 0.0), installed(tmp_path, "1.1", more)
    text = (Path(shipped_package.__file__).parent / "features.py").read_text(encoding="utf-8")
    assert _HOURS in text
    importing = "import pandas as pd\n"
    assert importing in text
    uses_it = text.replace(_HOURS, f"{_HOURS} + MORE_HOURS").replace(
        importing, f"{importing}from working_week import MORE_HOURS\n"
    )
    with history_in(tmp_path / "home") as history:
        with using(at_training):
            history.declaration = with_code(tmp_path, monkeypatch, {"features.py": uses_it})
            history.land("monday", seed=3, rows=400)
            history.update("monday")
        trained_with = history.latest("model").metadata["environment"].value["libraries"]
        with using(here):
            found = again(history, tmp_path / "again")
    assert trained_with["working-week"] == "1.0"
    *differs, named = found.because
    assert named == "working-week is 1.1 here, 1.0 at training"
    first = [one.partition(" comes out")[0] for one in differs]
    assert (found.result, first) == (result, [] if result == "identical" else ["features of monday"])

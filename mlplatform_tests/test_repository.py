"""What a clone and a wheel must hold."""

from __future__ import annotations

import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import yaml

REPOSITORY = Path(__file__).parents[1]
PAGES = [REPOSITORY / "README.md", *sorted((REPOSITORY / "docs").glob("*.md"))]


@pytest.mark.parametrize("name", ["base", "test", "aws", "all"])
def test_locks_pin_with_hashes_and_name_no_registry(name: str) -> None:
    text = (REPOSITORY / "requirements" / f"{name}.lock").read_text()
    pinned = re.split(r"\n(?=\S)", text.strip())
    for requirement in pinned:
        assert re.match(r"[A-Za-z0-9._-]+(\[[a-z,]+\])?==\S+", requirement), requirement
        assert "--hash=sha256:" in requirement, requirement
    assert "://" not in text
    assert "--index" not in text


def test_locks_agree_on_every_version() -> None:
    versions: dict[str, set[str]] = {}
    for name in ("base", "test", "aws", "all"):
        text = (REPOSITORY / "requirements" / f"{name}.lock").read_text()
        for line in re.findall(r"^(\S+)==(\S+)(.*)$", text, re.MULTILINE):
            package, version, marker = line
            versions.setdefault(package + marker.rstrip(" \\"), set()).add(version)
    assert {package: found for package, found in versions.items() if len(found) > 1} == {}


def test_workspace_and_dg_name_the_same_code_location() -> None:
    import tomllib

    (entry,) = yaml.safe_load((REPOSITORY / "workspace.yaml").read_text())["load_from"]
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["tool"]["dg"]["project"]
    assert entry["python_module"]["module_name"] == f"{project['root_module']}.definitions"
    assert entry["python_module"]["location_name"] == project["code_location_name"]


def test_a_wheel_holds_every_file_that_the_package_reads(tmp_path: Path) -> None:
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(build, cwd=REPOSITORY, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    held = set(zipfile.ZipFile(wheel).namelist())
    package = REPOSITORY / "mlplatform"
    read = {
        str(path.relative_to(REPOSITORY))
        for path in package.rglob("*")
        if path.is_file() and path.suffix not in (".pyc", ".py") and "__pycache__" not in path.parts
    }
    assert read
    assert read <= held


def test_pages_name_commands_that_exist() -> None:
    from mlplatform.cli.main import COMMANDS

    text = "".join(path.read_text() for path in PAGES)
    named = set(re.findall(r"(?:^|`)mlplatform (\w+)", text, re.MULTILINE))
    assert named
    assert named <= set(COMMANDS)
    targets = set(re.findall(r"^(\w+):", (REPOSITORY / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"^make (\w+)", text, re.MULTILINE)) <= targets


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_pages_link_to_what_is_there(page: Path) -> None:
    text = page.read_text()
    targets = [one for one in re.findall(r"\]\(([^)\s]+)\)", text) if "://" not in one]
    headings = {
        re.sub(r"[^a-z0-9 -]", "", one.lower()).replace(" ", "-")
        for one in re.findall(r"^#+ (.+)$", text, re.M)
    }
    for target in targets:
        file, _, anchor = target.partition("#")
        assert not file or (page.parent / file).is_file(), target
        assert file or anchor in headings, target

"""The image and the tasks, without Docker: what they name is there."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from mlplatform.resources.aws.settings import SETTINGS
from mlplatform_tests.conftest import REPOSITORY

DEPLOY = REPOSITORY / "deploy"
TASKS = sorted((DEPLOY / "ecs").glob("*.json"))


def dockerfile() -> list[str]:
    """Its instructions, each on one line."""
    text = (DEPLOY / "Dockerfile").read_text().replace("\\\n", " ")
    return [line for line in text.splitlines() if line.strip() and not line.startswith("#")]


def copied() -> set[str]:
    """Paths of the repository that go into the image."""
    lines = [line.split()[1:-1] for line in dockerfile() if line.startswith("COPY") and "--from" not in line]
    return {name for names in lines for name in names}


def test_what_is_copied_is_there_and_reaches_the_builder() -> None:
    ignored = (DEPLOY / "Dockerfile.dockerignore").read_text().splitlines()
    let_in = {line.removeprefix("!") for line in ignored if line.startswith("!")}
    assert copied() == let_in
    for name in copied():
        assert (REPOSITORY / name).exists(), name


def test_the_image_installs_by_hash_and_names_no_registry_of_packages() -> None:
    text = (DEPLOY / "Dockerfile").read_text()
    assert "--require-hashes -r requirements/aws.lock" in text
    assert "--index" not in text
    assert "com.amazonaws.sagemaker.capabilities.accept-bind-to-port=true" in text


def entry(*arguments: str, home: Path, path: Path) -> subprocess.CompletedProcess[str]:
    """The entry point, with the place of its settings changed to that in the repository."""
    script = (DEPLOY / "entrypoint.sh").read_text()
    copy = path / "entrypoint.sh"
    copy.write_text(script.replace("/app/deploy/", f"{DEPLOY}/"))
    return subprocess.run(
        ["sh", str(copy), *arguments],
        env={**os.environ, "DAGSTER_HOME": str(home), "PYTHONPATH": str(REPOSITORY)},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def test_sagemakers_words_start_the_containers_program(tmp_path: Path) -> None:
    done = entry("train", str(tmp_path / "base"), home=tmp_path / "home", path=tmp_path)
    assert done.returncode == 1
    assert (tmp_path / "base" / "output" / "failure").exists()
    assert not (tmp_path / "home").exists()


def test_any_other_program_finds_the_settings_in_its_home(tmp_path: Path) -> None:
    done = entry("sh", "-c", "ls $DAGSTER_HOME", home=tmp_path / "home", path=tmp_path)
    assert (done.returncode, done.stdout.split()) == (0, ["dagster.yaml"])
    assert entry(home=tmp_path / "home", path=tmp_path).returncode == 2


@pytest.mark.parametrize("file", TASKS, ids=lambda path: path.stem)
def test_tasks_say_everything_that_can_be_set_and_hold_no_secret(file: Path) -> None:
    task: dict[str, Any] = json.loads(file.read_text())
    assert task["family"] == f"mlplatform-{file.stem}"
    (container,) = task["containerDefinitions"]
    assert container["name"] == file.stem
    given = {one["name"] for one in container["environment"]}
    secrets = {one["name"] for one in container["secrets"]}
    assert secrets == {"DAGSTER_PG_PASSWORD"}
    dagsters = {"AWS_REGION", "AWS_DEFAULT_REGION", "MLPLATFORM_ENV", "MLPLATFORM_RUN_TASK"}
    assert given - dagsters == {one.variable for one in SETTINGS} - secrets
    assert container["user"] != "0"
    values = {one["name"]: one["value"] for one in container["environment"]}
    for one in SETTINGS:
        if one.default is not None:
            assert values[one.variable] == one.default


def test_all_tasks_say_the_same() -> None:
    environments = [json.loads(file.read_text())["containerDefinitions"][0]["environment"] for file in TASKS]
    assert len(TASKS) == 3
    assert environments[0] == environments[1] == environments[2]


def test_commands_of_the_tasks_are_programs_of_the_image() -> None:
    programs = {json.loads(file.read_text())["containerDefinitions"][0]["command"][0] for file in TASKS}
    locked = (REPOSITORY / "requirements" / "aws.lock").read_text()
    assert programs == {"dagster", "dagster-webserver", "dagster-daemon"}
    for package in ("dagster", "dagster-webserver", "dagster-aws", "dagster-postgres", "sagemaker", "boto3"):
        assert re.search(rf"^{package}==", locked, re.MULTILINE)


def test_the_deployments_instance_is_the_packages_with_a_launcher() -> None:
    packaged = yaml.safe_load((REPOSITORY / "mlplatform/resources/aws/dagster.yaml").read_text())
    deployed = yaml.safe_load((DEPLOY / "dagster.yaml").read_text())
    assert deployed.pop("run_launcher")["class"] == "EcsRunLauncher"
    assert deployed == packaged


def test_what_the_readme_lists_is_there() -> None:
    text = (DEPLOY / "README.md").read_text()
    table = "\n".join(line for line in text.splitlines() if line.startswith("|"))
    named = set(re.findall(r"`([\w/.-]+\.(?:json|yaml|sh)|Dockerfile[\w.]*)`", table))
    there = {path.relative_to(DEPLOY).as_posix() for path in DEPLOY.rglob("*") if path.is_file()}
    assert named == there - {"README.md"}


def test_what_may_leave_the_bucket_is_no_record() -> None:
    rules = json.loads((DEPLOY / "lifecycle.json").read_text())["Rules"]
    prefixes = {one["Filter"]["Prefix"] for one in rules if "Expiration" in one}
    kept = {f"mlplatform/{name}/" for name in ("snapshots", "landed", "landing", "captured", "code", "sets")}
    assert not prefixes & kept

"""On a laptop nothing of AWS or PostgreSQL is imported, nor needed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

OTHER_PLACES = ("boto3", "botocore", "sagemaker", "dagster_aws", "dagster_postgres", "psycopg2")

STORY = """
import json, sys
FORBIDDEN = {forbidden!r}
class Refusing:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in FORBIDDEN:
            raise ImportError(f"{{name}} is not installed here")
if {refused}:
    sys.meta_path.insert(0, Refusing())
from mlplatform.cli.main import main
def done(*arguments):
    assert main(list(arguments)) == 0, arguments
done("sample", "job_change", "--out", "files", "--rows", "1500")
done("land", "job_change", "files/job_change_0001.csv")
done("plan", "job_change")
done("run", "job_change")
from mlplatform.cli.location import open_location
from mlplatform.lineage.records import latest
version = latest(open_location().instance, "job_change", "model").details["version"]
done("approve", "job_change", version, "--by", "anna", "--reason", "fine")
done("deploy", "job_change")
done("predict", "job_change", "files/job_change_0001.csv", "--out", "scores.csv")
done("monitor", "job_change")
done("lineage", "trace", "job_change")
done("status")
done("doctor")
done("gc")
from mlplatform.definitions import defs
defs().resolve_job_def("job_change_update")
print(json.dumps(sorted(name for name in sys.modules if name.partition(".")[0] in FORBIDDEN)))
"""


@pytest.mark.parametrize("refused", [False, True], ids=["installed", "not installed"])
def test_the_whole_story_imports_none_of_it(tmp_path: Path, refused: bool) -> None:
    environment = {name: value for name, value in os.environ.items() if name != "MLPLATFORM_ENV"}
    environment["MLPLATFORM_HOME"] = str(tmp_path / "home")
    told = subprocess.run(
        [sys.executable, "-c", STORY.format(forbidden=OTHER_PLACES, refused=refused)],
        env=environment,
        cwd=tmp_path,
        capture_output=True,
        check=False,
        text=True,
        timeout=300,
    )
    assert told.returncode == 0, told.stderr
    assert told.stdout.splitlines()[-1] == "[]"


def test_none_of_it_is_in_the_base_lock() -> None:
    locked = (Path(__file__).parents[2] / "requirements" / "base.lock").read_text()
    names = {line.partition("==")[0].replace("-", "_") for line in locked.splitlines() if "==" in line}
    assert "dagster" in names
    assert not names & {*OTHER_PLACES, "psycopg2_binary", "moto"}

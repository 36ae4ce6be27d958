"""What docs/sagemaker.md tells people to do, done; and what it says of the settings."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

from mlplatform.resources.aws.settings import SETTINGS, Setting
from mlplatform_tests.conftest import REPOSITORY

PAGE = (REPOSITORY / "docs" / "sagemaker.md").read_text()


def row(setting: Setting) -> str:
    default = (
        "must be set" if setting.default is None else f"`{setting.default}`" if setting.default else "none"
    )
    return f"| `{setting.variable}` | {default} | {setting.meaning} |"


def test_every_setting_is_told_with_its_default() -> None:
    told = [line for line in PAGE.splitlines() if re.match(r"\| `[A-Z_]+` \|", line)]
    assert told == [row(one) for one in SETTINGS]


def test_the_way_from_a_file_to_an_endpoint_without_an_account(tmp_path: Path, postgres: int) -> None:
    blocks = re.findall(r"^```bash\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    script = "\n".join(["set -eu", *blocks]).replace("PORT=5432", f"PORT={postgres}")
    hidden = ("AWS_", "MLPLATFORM_", "DAGSTER_")
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    done = subprocess.run(
        ["bash", "-c", script],
        env={
            **{name: value for name, value in os.environ.items() if not name.startswith(hidden)},
            "PATH": path,
            "PYTHONPATH": str(REPOSITORY),
        },
        cwd=tmp_path,
        capture_output=True,
        check=False,
        text=True,
        timeout=500,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "MISSING" not in done.stdout
    assert len(json.loads(done.stdout.splitlines()[-1])["predictions"]) == 3
    assert "AWS_ENDPOINT_URL=http://127.0.0.1:" in (tmp_path / "emulator.env").read_text()

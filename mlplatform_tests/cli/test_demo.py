"""`mlplatform demo`: a story that ends well, twice, and leaves nothing running."""

from __future__ import annotations

import os
from pathlib import Path

from mlplatform_tests.cli.conftest import Command, command_in


def test_the_demo_tells_its_story_and_can_be_told_again(tmp_path: Path) -> None:
    mlplatform = command_in(tmp_path / "home", fresh=True)
    first = mlplatform("demo")

    assert first.code == 0, first.err
    for words in (
        "Nothing is lost.", "Quarantined because of:", "PROMOTE", "Where to look next", "make dev",
        "Approved and live", "1,000 people asked about", "breaks the rule", "No drift:", "Drift:",
        "signal -> retrained", "The model after one more batch",
    ):  # fmt: skip
        assert words in first.out, words
    status = mlplatform("status", "job_change", "--json").json
    assert len(status["batches"]) == 4
    assert all(b["quarantined"] > 0 for b in status["batches"])
    assert status["live"]["model_version"] != status["model_version"]  # the new one waits for a person
    assert [one["decision"] for one in status["decisions"]] == ["retrained"]
    assert not _processes_of(tmp_path / "home")

    again = mlplatform("demo")
    assert again.code == 0
    assert "nothing had to run" in again.out


def test_the_demo_leaves_a_home_in_use_alone(after_first_run: tuple[Command, Path]) -> None:
    mlplatform, _ = after_first_run
    answer = mlplatform("demo")
    assert answer.code == 1
    assert "already holds batches of your own" in answer.first_error


def _processes_of(home: Path) -> list[str]:
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            environment = (process / "environ").read_bytes()
        except OSError:
            continue
        if str(home).encode() in environment and process.name != str(os.getpid()):
            found.append(process.name)
    return found

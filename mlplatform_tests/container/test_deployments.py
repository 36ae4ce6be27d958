import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlplatform.container.deployments import (
    LIVE,
    BrokenDeployment,
    Deployment,
    EndpointState,
    deployment_file,
    live_reports,
    present,
    read_deployments,
    write_deployment,
)

ONE = Deployment("job-change", "job_change", "abc", "job_change/model/abc", "a" * 64, "c" * 64, "e", "p")


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    other = replace(ONE, endpoint="other")
    assert write_deployment(tmp_path, ONE) == deployment_file(tmp_path, "job-change")
    write_deployment(tmp_path, other)
    assert read_deployments(tmp_path) == {"job-change": ONE, "other": other}
    assert sorted(path.name for path in tmp_path.rglob("*") if path.is_file()) == ["deployment.json"] * 2


def test_no_folder_is_no_deployment(tmp_path: Path) -> None:
    assert read_deployments(tmp_path / "nowhere") == {}
    assert live_reports(tmp_path / "nowhere") == []


@pytest.mark.parametrize("name", list(ONE.to_json()))
def test_every_field_is_in_the_id(name: str) -> None:
    assert replace(ONE, **{name: "x"}).id != ONE.id
    assert Deployment.from_json(ONE.to_json()).id == ONE.id


@pytest.mark.parametrize(
    "changes",
    [
        {"model": "../elsewhere"},
        {"model": "/etc"},
        {"model": "a/../../b"},
        {"model": ""},
        {"model": "a\\..\\b"},
        {"endpoint": "job_change"},
        {"endpoint": "servers"},
        {"endpoint": "a/b"},
        {"endpoint": "x" * 64},
        {"model_version": "a\nb"},
        {"model_version": ""},
    ],
)
def test_what_leads_elsewhere_is_not_written(tmp_path: Path, changes: dict[str, str]) -> None:
    with pytest.raises(BrokenDeployment):
        write_deployment(tmp_path, replace(ONE, **changes))
    assert not list(tmp_path.rglob("*.json"))


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "cannot be used"),
        (b"{", "cannot be used"),
        (b"\xff", "cannot be used"),
        (b"[" * 100_000, "cannot be used"),
        (b"[]", "a deployment needs endpoint"),
        (json.dumps({**ONE.to_json(), "model": 1}).encode(), "model of a deployment must be text"),
        (json.dumps({**ONE.to_json(), "endpoint": "another"}).encode(), "it names the endpoint 'another'"),
    ],
)
def test_a_broken_file_says_why_and_spoils_no_other(tmp_path: Path, content: bytes, reason: str) -> None:
    write_deployment(tmp_path, ONE)
    broken = deployment_file(tmp_path, "broken")
    broken.parent.mkdir()
    broken.write_bytes(content)
    found = read_deployments(tmp_path)
    assert found["job-change"] == ONE
    assert isinstance(found["broken"], str) and reason in found["broken"] and str(broken) in found["broken"]


@given(st.binary(max_size=50))
@settings(deadline=None, max_examples=50)
def test_no_content_of_a_file_raises(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    root = tmp_path_factory.mktemp("root")
    deployment_file(root, "one").parent.mkdir()
    deployment_file(root, "one").write_bytes(content)
    assert isinstance(read_deployments(root)["one"], str)


def test_a_field_of_a_later_version_is_passed_over() -> None:
    assert Deployment.from_json({**ONE.to_json(), "colour": "blue"}) == ONE


def test_reports_are_those_of_servers_that_are_present(tmp_path: Path) -> None:
    states = {"job-change": EndpointState(ONE.id, LIVE)}
    with present(tmp_path, "one") as presence:
        assert live_reports(tmp_path) == []  # it has said nothing yet
        presence.tell("http://127.0.0.1:1", states)
        [report] = live_reports(tmp_path)
        assert (report.server, report.address, report.endpoints) == ("one", "http://127.0.0.1:1", states)
        with present(tmp_path, "two") as other:
            other.tell("http://127.0.0.1:2", {})
            assert [one.server for one in live_reports(tmp_path)] == ["one", "two"]
    assert live_reports(tmp_path) == []
    assert list((tmp_path / "servers").iterdir()) == []


def test_what_a_killed_server_leaves_is_removed(tmp_path: Path) -> None:
    program = (
        "import os, sys; from pathlib import Path; from mlplatform.container.deployments import present\n"
        "with present(Path(sys.argv[1]), 'dead') as presence:\n"
        "    presence.tell('http://127.0.0.1:1', {}); print('told', flush=True); sys.stdin.read()\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.stdout and process.stdout.readline() == b"told\n"
    assert [report.server for report in live_reports(tmp_path)] == ["dead"]
    os.kill(process.pid, 9)
    process.communicate()
    assert sorted(path.name for path in (tmp_path / "servers").iterdir()) == ["dead.json", "dead.lock"]
    assert live_reports(tmp_path) == []
    assert list((tmp_path / "servers").iterdir()) == []


def test_a_report_that_cannot_be_written_ends_no_server(tmp_path: Path) -> None:
    with present(tmp_path, "one") as presence:
        presence.path.mkdir()  # so that no file can take its place
        presence.tell("http://127.0.0.1:1", {})
        presence.path.rmdir()

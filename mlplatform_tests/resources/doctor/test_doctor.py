"""Every missing thing is named, in one pass; what is there is found well."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from mlplatform.cli.main import main
from mlplatform.resources.aws.clients import clients
from mlplatform.resources.aws.settings import SETTINGS
from mlplatform.resources.doctor import Finding, examine
from mlplatform.resources.doctor.permissions import APPROVER, PLATFORM, principal_of
from mlplatform_tests.cli.conftest import command_in
from mlplatform_tests.cli.edited import copy_of_package
from mlplatform_tests.sagemaker_emulator.server import BUCKET, ROLE, Emulator

REQUIRED = [one.variable for one in SETTINGS if one.default is None]


@pytest.fixture
def account(
    home: Path, aws_environment: Emulator, postgres: int, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Emulator]:
    """An account in which everything is there, and a database."""
    monkeypatch.setenv("MLPLATFORM_ENV", "aws")
    return aws_environment


def by_subject(state: str) -> dict[str, list[Finding]]:
    found: dict[str, list[Finding]] = {}
    for one in examine():
        if one.state == state:
            found.setdefault(one.subject, []).append(one)
    return found


def test_a_laptop_is_well(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert by_subject("missing") == {}
    assert main(["doctor", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["healthy"] is True
    assert {"environment", "home", "records", "use cases"} <= {one["subject"] for one in document["findings"]}


def test_a_use_case_that_does_not_load_is_named(tmp_path: Path) -> None:
    copy_of_package(tmp_path / "copy")
    declared = tmp_path / "copy" / "mlplatform" / "defs" / "job_change" / "use_case.py"
    declared.write_text("raise ValueError('half written')\n")
    done = command_in(tmp_path / "home")("doctor", PYTHONPATH=str(tmp_path / "copy"))
    assert done.code == 1
    assert "MISSING  use cases: they cannot be loaded" in done.out
    assert "half written" in done.out


def test_an_environment_that_is_none(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLPLATFORM_ENV", "azure")
    (finding,) = by_subject("missing")["environment"]
    assert "local, aws" in finding.way_out


def test_a_whole_account_is_well(account: Emulator, capsys: pytest.CaptureFixture[str]) -> None:
    assert by_subject("missing") == {}
    assert set(by_subject("ok")) >= {
        "settings",
        "credentials",
        "bucket",
        "image",
        "execution role",
        "permissions",
        "records",
    }
    assert main(["doctor"]) == 0
    out = capsys.readouterr().out
    assert "MISSING" not in out
    assert account.client("s3").list_objects_v2(Bucket=BUCKET)["KeyCount"] == 0  # nothing is left behind


def test_all_missing_settings_are_named_at_once(account: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (*REQUIRED, "AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)
    said = " ".join(one.said for one in by_subject("missing")["setting"])
    for name in (*REQUIRED, "AWS_REGION"):
        assert name in said


def test_everything_that_is_not_there_is_named_in_one_pass(
    account: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLPLATFORM_BUCKET", "somebody-elses")
    monkeypatch.setenv("MLPLATFORM_IMAGE", "123456789012.dkr.ecr.us-east-1.amazonaws.com/mlplatform:other")
    monkeypatch.setenv("MLPLATFORM_EXECUTION_ROLE", f"{ROLE}-two")
    monkeypatch.setenv("MLPLATFORM_ALARMS", "errors")
    monkeypatch.setenv("DAGSTER_PG_PORT", "9")
    for action in (PLATFORM[0], PLATFORM[-1]):
        account.faults.deny(action)
    found = by_subject("missing")
    assert set(found) == {"bucket", "image", "execution role", "alarms", "records", "permission"}
    assert [PLATFORM[0] in found["permission"][0].said, PLATFORM[-1] in found["permission"][1].said] == [
        True,
        True,
    ]
    assert all(one.way_out for findings in found.values() for one in findings)


def test_the_bucket_is_looked_at_although_other_settings_are_wrong(
    account: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLPLATFORM_SPOT", "perhaps")
    monkeypatch.delenv("MLPLATFORM_IMAGE")
    assert len(by_subject("missing")["setting"]) == 2
    assert "bucket" in by_subject("ok")


@pytest.mark.parametrize("action", ["iam:PassRole", "logs:GetLogEvents"])
def test_what_only_iam_can_tell_is_asked_of_it(account: Emulator, action: str) -> None:
    account.faults.deny(action)
    (finding,) = by_subject("missing")["permission"]
    assert f"may not {action}" in finding.said


def test_a_key_is_used_and_what_cannot_be_told_of_it_is_said(
    account: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = account.client("kms").create_key()["KeyMetadata"]["Arn"]
    monkeypatch.setenv("MLPLATFORM_KMS_KEY", key)
    assert "bucket" in by_subject("ok")
    assert key in by_subject("unknown")["encryption key"][0].said


def test_whoever_may_not_approve_is_told_and_is_well(account: Emulator) -> None:
    account.faults.deny(APPROVER[0])
    assert by_subject("missing") == {}
    assert "may not approve" in by_subject("unknown")["approval"][0].said


def test_a_home_made_on_this_machine_is_found(
    home: Path, aws_environment: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert list(examine())  # makes a home that keeps its records
    monkeypatch.setenv("MLPLATFORM_ENV", "aws")
    (finding,) = by_subject("missing")["dagster.yaml"]
    assert "keeps records on this machine" in finding.said


def test_a_role_that_sagemaker_may_not_take_on(account: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    trust = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole"}]}
    account.client("iam").create_role(RoleName="other", AssumeRolePolicyDocument=json.dumps(trust))
    monkeypatch.setenv("MLPLATFORM_EXECUTION_ROLE", "arn:aws:iam::123456789012:role/other")
    assert "does not trust SageMaker" in by_subject("missing")["execution role"][0].said


def test_secrets_are_not_told(account: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DAGSTER_PG_PASSWORD", "hunter2")
    monkeypatch.setenv("DAGSTER_PG_PORT", "9")
    assert "hunter2" not in json.dumps([one.document() for one in examine()])


def test_iam_is_asked_about_the_role_behind_a_session(account: Emulator) -> None:
    iam, connected = account.client("iam"), clients("us-east-1")
    trust = json.dumps({"Version": "2012-10-17", "Statement": []})
    role = iam.create_role(RoleName="people", Path="/of/ours/", AssumeRolePolicyDocument=trust)["Role"]
    sessions = "arn:aws:sts::123456789012:assumed-role"
    assert principal_of(connected, f"{sessions}/people/bob") == role["Arn"]
    assert principal_of(connected, f"{sessions}/gone/bob") == "arn:aws:iam::123456789012:role/gone"
    assert principal_of(connected, ROLE) == ROLE

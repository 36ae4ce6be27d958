"""What the roles may do is what the code can call: all of it, and nothing more."""

from __future__ import annotations

import json
import re
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import dagster_aws.ecs
import pytest

import mlplatform
from mlplatform.resources.aws.settings import AwsSettings
from mlplatform.resources.doctor.asked_about import HAND_OVER, LOGS, resource_of
from mlplatform.resources.doctor.permissions import APPROVER, PLATFORM
from mlplatform_tests.conftest import REPOSITORY
from mlplatform_tests.deploy.calls import calls_in, calls_of

IAM = REPOSITORY / "deploy" / "iam"
WITHOUT_A_CALL = {
    "iam:PassRole": "jobs, models and endpoints are given the execution role",
    "kms:CreateGrant": "volumes are encrypted with the platform's key, where there is one",
    "kms:Decrypt": "what was written with the platform's key is read",
    "kms:DescribeKey": "services look at the key before they use it",
    "kms:GenerateDataKey": "what is written with the platform's key",
}
"""Actions that no call names, and why they are needed all the same."""


def allowed(name: str) -> set[str]:
    document = json.loads((IAM / f"{name}.json").read_text())
    found: set[str] = set()
    for statement in document["Statement"]:
        assert statement["Effect"] == "Allow"
        actions = statement["Action"]
        found |= {actions} if isinstance(actions, str) else set(actions)
    return found


def test_the_platform_may_do_what_it_calls_and_nothing_more() -> None:
    calls = list(calls_in(Path(mlplatform.__file__).parent))
    assert len(calls) > 30
    called = {action: call.place for call in calls for action in call.actions}
    permitted = allowed("platform") | allowed("approver")
    lacking = {action: place for action, place in called.items() if action not in permitted}
    assert lacking == {}
    assert permitted - set(called) == set(WITHOUT_A_CALL)


def test_only_people_who_approve_may_approve() -> None:
    assert allowed("approver") == set(APPROVER)
    assert not allowed("approver") & allowed("platform")


TRIED = {"cloudwatch", "ecr", "iam", "kms", "s3", "sts"}
"""Services that the doctor uses itself, which shows what is allowed."""


def test_the_doctor_asks_for_every_permission_that_it_does_not_try() -> None:
    asked = {one for one in allowed("platform") if one.partition(":")[0] not in TRIED}
    assert asked == {*PLATFORM, *LOGS}


@pytest.mark.parametrize("action", [*PLATFORM, *APPROVER, HAND_OVER, *LOGS])
def test_the_doctor_asks_about_what_the_policies_name(action: str) -> None:
    """IAM denies what is allowed on some resources when it is asked about all of them, or about others."""
    role = "arn:aws:iam::123456789012:role/mlplatform-execution"
    settings = AwsSettings("eu-west-1", {"MLPLATFORM_NAME": "mlplatform", "MLPLATFORM_EXECUTION_ROLE": role})
    resource = resource_of(
        action, "arn:aws:iam::123456789012:role/mlplatform-platform", "eu-west-1", settings
    )
    name = "approver" if action in APPROVER else "platform"
    filled = (
        (IAM / f"{name}.json").read_text().replace("ACCOUNT", "123456789012").replace("REGION", "eu-west-1")
    )
    named: list[str] = []
    for statement in json.loads(filled)["Statement"]:
        actions, on = statement["Action"], statement["Resource"]
        if action in ([actions] if isinstance(actions, str) else actions):
            named += [on] if isinstance(on, str) else on
    assert any(fnmatchcase(resource, pattern) for pattern in named), (resource, named)
    assert resource != "*" or "*" in named


def test_what_is_absent_is_told_from_what_is_forbidden() -> None:
    """S3 says 403 instead of 404 to whoever may not list; a condition on prefixes is about listings alone."""
    for name in ("platform", "execution"):
        (bucket,) = (
            one
            for one in json.loads((IAM / f"{name}.json").read_text())["Statement"]
            if "s3:ListBucket" in one["Action"]
        )
        assert "Condition" not in bucket


@pytest.mark.parametrize(
    ("source", "what"),
    [
        ("s3 = self.clients.s3\ns3.put_object()", "passed on or renamed"),
        ("upload(connected.s3)", "passed on or renamed"),
        ("clients.sagemaker.get_waiter('endpoint_in_service')", "a waiter"),
        ("clients.s3.get_paginator(name)", "name the operation in place"),
    ],
)
def test_a_call_that_cannot_be_read_is_refused(source: str, what: str) -> None:
    with pytest.raises(AssertionError, match=what):
        list(calls_of(source, "somewhere.py"))


def test_calls_are_read() -> None:
    source = (
        "x.sagemaker.get_paginator('list_tags')\nself.clients.runtime.invoke_endpoint()\nx.s3.copy_object()"
    )
    assert {action for call in calls_of(source, "x.py") for action in call.actions} == {
        "sagemaker:InvokeEndpoint",
        "sagemaker:ListTags",
        "s3:GetObject",
        "s3:PutObject",
    }


def test_the_launcher_of_runs_may_do_what_it_calls() -> None:
    """Read from Dagster's own files, without what it does for tasks that nobody declared."""
    folder = Path(str(dagster_aws.ecs.__file__)).parent
    sources = [path.read_text() for path in folder.glob("*.py")]
    called = {name for text in sources for name in re.findall(r"\becs\.([a-z_]+)\(", text)}
    actions = {f"ecs:{''.join(word.capitalize() for word in one.split('_'))}" for one in called}
    not_with_ours = {
        "ecs:RegisterTaskDefinition",  # the task definition is registered by hand, and named
        "ecs:ListTasks",
        "ecs:ListTagsForResource",
    }
    mine = {one for one in allowed("launcher") if one.startswith("ecs:")}
    assert actions - not_with_ours <= mine
    assert mine - actions == {"ecs:TagResource"}  # it tags its tasks


@pytest.mark.parametrize("file", sorted(IAM.glob("*.json")), ids=lambda path: path.stem)
def test_policies_are_narrow(file: Path) -> None:
    document: dict[str, Any] = json.loads(file.read_text())
    assert document["Version"] == "2012-10-17"
    for statement in document["Statement"]:
        actions = statement["Action"]
        for action in [actions] if isinstance(actions, str) else actions:
            assert "*" not in action
            if statement.get("Resource") == "*":  # those that know no resources, or only look
                verb = action.partition(":")[2]
                looks = verb.startswith(("List", "Describe", "Get", "Query"))
                assert looks or verb == "PutMetricData" or "NetworkInterface" in verb

"""Faults happen when they are asked for, from this process or over HTTP, as often as asked."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from typing import Any

import pytest
from botocore.exceptions import ClientError

from mlplatform_tests.sagemaker_emulator.asked import training, until
from mlplatform_tests.sagemaker_emulator.server import ROLE


def ask(emulator: Any, method: str, document: Any = None) -> bytes:
    body = None if document is None else json.dumps(document).encode()
    request = urllib.request.Request(f"{emulator.url}/emulator/faults", body, method=method)
    with urllib.request.urlopen(request, timeout=30) as answer:
        return answer.read()  # type: ignore[no-any-return]


def over(service: Any, name: str) -> Any:
    def described() -> Any:
        job = service.describe_training_job(TrainingJobName=name)
        return job if job["TrainingJobStatus"] in {"Completed", "Failed"} else None

    return until(described)


def test_throttling_is_tried_again_by_clients(emulator: Any) -> None:
    service = emulator.client("sagemaker")
    ask(emulator, "POST", {"operation": "CreateTrainingJob", "fault": "throttling", "times": 2})
    assert json.loads(ask(emulator, "GET")) == {"CreateTrainingJob": ["throttling"] * 2}
    answer = service.create_training_job(**training("throttled", "true"))
    assert (answer["ResponseMetadata"]["RetryAttempts"], emulator.calls["CreateTrainingJob"]) == (2, 3)
    assert json.loads(ask(emulator, "GET")) == {}


def test_a_lost_answer_is_of_something_done(emulator: Any) -> None:
    service = emulator.client("sagemaker")
    emulator.faults.add("CreateTrainingJob", "lost answer")
    with pytest.raises(service.exceptions.ResourceInUse):  # what the client's second attempt is told
        service.create_training_job(**training("lost", "true"))
    assert over(service, "lost")["TrainingJobStatus"] == "Completed"


def test_denied_until_it_is_forgotten_and_known_to_the_simulation(emulator: Any) -> None:
    service, iam = emulator.client("sagemaker"), emulator.client("iam")
    action = "sagemaker:CreateTrainingJob"

    def decision() -> str:
        simulated = iam.simulate_principal_policy(PolicySourceArn=ROLE, ActionNames=[action, "s3:PutObject"])
        by_name = {one["EvalActionName"]: one["EvalDecision"] for one in simulated["EvaluationResults"]}
        assert by_name["s3:PutObject"] == "allowed"
        return str(by_name[action])

    assert decision() == "allowed"
    ask(emulator, "POST", {"deny": action})
    for _ in range(2):
        with pytest.raises(ClientError, match=f"is not authorized to perform: {action}") as error:
            service.create_training_job(**training("denied", "true"))
        assert error.value.response["Error"]["Code"] == "AccessDeniedException"
    assert decision() == "implicitDeny"
    ask(emulator, "DELETE")
    service.create_training_job(**training("denied", "true"))


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ("no capacity", "CapacityError: Unable to provision requested ML compute capacity."),
        ("failing container", "AlgorithmError: , exit code: 1"),
    ],
)
def test_jobs_that_are_to_fail(emulator: Any, fault: str, reason: str) -> None:
    service = emulator.client("sagemaker")
    emulator.faults.add("CreateTrainingJob", fault)
    service.create_training_job(**training("fails", "true"))
    job = over(service, "fails")
    assert (job["TrainingJobStatus"], job["FailureReason"]) == ("Failed", reason)


def test_a_job_that_starts_slowly_can_be_stopped_before(emulator: Any) -> None:
    service = emulator.client("sagemaker")
    emulator.faults.add("CreateTrainingJob", "slow start")
    service.create_training_job(**training("slow", "true"))
    job = service.describe_training_job(TrainingJobName="slow")
    assert (job["SecondaryStatus"], "TrainingStartTime" in job) == ("Starting", False)
    service.stop_training_job(TrainingJobName="slow")
    waiter = service.get_waiter("training_job_completed_or_stopped")
    waiter.wait(TrainingJobName="slow", WaiterConfig={"Delay": 0.1, "MaxAttempts": 300})


def test_no_quota(emulator: Any) -> None:
    emulator.faults.add("CreateProcessingJob", "no quota")
    emulator.faults.add("ListTrainingJobs", "no quota")
    with pytest.raises(ClientError, match=r"ResourceLimitExceeded.*account-level service limit"):
        emulator.client("sagemaker").list_training_jobs()
    assert emulator.faults.waiting() == {"CreateProcessingJob": ["no quota"]}


def test_an_alarm_can_be_rung_and_silenced(emulator: Any) -> None:
    def state() -> str:
        alarms = emulator.client("cloudwatch").describe_alarms(AlarmNames=["worse"])["MetricAlarms"]
        return str(alarms[0]["StateValue"])

    for wanted in ("ALARM", "OK"):
        emulator.set_alarm("worse", wanted)
        assert state() == wanted


def test_a_fault_that_is_unknown_is_refused(emulator: Any) -> None:
    with pytest.raises(urllib.error.HTTPError) as error:
        ask(emulator, "POST", {"operation": "CreateTrainingJob", "fault": "bad luck"})
    assert error.value.code == 400
    assert b"throttling, lost answer" in error.value.read()

"""Jobs in listings, their tags, and what can be changed of them."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from mlplatform_tests.sagemaker_emulator.asked import finished, training


@pytest.fixture
def service(emulator: Any) -> Any:
    made = emulator.client("sagemaker")
    for number in range(5):
        made.create_training_job(**training(f"job-{number}", "exit 0" if number else "sleep 1000"))
    for number in range(1, 5):
        finished(made, f"job-{number}")
    return made


def test_jobs_are_listed_page_by_page_newest_first(service: Any) -> None:
    first = service.list_training_jobs(MaxResults=2)
    assert [one["TrainingJobName"] for one in first["TrainingJobSummaries"]] == ["job-4", "job-3"]
    pages = service.get_paginator("list_training_jobs").paginate(
        StatusEquals="Completed", SortBy="Name", SortOrder="Ascending", PaginationConfig={"PageSize": 3}
    )
    found = [[one["TrainingJobName"] for one in page["TrainingJobSummaries"]] for page in pages]
    assert found == [["job-1", "job-2", "job-3"], ["job-4"]]


def test_jobs_are_found_by_name_and_time(service: Any) -> None:
    def names(**asked: Any) -> list[str]:
        return [one["TrainingJobName"] for one in service.list_training_jobs(**asked)["TrainingJobSummaries"]]

    assert names(NameContains="B-3") == ["job-3"]
    assert names(StatusEquals="InProgress") == ["job-0"]
    created = service.describe_training_job(TrainingJobName="job-3")["CreationTime"]
    assert names(CreationTimeAfter=created) in (["job-4", "job-3"], ["job-4"])
    with pytest.raises(ClientError, match="Invalid NextToken"):
        service.list_training_jobs(NextToken="elsewhere")


def test_tags_and_deletion(service: Any) -> None:
    arn = service.describe_training_job(TrainingJobName="job-1")["TrainingJobArn"]
    service.add_tags(ResourceArn=arn, Tags=[{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}])
    service.delete_tags(ResourceArn=arn, TagKeys=["a"])
    assert service.list_tags(ResourceArn=arn)["Tags"] == [{"Key": "b", "Value": "2"}]
    service.delete_training_job(TrainingJobName="job-1")
    with pytest.raises(ClientError, match="Requested resource not found"):
        service.describe_training_job(TrainingJobName="job-1")
    with pytest.raises(ClientError, match="InProgress"):
        service.delete_training_job(TrainingJobName="job-0")


def test_only_a_running_job_can_be_changed(service: Any) -> None:
    warm = {"KeepAlivePeriodInSeconds": 60}
    service.update_training_job(TrainingJobName="job-0", ResourceConfig=warm)
    changed = service.describe_training_job(TrainingJobName="job-0")["ResourceConfig"]
    assert (changed["KeepAlivePeriodInSeconds"], changed["InstanceType"]) == (60, "ml.m5.large")
    with pytest.raises(ClientError, match="Completed"):
        service.update_training_job(TrainingJobName="job-1", ResourceConfig=warm)

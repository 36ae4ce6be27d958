"""The registry: versions that exist once, approvals with who gave them, cards with their versions."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from mlplatform_tests.sagemaker_emulator.hosted import ENDPOINT, IMAGE, Hosted
from mlplatform_tests.sagemaker_emulator.server import BUCKET, ROLE

CONTAINER = {"Image": IMAGE, "ModelDataUrl": f"s3://{BUCKET}/models/one/model.tar.gz"}


@pytest.fixture
def service(emulator: Any) -> Any:
    made = emulator.client("sagemaker", access_key="platform")
    made.create_model_package_group(ModelPackageGroupName="some", Tags=[{"Key": "a", "Value": "b"}])
    return made


def package(**changes: Any) -> dict[str, Any]:
    return {
        "ModelPackageGroupName": "some",
        "InferenceSpecification": {"Containers": [CONTAINER], "SupportedContentTypes": ["text/csv"]},
        "ModelMetrics": {
            "ModelQuality": {"Statistics": {"ContentType": "application/json", "S3Uri": "s3://b/k"}}
        },
        "CustomerMetadataProperties": {"version": "one"},
        "ModelCard": {"ModelCardContent": "{}", "ModelCardStatus": "Draft"},
        "MetadataProperties": {"CommitId": "c"},
        "SourceUri": "s3://b/model",
        **changes,
    }


def test_groups(service: Any) -> None:
    with pytest.raises(ClientError, match=r"Model Package Group already exists: arn:.*/some"):
        service.create_model_package_group(ModelPackageGroupName="some")
    group = service.describe_model_package_group(ModelPackageGroupName="some")
    assert group["CreatedBy"]["IamIdentity"]["Arn"] == "arn:aws:iam::123456789012:user/platform"
    assert service.list_tags(ResourceArn=group["ModelPackageGroupArn"])["Tags"] == [
        {"Key": "a", "Value": "b"}
    ]
    [listed] = service.list_model_package_groups(NameContains="om")["ModelPackageGroupSummaryList"]
    assert listed["ModelPackageGroupStatus"] == "Completed"
    service.create_model_package(**package())
    with pytest.raises(ClientError, match=r"ConflictException.*still contains"):
        service.delete_model_package_group(ModelPackageGroupName="some")
    service.delete_model_package(ModelPackageName=f"{_arn('some')}/1")
    service.delete_model_package_group(ModelPackageGroupName="some")
    for ask in (service.describe_model_package_group, service.list_model_packages):
        with pytest.raises(ClientError, match="does not exist"):
            ask(ModelPackageGroupName="some")


def test_a_token_makes_one_version_and_versions_count_up(service: Any) -> None:
    first = service.create_model_package(**package(), ClientToken="t-1")["ModelPackageArn"]
    assert first == f"{_arn('some')}/1"
    assert service.create_model_package(**package(), ClientToken="t-1")["ModelPackageArn"] == first
    with pytest.raises(ClientError, match=r"ConflictException.*other parameters"):
        service.create_model_package(**package(SourceUri="s3://b/other"), ClientToken="t-1")
    second = service.create_model_package(**package())["ModelPackageArn"]  # botocore makes a token of its own
    service.delete_model_package(ModelPackageName=second)
    assert service.create_model_package(**package())["ModelPackageArn"] == f"{_arn('some')}/3"
    with pytest.raises(ClientError, match=f"ModelPackage {second} does not exist"):
        service.describe_model_package(ModelPackageName=second)
    with pytest.raises(ClientError, match=r"ModelPackageGroup .*/none does not exist"):
        service.create_model_package(**package(ModelPackageGroupName="none"))
    with pytest.raises(ClientError, match="Tags are those of the model package group"):
        service.create_model_package(**package(Tags=[{"Key": "a", "Value": "b"}]))


def test_an_answer_that_is_lost_makes_no_second_version(service: Any, emulator: Any) -> None:
    emulator.faults.add("CreateModelPackage", "lost answer")
    service.create_model_package(**package(), ClientToken="t-1")
    assert emulator.calls["CreateModelPackage"] == 2
    assert len(service.list_model_packages(ModelPackageGroupName="some")["ModelPackageSummaryList"]) == 1


def test_an_approval_is_recorded_with_who_and_when(service: Any, emulator: Any) -> None:
    arn = service.create_model_package(**package())["ModelPackageArn"]
    before = service.describe_model_package(ModelPackageName=arn)
    assert before["ModelApprovalStatus"] == "PendingManualApproval" and "LastModifiedBy" not in before
    assert {name: before[name] for name in package()} == package()
    bob = emulator.client("sagemaker", access_key="bob")
    bob.update_model_package(
        ModelPackageArn=arn, ModelApprovalStatus="Approved", ApprovalDescription="good enough"
    )
    after = service.describe_model_package(ModelPackageName=arn)
    assert (after["ModelApprovalStatus"], after["ApprovalDescription"]) == ("Approved", "good enough")
    assert after["LastModifiedBy"]["IamIdentity"]["Arn"] == "arn:aws:iam::123456789012:user/bob"
    said = emulator.client("sts", access_key="bob").get_caller_identity()["Arn"]
    assert said == after["LastModifiedBy"]["IamIdentity"]["Arn"]
    assert after["LastModifiedTime"] >= after["CreationTime"] == before["CreationTime"]
    service.update_model_package(
        ModelPackageArn=arn,
        CustomerMetadataProperties={"other": "2"},
        CustomerMetadataPropertiesToRemove=["version"],
    )
    last = service.describe_model_package(ModelPackageName=arn)  # the approval stays as it was
    assert (last["ModelApprovalStatus"], last["CustomerMetadataProperties"]) == ("Approved", {"other": "2"})
    assert last["ModelCard"] == package()["ModelCard"]


def test_packages_are_listed_by_group_approval_and_time(service: Any) -> None:
    arns = [service.create_model_package(**package())["ModelPackageArn"] for _ in range(5)]
    service.create_model_package_group(ModelPackageGroupName="other")
    service.create_model_package(**package(ModelPackageGroupName="other"))
    service.update_model_package(ModelPackageArn=arns[2], ModelApprovalStatus="Approved")
    pages = service.get_paginator("list_model_packages").paginate(
        ModelPackageGroupName="some", SortOrder="Descending", PaginationConfig={"PageSize": 2}
    )
    found = [[one["ModelPackageVersion"] for one in page["ModelPackageSummaryList"]] for page in pages]
    assert found == [[5, 4], [3, 2], [1]]

    def listed(**asked: Any) -> list[str]:
        answer = service.list_model_packages(ModelPackageGroupName="some", **asked)
        return [one["ModelPackageArn"] for one in answer["ModelPackageSummaryList"]]

    assert listed(ModelApprovalStatus="Approved") == [arns[2]]
    since = service.describe_model_package(ModelPackageName=arns[3])["CreationTime"]
    assert listed(CreationTimeAfter=since)[-1] == arns[4] and arns[0] not in listed(CreationTimeAfter=since)
    assert service.list_model_packages()["ModelPackageSummaryList"] == []  # of those without versions


def test_a_package_can_be_served(service: Any, emulator: Any) -> None:
    hosted = Hosted(emulator)
    hosted.model("one")
    arn = service.create_model_package(**package())["ModelPackageArn"]
    service.create_model(
        ModelName="packaged", ExecutionRoleArn=ROLE, PrimaryContainer={"ModelPackageName": arn}
    )
    variant = {"VariantName": "AllTraffic", "ModelName": "packaged", "InstanceType": "ml.m5.large"}
    service.create_endpoint_config(EndpointConfigName="packaged", ProductionVariants=[variant])
    hosted.endpoint("packaged")
    assert hosted.asked()["name"] == "one"
    assert hosted.described()["EndpointName"] == ENDPOINT


def test_the_versions_of_a_card(service: Any, emulator: Any) -> None:
    first, second = json.dumps({"model_overview": {}}), json.dumps({"intended_uses": {}})
    arn = service.create_model_card(ModelCardName="card", Content=first, ModelCardStatus="Draft")[
        "ModelCardArn"
    ]
    with pytest.raises(ClientError, match=r"ConflictException.*already exists"):
        service.create_model_card(ModelCardName="card", Content=first, ModelCardStatus="Draft")
    bob = emulator.client("sagemaker", access_key="bob")
    bob.update_model_card(ModelCardName="card", Content=second)
    service.update_model_card(ModelCardName="card", ModelCardStatus="Approved")
    with pytest.raises(ClientError, match="not both"):
        service.update_model_card(ModelCardName="card", Content=second, ModelCardStatus="Draft")
    last = service.describe_model_card(ModelCardName=arn)
    assert (last["ModelCardVersion"], last["Content"], last["ModelCardStatus"]) == (2, second, "Approved")
    assert last["CreatedBy"]["IamIdentity"]["Arn"].endswith("user/platform")
    assert service.describe_model_card(ModelCardName="card", ModelCardVersion=1)["Content"] == first
    versions = service.list_model_card_versions(ModelCardName="card")["ModelCardVersionSummaryList"]
    assert [one["ModelCardVersion"] for one in versions] == [2, 1]
    assert len(service.list_model_cards(ModelCardStatus="Approved")["ModelCardSummaries"]) == 1
    assert service.list_model_cards(ModelCardStatus="Draft")["ModelCardSummaries"] == []
    with pytest.raises(ClientError, match=r"'content' .* less than or equal to 100000"):
        service.update_model_card(ModelCardName="card", Content=json.dumps("x" * 100000))
    with pytest.raises(ClientError, match="not valid JSON"):
        service.update_model_card(ModelCardName="card", Content="{")
    service.delete_model_card(ModelCardName="card")
    for ask in (service.describe_model_card, service.delete_model_card):
        with pytest.raises(ClientError, match=r"ResourceNotFound.*model-card/card"):
            ask(ModelCardName="card")


def _arn(group: str) -> str:
    return f"arn:aws:sagemaker:us-east-1:123456789012:model-package/{group}"

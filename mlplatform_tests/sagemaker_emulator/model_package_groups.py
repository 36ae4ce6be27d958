"""CreateModelPackageGroup and its kin."""

from __future__ import annotations

from typing import Any

from mlplatform_tests.sagemaker_emulator.callers import caller
from mlplatform_tests.sagemaker_emulator.errors import invalid
from mlplatform_tests.sagemaker_emulator.events import tell
from mlplatform_tests.sagemaker_emulator.listing import chosen, ordered, page
from mlplatform_tests.sagemaker_emulator.operations import Answer, Request, operation
from mlplatform_tests.sagemaker_emulator.shelves import Kept, Shelf


class ModelPackageGroup(Kept):
    """A name under which versions are counted, for ever upwards."""

    status = "Completed"

    def __init__(self, name: str, arn: str, request: Request) -> None:
        super().__init__(name, arn, request)
        self.created_by = caller()
        self.versions = 0


GROUPS: Shelf[ModelPackageGroup] = Shelf(
    "model-package-group",
    lambda arn: invalid(f"Model Package Group already exists: {arn}"),
    lambda arn: invalid(f"ModelPackageGroup {arn} does not exist."),
)


def group_named(name_or_arn: str) -> ModelPackageGroup:
    """The group of this name or ARN."""
    return GROUPS.named(name_or_arn.rpartition("/")[2])


@operation("CreateModelPackageGroup")
def create_model_package_group(request: Request) -> Answer:
    name = request["ModelPackageGroupName"]
    group = GROUPS.put(ModelPackageGroup(name, GROUPS.arn(name), request))
    tell("model package group created", group)
    return {"ModelPackageGroupArn": group.arn}


@operation("DescribeModelPackageGroup")
def describe_model_package_group(request: Request) -> Answer:
    group = group_named(request["ModelPackageGroupName"])
    return {**_summary(group), "CreatedBy": group.created_by}


@operation("ListModelPackageGroups")
def list_model_package_groups(request: Request) -> Answer:
    found = ordered(chosen(GROUPS.all(), request), request, "Ascending")
    return page(found, request, "ModelPackageGroupSummaryList", _summary)


def _summary(group: ModelPackageGroup) -> dict[str, Any]:
    return {
        **group.request,
        "ModelPackageGroupArn": group.arn,
        "CreationTime": group.created,
        "ModelPackageGroupStatus": group.status,
    }

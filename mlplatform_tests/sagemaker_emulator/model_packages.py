"""CreateModelPackage and its kin: versions of models, and who approved them."""

from __future__ import annotations

import json
from typing import Any

from mlplatform_tests.sagemaker_emulator.callers import caller
from mlplatform_tests.sagemaker_emulator.errors import ServiceError, invalid
from mlplatform_tests.sagemaker_emulator.events import tell
from mlplatform_tests.sagemaker_emulator.listing import chosen, ordered, page
from mlplatform_tests.sagemaker_emulator.model_package_groups import GROUPS, ModelPackageGroup, group_named
from mlplatform_tests.sagemaker_emulator.operations import Answer, Request, operation
from mlplatform_tests.sagemaker_emulator.shelves import Kept, Shelf

_MOST_PROPERTIES = 50
_REPLACED = (
    "ModelApprovalStatus",
    "ApprovalDescription",
    "ModelPackageRegistrationType",
    "InferenceSpecification",
    "SourceUri",
    "ModelLifeCycle",
)


class ModelPackage(Kept):
    """One version of a group, or a package without any; `name` is `<group>/<version>` or its own."""

    status = "Completed"

    def __init__(self, name: str, arn: str, request: Request, group: ModelPackageGroup | None) -> None:
        super().__init__(name, arn, request)
        self.token = self.request.pop("ClientToken", "")
        self.asked = dict(self.request)
        self.group = group
        self.version = int(name.rpartition("/")[2]) if group else 0
        self.created_by = caller()
        self.changed_by: dict[str, Any] | None = None
        if group is not None:
            self.request.setdefault("ModelApprovalStatus", "PendingManualApproval")
            self.request["ModelPackageGroupName"] = group.name

    @property
    def container(self) -> dict[str, Any]:
        """The first container of its inference specification."""
        specification = self.request.get("InferenceSpecification", {"Containers": [{}]})
        return dict(specification["Containers"][0])

    def summary(self) -> dict[str, Any]:
        """Its members in a listing."""
        shown = (
            "ModelPackageName",
            "ModelPackageGroupName",
            "ModelPackageDescription",
            "ModelApprovalStatus",
            "ModelLifeCycle",
            "ModelPackageRegistrationType",
        )
        return {
            **{member: self.request[member] for member in shown if member in self.request},
            "ModelPackageArn": self.arn,
            "CreationTime": self.created,
            "ModelPackageStatus": self.status,
            **({"ModelPackageVersion": self.version} if self.version else {}),
        }

    def described(self) -> dict[str, Any]:
        """The members of DescribeModelPackage."""
        changed = {"LastModifiedTime": self.changed, "LastModifiedBy": self.changed_by}
        return {
            **self.request,
            **self.summary(),
            "CreatedBy": self.created_by,
            "ModelPackageStatusDetails": {"ValidationStatuses": [], "ImageScanStatuses": []},
            **(changed if self.changed_by else {}),
        }


PACKAGES: Shelf[ModelPackage] = Shelf(
    "model-package",
    lambda arn: invalid(f"Model Package already exists: {arn}"),
    lambda arn: invalid(f"ModelPackage {arn} does not exist."),
)


def package_named(name_or_arn: str) -> ModelPackage:
    """The package of this ARN, or of this name."""
    return PACKAGES.named(name_or_arn.partition(":model-package/")[2] or name_or_arn)


@operation("CreateModelPackage")
def create_model_package(request: Request) -> Answer:
    own, of_group = request.get("ModelPackageName"), request.get("ModelPackageGroupName")
    if (own is None) == (of_group is None):
        raise invalid("Specify either ModelPackageName or ModelPackageGroupName.")
    if of_group is not None and request.get("Tags"):
        raise invalid("Tags are those of the model package group: a version cannot be given its own.")
    _refuse_card(request)
    with PACKAGES.lock:
        known = _made_with(request)
        if known is not None:
            return {"ModelPackageArn": known.arn}
        group = group_named(of_group) if of_group is not None else None
        name = f"{group.name}/{group.versions + 1}" if group else str(own)
        package = PACKAGES.put(ModelPackage(name, PACKAGES.arn(name), request, group))
        if group is not None:
            group.versions += 1
    tell("model package created", package)
    return {"ModelPackageArn": package.arn}


@operation("DescribeModelPackage")
def describe_model_package(request: Request) -> Answer:
    return package_named(request["ModelPackageName"]).described()


@operation("UpdateModelPackage")
def update_model_package(request: Request) -> Answer:
    with PACKAGES.lock:
        package = package_named(request["ModelPackageArn"])
        if "ApprovalDescription" in request and "ModelApprovalStatus" not in request:
            raise invalid("ApprovalDescription can only be given with ModelApprovalStatus.")
        _refuse_card(request)
        changes = {member: request[member] for member in _REPLACED if member in request}
        removed = request.get("CustomerMetadataPropertiesToRemove", ())
        kept = package.request.get("CustomerMetadataProperties", {})
        properties = {**kept, **request.get("CustomerMetadataProperties", {})}
        properties = {name: value for name, value in properties.items() if name not in removed}
        if len(properties) > _MOST_PROPERTIES:
            raise invalid(f"A model package has at most {_MOST_PROPERTIES} customer metadata properties.")
        card = {**package.request.get("ModelCard", {}), **request.get("ModelCard", {})}
        both = {"CustomerMetadataProperties": properties, "ModelCard": card}
        package.change({**changes, **{member: value for member, value in both.items() if value}})
        if not properties:
            package.request.pop("CustomerMetadataProperties", None)
        package.changed_by = caller()
    if "ModelApprovalStatus" in request:
        tell("model package judged", package)
    return {"ModelPackageArn": package.arn}


@operation("DeleteModelPackage")
def delete_model_package(request: Request) -> Answer:
    PACKAGES.remove(package_named(request["ModelPackageName"]).name)
    return {}


@operation("DeleteModelPackageGroup")
def delete_model_package_group(request: Request) -> Answer:
    with PACKAGES.lock:
        group = group_named(request["ModelPackageGroupName"])
        if any(package.group is group for package in PACKAGES.all()):
            raise ServiceError(
                "ConflictException",
                "Model Package Group cannot be deleted because it still contains Model Packages.",
            )
        GROUPS.remove(group.name)
    return {}


@operation("ListModelPackages")
def list_model_packages(request: Request) -> Answer:
    found = PACKAGES.all()
    if "ModelPackageGroupName" in request:
        group = group_named(request["ModelPackageGroupName"])
        found = [one for one in found if one.group is group]
    else:
        kind = request.get("ModelPackageType", "Unversioned")
        found = [one for one in found if kind in {"Both", "Versioned" if one.group else "Unversioned"}]
    status = request.get("ModelApprovalStatus")
    if status is not None:
        found = [one for one in found if one.request.get("ModelApprovalStatus") == status]
    in_order = ordered(chosen(found, request), request, "Ascending")
    return page(in_order, request, "ModelPackageSummaryList", ModelPackage.summary)


def _made_with(request: Request) -> ModelPackage | None:
    """What a request with the same token has made; ConflictException where that asked for something else."""
    token = request.get("ClientToken")
    known = next((one for one in PACKAGES.all() if token and one.token == token), None)
    asked = {member: value for member, value in request.items() if member not in {"ClientToken", "Tags"}}
    if known is not None and known.asked != asked:
        raise ServiceError(
            "ConflictException",
            f"The ClientToken was used in a request with other parameters, which made {known.arn}.",
        )
    return known


def _refuse_card(request: Request) -> None:
    content = request.get("ModelCard", {}).get("ModelCardContent")
    if content is not None:
        refuse_content(content)


def refuse_content(content: str) -> None:
    """ValidationException for what is no content of a model card at all."""
    try:
        document = json.loads(content)
    except ValueError as error:
        raise invalid(f"Model card content is not valid JSON: {error}") from error
    if not isinstance(document, dict):
        raise invalid("Model card content is not a JSON object.")

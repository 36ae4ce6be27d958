"""Tags of what the emulator keeps itself; those of everything else are moto's."""

from __future__ import annotations

from mlplatform_tests.sagemaker_emulator.errors import invalid
from mlplatform_tests.sagemaker_emulator.jobs import JOBS, Job
from mlplatform_tests.sagemaker_emulator.operations import Answer, Request, operation
from mlplatform_tests.sagemaker_emulator.shelves import Kept, kept_at


def _tagged(request: Request) -> Job | Kept | None:
    arn = request["ResourceArn"]
    return next((job for job in list(JOBS.values()) if job.arn == arn), None) or kept_at(arn)


def _listed(tags: dict[str, str]) -> list[dict[str, str]]:
    return [{"Key": name, "Value": value} for name, value in tags.items()]


@operation("AddTags")
def add_tags(request: Request) -> Answer | None:
    one = _tagged(request)
    if one is None:
        return None
    tags = {**one.tags, **{tag["Key"]: tag["Value"] for tag in request["Tags"]}}
    if len(tags) > 50:
        raise invalid("a resource has at most 50 tags")
    one.tags = tags
    return {"Tags": _listed(tags)}


@operation("ListTags")
def list_tags(request: Request) -> Answer | None:
    one = _tagged(request)
    return None if one is None else {"Tags": _listed(one.tags)}


@operation("DeleteTags")
def delete_tags(request: Request) -> Answer | None:
    one = _tagged(request)
    if one is None:
        return None
    one.tags = {name: value for name, value in one.tags.items() if name not in request["TagKeys"]}
    return {}

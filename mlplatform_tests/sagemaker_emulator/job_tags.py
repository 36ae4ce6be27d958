"""Tags of jobs; those of everything else are moto's."""

from __future__ import annotations

from mlplatform_tests.sagemaker_emulator.errors import invalid
from mlplatform_tests.sagemaker_emulator.jobs import JOBS, Job
from mlplatform_tests.sagemaker_emulator.operations import Answer, Request, operation


def _job(request: Request) -> Job | None:
    return next((job for job in list(JOBS.values()) if job.arn == request["ResourceArn"]), None)


def _listed(tags: dict[str, str]) -> list[dict[str, str]]:
    return [{"Key": name, "Value": value} for name, value in tags.items()]


@operation("AddTags")
def add_tags(request: Request) -> Answer | None:
    job = _job(request)
    if job is None:
        return None
    tags = {**job.tags, **{tag["Key"]: tag["Value"] for tag in request["Tags"]}}
    if len(tags) > 50:
        raise invalid("a resource has at most 50 tags")
    job.tags = tags
    return {"Tags": _listed(tags)}


@operation("ListTags")
def list_tags(request: Request) -> Answer | None:
    job = _job(request)
    return None if job is None else {"Tags": _listed(job.tags)}


@operation("DeleteTags")
def delete_tags(request: Request) -> Answer | None:
    job = _job(request)
    if job is None:
        return None
    job.tags = {name: value for name, value in job.tags.items() if name not in request["TagKeys"]}
    return {}

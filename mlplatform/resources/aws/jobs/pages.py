"""Where people look at a job in the AWS console."""

from __future__ import annotations

from mlplatform.resources.aws.jobs.services import JobService
from mlplatform.resources.aws.jobs.states import JobState


def page_of(service: JobService, state: JobState) -> str:
    """The URL of a job's page."""
    region = service.clients.region
    return (
        f"https://{region}.console.aws.amazon.com/sagemaker/home?region={region}"
        f"#/{'jobs' if service.kind == 'training' else 'processing-jobs'}/{state.name}"
    )

"""One job for the same work, however often and by how many it is asked for.

The name follows from the work, so the service itself keeps a second one from being made: it answers
ResourceInUse, also to botocore's own repetition of a request whose answer was lost, and to a process that
was killed after it and runs again. Whoever gets that answer attaches to the job that there is, once its
fingerprint shows that it is the job that was meant. Names stay taken, so work whose job failed or was stopped
is tried again under the next attempt's name.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING, Any

from mlplatform.ml.errors import MLPlatformError
from mlplatform.resources.aws.clients import error_code, error_message
from mlplatform.resources.aws.job_names import fingerprint_of, job_name, matters_of
from mlplatform.resources.aws.jobs.pausing import pause
from mlplatform.resources.aws.jobs.services import JobService, tags_of
from mlplatform.resources.aws.jobs.states import JobState
from mlplatform.resources.aws.jobs.waiting_runs import FINGERPRINT_TAG, run_tag
from mlplatform.resources.aws.refusals import AwsRefused, told

if TYPE_CHECKING:
    from dagster import DagsterInstance

log = logging.getLogger(__name__)

_LOOKS_FOR_TAGS = 5


class OtherRequest(MLPlatformError):
    """The job that there is for this work was asked for otherwise."""


@dataclass(frozen=True)
class JobRequest:
    """What is asked for.

    `slug` begins the name, `key` is what the work is known by, `members` the creation request without name,
    instance type and tags; `instance_types` are tried one after the other. `instance` knows the runs.
    """

    slug: str
    key: str
    members: Mapping[str, Any]
    tags: Mapping[str, str]
    run_id: str
    instance_types: tuple[str, ...]
    instance: DagsterInstance | None = None

    @property
    def fingerprint(self) -> str:
        """What of the request has to be the same for two of them to share a job."""
        return fingerprint_of(self.members)

    def following(self, instance_type: str) -> str | None:
        """The instance type to try after this one; None after the last."""
        types = self.instance_types
        at = types.index(instance_type) + 1 if instance_type in types else 0
        return types[at] if at < len(types) else None


@dataclass(frozen=True)
class Launched:
    """A job that works on the request or has done it; `attached`: somebody else had created it."""

    name: str
    arn: str
    attempt: int
    attached: bool


def launch(
    service: JobService, asked: JobRequest, instance_type: str, *, first: int = 1, poll: float = 15
) -> Launched:
    """Create the job or attach to it, looking at attempts from the `first` on.

    Raises OtherRequest where the job of this work was created by another request, WrongUsage for a request
    over the service's limits, AwsRefused and OSError for what the service says.
    """
    for attempt in count(first):
        name = job_name(asked.slug, asked.key, attempt)
        arn = _created(service, asked, name, instance_type)
        if arn is not None:
            log.info("created the %s job %s", service.kind, name)
            return Launched(name, arn, attempt, attached=False)
        found = service.describe(name)
        while found.status in {"Stopping", "Deleting"}:  # somebody has just given it up
            pause(min(poll, 5))
            found = service.describe(name)
        if found.status in {"Failed", "Stopped"}:
            log.info("%s has ended before (%s): trying again", name, found.phase or found.status)
            continue
        _refuse_another(service, asked, found)
        log.info("attached to the %s job %s, which is %s", service.kind, name, found.status)
        return Launched(name, found.arn, attempt, attached=True)
    raise AssertionError("attempts never end")


def _created(service: JobService, asked: JobRequest, name: str, instance_type: str) -> str | None:
    """The ARN of the job that was created, on the first instance type there is a quota for.

    None where there is a job of this name already.
    """
    tags = {**asked.tags, FINGERPRINT_TAG: asked.fingerprint, **run_tag(asked.run_id)}
    wanted: str | None = instance_type
    with told(f"creating the {service.kind} job {name}"):
        while True:
            assert wanted is not None  # noqa: S101 - the last type's error is raised below
            try:
                return service.create(name, asked.members, wanted, tags)
            except Exception as error:
                code = error_code(error)
                if code == "ResourceInUse":
                    return None
                if code != "ResourceLimitExceeded":
                    raise
                if _exists(service, name):  # the quota may be used up by the very job that is asked for
                    return None
                limit, refused = error_message(error), wanted
                wanted = asked.following(wanted)
                if wanted is None:
                    raise AwsRefused(_no_quota(name, asked, limit), code) from error
                log.warning("no quota for %s (%s): trying %s", refused, limit, wanted)


def _exists(service: JobService, name: str) -> bool:
    try:
        service.describe(name)
    except AwsRefused:
        return False
    return True


def _no_quota(name: str, asked: JobRequest, limit: str) -> str:
    types = ", ".join(asked.instance_types)
    return (
        f"no quota left for any of {types} to create the job {name}: {limit.rstrip('.')}. Wait for other "
        "jobs to end, ask AWS for a higher quota, or name other types in MLPLATFORM_TRAINING_INSTANCES."
    )


def _refuse_another(service: JobService, asked: JobRequest, found: JobState) -> None:
    """OtherRequest where a job does the same work in another way: its result is not what was asked for."""
    tags = tags_of(service.clients, found.arn)
    for _ in range(_LOOKS_FOR_TAGS):
        if FINGERPRINT_TAG in tags:
            break
        pause(1)  # tags may be seen a moment later than their job
        tags = tags_of(service.clients, found.arn)
    theirs = tags.get(FINGERPRINT_TAG, "none")
    if theirs == asked.fingerprint:
        return
    stop = f"aws sagemaker {'delete' if found.is_over else 'stop'}-{service.kind}-job"
    raise OtherRequest(
        f"the {service.kind} job {found.name} ({found.status}) does this work already, but was asked for "
        f"otherwise: {_difference(asked, found)}. Put that setting back to use its result; or, to do the "
        f"work again, {stop} --{service.kind}-job-name {found.name}, and run again. "
        f"(fingerprints: {theirs[:12]} there, {asked.fingerprint[:12]} here)"
    )


def _difference(asked: JobRequest, found: JobState) -> str:
    """The members that differ, each with both values."""
    mine, theirs = _flat(matters_of(asked.members)), _flat(matters_of(found.request))
    differing = [
        f"{member} is {theirs.get(member, 'not set')!r} there and {value!r} here"
        for member, value in mine.items()
        if theirs.get(member) != value
    ]
    return "; ".join(differing[:3]) or "it has members that this request lacks"


def _flat(value: Any, name: str = "") -> dict[str, Any]:
    """Leaves by their dotted names."""
    if isinstance(value, Mapping):
        items = [(f"{name}.{key}" if name else str(key), inner) for key, inner in value.items()]
    elif isinstance(value, list | tuple):
        items = [(f"{name}[{at}]", inner) for at, inner in enumerate(value)]
    else:
        return {name: value}
    return {key: leaf for inner_name, inner in items for key, leaf in _flat(inner, inner_name).items()}

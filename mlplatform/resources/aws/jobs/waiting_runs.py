"""Which Dagster runs wait for a job: each leaves a tag on it, and takes it away when it gives up.

So a job that several runs attached to is stopped by the last that leaves, and one that nobody waits for any
more is found by the reaper, also when its run was killed without a word.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from uuid import uuid4

from mlplatform.resources.aws.clients import Clients
from mlplatform.resources.aws.jobs.services import tag_list, tags_of
from mlplatform.resources.aws.refusals import AwsRefused, told

log = logging.getLogger(__name__)

RUN_TAG = "mlplatform:run:"
FINGERPRINT_TAG = "mlplatform:fingerprint"
USE_CASE_TAG = "mlplatform:use_case"


def waiting_as(run_id: str) -> str:
    """What whoever waits is known by: its run, or a name of its own where there is none."""
    return run_id or f"outside-{uuid4().hex[:12]}"


def run_tag(run_id: str) -> dict[str, str]:
    """The tag that a run leaves."""
    return {f"{RUN_TAG}{run_id}": "waits"}


def runs_in(tags: Mapping[str, str]) -> frozenset[str]:
    """Ids of the runs that wait, of a job's tags."""
    return frozenset(name.removeprefix(RUN_TAG) for name in tags if name.startswith(RUN_TAG))


def join(clients: Clients, arn: str, run_id: str) -> None:
    """Say that this run waits too. Where that is refused, it waits all the same."""
    try:
        with told(f"tagging {arn}"):
            clients.sagemaker.add_tags(ResourceArn=arn, Tags=tag_list(run_tag(run_id)))
    except AwsRefused as error:
        log.warning("%s Another run that is stopped may stop this job, too.", error)


def others_after_leaving(clients: Clients, arn: str, run_id: str) -> frozenset[str]:
    """Take this run's tag away; the runs that still wait."""
    with told(f"taking a tag from {arn}"):
        clients.sagemaker.delete_tags(ResourceArn=arn, TagKeys=list(run_tag(run_id)))
    return runs_in(tags_of(clients, arn)) - {run_id}

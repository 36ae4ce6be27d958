"""`orphaned_jobs`: jobs that nobody waits for any more are stopped, so that they cost no more.

A run that is cancelled stops its job itself. One that is killed, or whose machine is gone, cannot; but it has
left a tag with its id on the job. A job is an orphan when all runs of its tags are over. A run that this
instance does not know belongs to another installation, so its job stays: its time limit ends it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import dagster as dg

from mlplatform.ml.errors import MLPlatformError
from mlplatform.resources.aws.clients import clients
from mlplatform.resources.aws.jobs.dagster_runs import RunState, run_states
from mlplatform.resources.aws.jobs.services import JobService, ProcessingJobs, TrainingJobs, tags_of
from mlplatform.resources.aws.jobs.waiting_runs import FINGERPRINT_TAG, runs_in
from mlplatform.resources.aws.settings import aws_settings

INTERVAL_SECONDS = 60


@dataclass(frozen=True)
class WorkingJob:
    """A job of the platform that is in progress, and the runs that its tags name."""

    name: str
    kind: str
    runs: frozenset[str]


def orphaned_jobs_sensor() -> dg.SensorDefinition:
    """The sensor, one for all use cases."""

    @dg.sensor(
        name="orphaned_jobs",
        minimum_interval_seconds=INTERVAL_SECONDS,
        default_status=dg.DefaultSensorStatus.STOPPED,
        description="Stops training and processing jobs whose runs were killed before they could do it.",
    )
    def orphaned_jobs(context: dg.SensorEvaluationContext) -> dg.SkipReason:
        settings = aws_settings()
        connected = clients(settings.region)
        services = {one.kind: one for one in (TrainingJobs(connected), ProcessingJobs(connected))}
        return dg.SkipReason(reap(context.instance, services, f"{settings['MLPLATFORM_NAME']}-"))

    return orphaned_jobs


def reap(instance: dg.DagsterInstance, services: Mapping[str, JobService], prefix: str) -> str:
    """Stop the orphans among the jobs whose names begin so; what was done, in words."""
    jobs = [job for service in services.values() for job in working_jobs(service, prefix)]
    found = orphans(jobs, run_states(instance, {run for job in jobs for run in job.runs}))
    told = []
    for job in found:
        try:
            services[job.kind].stop(job.name)
            told.append(f"stopped the {job.kind} job {job.name}: {_why(job)}")
        except (MLPlatformError, OSError) as error:  # the others are not to wait for this one
            told.append(f"could not stop {job.name}: {error}")
    return "; ".join(told) or f"{len(jobs)} job(s) in progress, each waited for"


def working_jobs(service: JobService, prefix: str) -> Iterable[WorkingJob]:
    """The platform's own jobs of one kind that are in progress: others may have names that begin alike."""
    for name, arn in service.in_progress(prefix):
        tags = tags_of(service.clients, arn)
        if FINGERPRINT_TAG in tags:
            yield WorkingJob(name, service.kind, runs_in(tags))


def orphans(jobs: Iterable[WorkingJob], states: Mapping[str, RunState]) -> list[WorkingJob]:
    """Those of whose runs none is working or unknown. A job without any was left by the last that waited."""
    return [job for job in jobs if all(states.get(run, "unknown") == "over" for run in job.runs)]


def _why(job: WorkingJob) -> str:
    if not job.runs:
        return "no run waits for it"
    return f"run {', '.join(sorted(run[:8] for run in job.runs))} is over"

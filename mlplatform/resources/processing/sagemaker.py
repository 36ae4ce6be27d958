"""Features and scores in processing jobs of Amazon SageMaker, by the same functions as locally."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import dagster as dg

from mlplatform.container.declared import declared_of
from mlplatform.container.process import PREDICTION, REQUEST, RESULT, ProcessingRequest
from mlplatform.container.scoring import Model
from mlplatform.ml.steps import BY_NAME
from mlplatform.ml.stored_tables import read_stored
from mlplatform.resources.aws.clients import clients
from mlplatform.resources.aws.job_names import job_key
from mlplatform.resources.aws.jobs.dagster_runs import instance_of
from mlplatform.resources.aws.jobs.files import JobFiles, UnusableResult
from mlplatform.resources.aws.jobs.following import run_job
from mlplatform.resources.aws.jobs.launching import JobRequest
from mlplatform.resources.aws.jobs.services import ProcessingJobs
from mlplatform.resources.aws.jobs.waiting_runs import USE_CASE_TAG, waiting_as
from mlplatform.resources.aws.settings import AwsSettings, aws_settings
from mlplatform.resources.processing import Features, FeaturesRequest, Scores, ScoresRequest
from mlplatform.resources.processing.sagemaker_request import processing_members

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa


class SageMakerProcessing(dg.ConfigurableResource[Any]):
    """One job per thing to make, whoever asks and however often. The settings are the environment's."""

    def features(self, request: FeaturesRequest) -> Features:
        """By the use case's files as they are now, which the job is given."""
        settings, files = _connected()
        declaration = request.declaration
        with TemporaryDirectory(prefix="mlplatform-features-") as scratch:
            code, code_sha256 = files.put_code(
                declaration.code_files(), declared_of(declaration), Path(scratch) / "code"
            )
        asked = ProcessingRequest("features", tuple(declaration.carried))
        work = {
            "use_case": declaration.name,
            "rows": request.validated,
            "code": code_sha256,
            "code_version": declaration.code_version(BY_NAME["features"]),
            "carried": list(declaration.carried),
        }
        inputs = {"code": code, "rows": request.snapshots.uri(request.validated)}
        wanted = _Work(declaration.name, asked, work, inputs, request.run_id, instance_of(self))
        table, job = _made(settings, files, wanted)
        return Features(table, job)

    def scores(self, request: ScoresRequest) -> Scores:
        """By the model's own code, from the store."""
        settings, files = _connected()
        manifest = Model(request.snapshots.place(request.model)).manifest
        rows = _parquet(request.rows)
        asked = ProcessingRequest(
            "scores",
            artifact_sha256=manifest["artifact_sha256"],
            code_sha256=manifest["code_sha256"],
        )
        given = files.put("rows", "rows.parquet", rows)
        work = {"use_case": request.use_case, "rows": given, "model": manifest["sha256"]}
        inputs = {"model": request.snapshots.uri(request.model), "rows": given}
        wanted = _Work(request.use_case, asked, work, inputs, request.run_id, instance_of(self))
        table, job = _made(settings, files, wanted)
        return Scores(table.column(PREDICTION).to_numpy(), job)


@dataclass(frozen=True)
class _Work:
    """What one job does: for whom, what it is asked, what decides its result, and where its inputs lie."""

    use_case: str
    asked: ProcessingRequest
    work: Mapping[str, Any]
    inputs: Mapping[str, str]
    run_id: str
    instance: dg.DagsterInstance | None


def _connected() -> tuple[AwsSettings, JobFiles]:
    settings = aws_settings()
    return settings, JobFiles(settings)


def _made(settings: AwsSettings, files: JobFiles, work: _Work) -> tuple[pa.Table, Mapping[str, Any]]:
    """The table that the job made, and what is recorded of the job."""
    # the image is the program: another one may make something else of the same rows, and is asked again
    program = {"store": settings.uri(), "image": settings["MLPLATFORM_IMAGE"]}
    key = job_key("processing", {**program, "task": work.asked.task, **work.work})
    inputs = {"request": files.put("requests", REQUEST, work.asked.to_bytes()), **work.inputs}
    output = settings.uri("processed", key, "")
    asked = JobRequest(
        slug=f"{settings['MLPLATFORM_NAME']}-{work.use_case}-{work.asked.task}",
        key=key,
        members=processing_members(settings, inputs, output),
        tags={**settings.tags, USE_CASE_TAG: work.use_case},
        run_id=waiting_as(work.run_id),
        instance_types=settings.several("MLPLATFORM_TRAINING_INSTANCES"),
        instance=work.instance,
    )
    service = ProcessingJobs(clients(settings.region))
    done = run_job(service, asked, settings.number("MLPLATFORM_POLL_SECONDS"))
    with TemporaryDirectory(prefix="mlplatform-processed-") as scratch:
        result = Path(scratch) / RESULT
        try:
            files.fetch(f"{output}{RESULT}", result)
        except UnusableResult as error:
            way_out = f"aws sagemaker delete-processing-job --processing-job-name {done.state.name}"
            raise UnusableResult(f"{error} To make it again: {way_out}, and run again.") from error
        return read_stored(result), done.document()


def _parquet(rows: pd.DataFrame) -> bytes:
    buffer = io.BytesIO()
    rows.to_parquet(buffer, index=False)
    return buffer.getvalue()
